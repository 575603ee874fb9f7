/**
 * Keeps one user connected to one backend. What it does is done by what it owns:
 *
 *     connect-loop     opens one socket after the other, with a wait that grows, and catches up after each greeting
 *     reconnect        what follows the end of a socket, and REST meanwhile (deferred)
 *     auth/            the token: whose it is, and what is done about another one
 *     tabs/            which tab has the socket, and which one sends
 *     outbox/          what the user has written, until the server has stored it
 *     sync/            the list of rooms and the open rooms
 *
 * `configure` begins a new generation: everything that the old one still has under way ends with its abort signal. Time, randomness, sockets and
 * `fetch` are injected.
 */
import {
  CloseCode,
  sameId,
  type ChatFrame,
  type ClientFrame,
  type FrameOf,
  type Id,
  type Message,
} from '../protocol/index.js';
import {
  ChatError,
  sleep,
  throwIfAborted,
  toChatError,
  webTransport,
  type Address,
  type AuthMode,
  type Clock,
  type Requests,
  type Transport,
} from '../transport/index.js';
import { noop } from '../internal/noop.js';
import { SessionAuth } from './auth/session-auth.js';
import type { SessionAuthOptions } from './auth/token-flow.js';
import { ConnectLoop } from './connect-loop.js';
import { ConnectionStateWriter, type ConnectionState } from './connection-state.js';
import type { Method, Report } from './events.js';
import { deferredNow, loadDeferred } from './load-deferred.js';
import type { NotificationLoader } from './notifications/notification-loader.js';
import { IndexedDbStorage } from './outbox/indexeddb-storage.js';
import type { MessageStorage } from './outbox/message-storage.js';
import type { Outbox } from './outbox/outbox.js';
import { OutboxRegistry } from './outbox/outbox-registry.js';
import type { Reconnect } from './reconnect.js';
import { scopeOf } from './scope.js';
import type { SessionConfig, SessionContext, Timing, UserInfo } from './session-context.js';
import type { SocketConnection } from './socket-connection.js';
import { RoomSync } from './sync/room-sync.js';
import type { TabApis, TabMessage } from './tabs/tab-channel.js';
import { TabCoordinator } from './tabs/tab-coordinator.js';
import type { UserChannel } from './tabs/user-channel.js';

const DEFAULT_TIMING: Timing = {
  pollMs: 5_000,
  rereadMs: 15_000,
  checkMs: 60_000,
  confirmMs: 6_000,
  handshakeMs: 10_000,
  heartbeatMs: 25_000,
  requestMs: 15_000,
};

export interface SessionOptions extends SessionAuthOptions {
  clock: Clock;
  random: () => number;
  report: Report;
  /** Whether the browser says that there is no network. A hint: believed only when REST fails too. */
  isOffline: () => boolean;
  /** Whether the page is hidden. Default: it is visible. */
  isHidden?: (() => boolean) | undefined;
  /** How the backend is reached. Default: by our own protocol. */
  transport?: Transport | undefined;
  /** Where messages are kept. Default: this device. */
  vault?: MessageStorage | undefined;
  tabs: TabApis;
  timing?: Partial<Timing> | undefined;
  WebSocket?: typeof WebSocket | undefined;
  fetch?: typeof fetch | undefined;
}

const AUTH_MODES: readonly AuthMode[] = ['query', 'subprotocol', 'ticket'];

export class Session implements SessionContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: Report;
  readonly WebSocket: typeof WebSocket | undefined;
  readonly isOffline: () => boolean;
  readonly isHidden: () => boolean;
  readonly timing: Timing;
  readonly transport: Transport;
  readonly states: ConnectionStateWriter;
  readonly auth: SessionAuth;
  readonly outboxes: OutboxRegistry;
  readonly roomSync: RoomSync;
  readonly tabs: TabCoordinator;
  readonly loop: ConnectLoop;
  config: SessionConfig | undefined;
  address: Address | undefined;
  /** As soon as it is loaded. */
  reconnect: Reconnect | undefined;
  /** The server has said who is there in this generation (`connection_established`, `GET me/`), or does not say it. */
  hasUserInfo = false;
  readonly #options: SessionOptions;
  readonly #storage: MessageStorage;
  #generation = new AbortController();
  #rest: Requests | undefined;
  #capabilities: readonly string[] = [];
  #notifications: NotificationLoader | undefined;
  #userChannel: UserChannel | undefined;
  #stopWatchingPage: (() => void) | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    ({
      clock: this.clock,
      random: this.random,
      report: this.report,
      WebSocket: this.WebSocket,
      isOffline: this.isOffline,
    } = options);
    this.transport = options.transport ?? webTransport(deferredNow);
    this.isHidden = options.isHidden ?? (() => false);
    this.timing = { ...DEFAULT_TIMING, ...options.timing };
    this.states = new ConnectionStateWriter((state) => {
      this.report({ type: 'phase', phase: state });
      this.#schedule();
    });
    this.auth = new SessionAuth(this, options);
    this.#storage =
      options.vault ?? new IndexedDbStorage((state) => this.report({ type: 'vault', state }), options.clock);
    this.outboxes = new OutboxRegistry(this, this.#storage, () => this.#onUserSwitch());
    this.tabs = new TabCoordinator(this, options.tabs);
    this.roomSync = new RoomSync(this);
    this.loop = new ConnectLoop(this);
  }

  // ————— What its parts see of it

  get state(): ConnectionState {
    return this.states.current;
  }

  get outbox(): Outbox {
    return this.outboxes.current;
  }

  get authMode(): AuthMode {
    return this.config?.auth ?? 'query';
  }

  get signal(): AbortSignal {
    return this.#generation.signal;
  }

  get rest(): Requests | undefined {
    const { is } = this.state;
    return this.token !== '' && is !== 'unauthorized' && is !== 'idle' ? this.#rest : undefined;
  }

  /** @throws {ChatError} `disconnected`. */
  restOrThrow(): Requests {
    const { rest } = this;
    if (!rest) throw new ChatError('disconnected', 'Not connected. Sign in first.');
    return rest;
  }

  get socket(): SocketConnection | undefined {
    const { socket } = this.loop;
    return socket?.isUp ? socket : undefined;
  }

  /** Whether it runs, and is not put aside. */
  get isActive(): boolean {
    return this.#rest !== undefined;
  }

  get token(): string {
    return this.auth.tokens.token;
  }

  /** Of the backend, as long as this session knows it: sockets come and go, what it offers does not. */
  has(capability: string): boolean {
    return this.#capabilities.includes(capability);
  }

  isMine(message: Message): boolean {
    const { tokens } = this.auth;
    // A token may call its owner by another name than the backend does (`sub`).
    return sameId(message.sender?.id, tokens.userId) || (!tokens.isConfirmed && message.is_own_message);
  }

  send(frame: ClientFrame): boolean {
    return this.loop.socket?.send(frame) ?? false;
  }

  broadcast(message: TabMessage): void {
    this.tabs.broadcast(message);
  }

  /** The page is asked who is signed in now: another tab says that this has changed. */
  recheck(): void {
    void this.auth.refresher?.recheck();
  }

  reportProblem(detail: string): void {
    this.report({ type: 'problem', problem: { code: 'server_error', detail } });
  }

  // ————— Beginning and end

  /** Begins again with this configuration. What waits in the outbox stays, and goes out under the new token. */
  configure(config: SessionConfig): void {
    const { token } = config;
    if (
      this.config &&
      this.socket &&
      this.auth.tokens.isSameUser(token) &&
      this.auth.refresher?.applyTokenInPlace(this.config, config)
    ) {
      this.config = config;
      this.auth.flow!.onRefreshed();
      return;
    }
    this.reconnect?.forget();
    this.begin(config);
  }

  begin(config: SessionConfig, failure?: ChatError): void {
    const { canAsk, auth = 'query', ...parts } = config;
    // Nothing to end yet; and an abort costs a page that loads the positions of all that it has read (for the error's stack).
    if (this.config) this.end();
    this.config = config;
    const { signal } = this.#generation;
    this.#storage.open?.();
    this.reconnect?.caughtUp();
    this.auth.apply(config.token.trim());
    if (this.transport.userId != null) this.auth.tokens.confirm(this.transport.userId);
    try {
      // Never by another way than asked for: it may have been chosen to keep the token out of addresses and logs.
      if (!AUTH_MODES.includes(auth))
        throw new ChatError(
          'unsupported_auth',
          `auth="${auth as string}" is unknown: use query, subprotocol or ticket.`,
        );
      this.address = this.transport.addressOf(parts);
    } catch (thrown) {
      this.reportProblem(toChatError(thrown).message);
      return this.states.toError('bad_configuration', null);
    }
    this.#rest = this.transport.createRequests({
      base: this.address.api,
      // A request of this generation never carries the token of a later one.
      token: () => (signal.aborted ? '' : this.token),
      renew: (refused) => this.auth.refreshRefused(refused, signal),
      onProblem: (problem) => this.report({ type: 'problem', problem }),
      onSuccess: () => signal.aborted || this.reconnect?.onRestSuccess(),
      clock: this.clock,
      timeoutMs: this.timing.requestMs,
      fetch: this.#options.fetch,
    });
    void this.loop.run(signal, canAsk, failure);
  }

  end(keepsChannel = false): void {
    this.#generation.abort();
    this.#generation = new AbortController();
    this.reconnect?.stop();
    this.auth.refresher?.stop();
    this.loop.socket?.end();
    void this.outbox.setSender(false);
    this.tabs.end(keepsChannel);
    this.hasUserInfo = false;
    this.loop.socket = this.#rest = undefined;
    this.#notifications?.off();
  }

  /** Ends the socket, all requests and all timers. The outbox keeps what was not sent; `configure` goes on. */
  stop(): void {
    this.end();
    this.releaseStorage();
    this.#stopWatchingPage?.();
    this.config = this.#stopWatchingPage = undefined;
    this.loop.wasConnected = false;
    this.states.toIdle();
  }

  /** Forgets the user: open rooms, capabilities, the outbox. */
  forget(): void {
    this.clearRooms();
    this.auth.tokens.forget();
    this.auth.refresher?.forget();
    this.outboxes.forget();
  }

  clearRooms(): void {
    this.roomSync.clear();
    this.#capabilities = [];
  }

  /** Closes what would keep a page from being put aside. */
  releaseStorage(): void {
    this.#userChannel?.stop();
    this.#storage.close?.();
  }

  async loadParts(): Promise<void> {
    const deferred = await loadDeferred().catch(noop);
    // Stopped meanwhile.
    if (!deferred || !this.config) return;
    this.reconnect ??= new deferred.Reconnect(this);
    this.auth.onLoaded(deferred.TokenFlow);
    this.#notifications ??= new deferred.NotificationLoader(this);
    this.#userChannel ??= new deferred.UserChannel(this, this.#options.tabs);
    this.#onUserSwitch();
    this.#stopWatchingPage ??= deferred.watchPage(this);
  }

  /** Tells tabs of this backend who is signed in; and loads what finds copies of the user's messages on a backend that gives no names back. */
  #onUserSwitch(): void {
    if (this.address && this.config)
      this.#userChannel?.announce(scopeOf(this.address.api, this.address.socket, ''), this.auth.tokens.owner);
    if (this.reconnect) void this.outbox.loadFallback().catch(noop);
  }

  #schedule(): void {
    this.reconnect?.schedule();
    this.auth.refresher?.schedule();
  }

  /** Tries the socket now instead of when its time has come. */
  retryNow(): void {
    if (!this.token || this.state.is === 'unauthorized') this.auth.refresher?.startOver();
    this.loop.endPause();
  }

  onLeaderChange(): void {
    this.#notifications?.off();
    this.loop.socket?.end(CloseCode.leaderGone, 'another tab');
    this.loop.endPause();
  }

  // ————— What comes in

  onGreeting(frame: FrameOf<'connection_established'>, signal: AbortSignal): void {
    this.setUserInfo(frame, signal);
    this.tabs.sharedSocket?.greet();
  }

  /** The server says who is there, and what it offers: on the socket, or by `GET me/`. Undefined: it does not. */
  setUserInfo(info: UserInfo | undefined, signal: AbortSignal): void {
    this.hasUserInfo = true;
    if (!info) return;
    const { user_id: id, username, capabilities, limits = {}, timestamp } = info;
    const { tokens } = this.auth;
    const { scope, lastScope } = this.outboxes;
    const isOther = lastScope !== '' && this.tabs.scopeFor(tokens.ownerIfConfirmed(id)) !== lastScope;
    // First, because another user makes the store forget everything, us included.
    this.report({ type: 'user', id, username, isOther, isHidden: scope === '' });
    // A greeting passed on by another tab says who is there, not whose our own token is, nor what the server's clock says now.
    if (!this.tabs.isFollower) {
      tokens.confirm(id);
      if (timestamp) tokens.skewMs = Date.parse(timestamp) - this.clock.now();
    }
    this.#capabilities = capabilities;
    this.report({ type: 'offer', capabilities, limits });
    void this.tabs.joinScope(signal);
  }

  onConnected(): void {
    this.reconnect?.caughtUp();
    if (this.state.is !== 'connected') this.states.toConnected();
    const { signal } = this.loop.socket!;
    void this.loadParts().then(async () => {
      this.#schedule();
      if (!this.reconnect) {
        // What waits on the device waits for that code too.
        await sleep(this.clock, this.timing.pollMs, signal);
        if (signal.aborted) return;
        this.outbox.flush();
        return this.onConnected();
      }
      // By the tab that has the socket.
      if (this.config?.notifications && !this.tabs.isFollower && this.state.is === 'connected')
        this.#notifications?.on(this.address!, this.auth.tokens.userId!);
    });
  }

  onFrame(frame: ChatFrame): void {
    switch (frame.type) {
      case 'room_list':
        this.roomSync.onRoomList(frame.rooms);
        // Where a backend names capabilities it counts for the user; others may say 0 on the socket.
        return this.report({
          type: 'rooms',
          rooms: this.roomSync.visible(frame.rooms),
          method: 'websocket',
          exactUnread: this.#capabilities.length > 0,
          leftOut: frame.left_out,
          isComplete: true,
        });
      case 'message_ack':
        return void this.outbox.matchPending(frame.room_id, frame.message, frame._tempId);
      case 'new_message': {
        const { message, _tempId } = frame;
        const localId = this.outbox.matchPending(frame.room_id, message, message._tempId ?? _tempId);
        return this.roomSync.applyFrame({ ...frame, message: { ...message, _tempId: localId } });
      }
      case 'error':
        this.outbox.failed(frame);
        return this.reportProblem(frame.message);
      case 'authenticated':
        this.auth.socketTokens.shift();
        return;
      case 'token_expiring':
        return void this.loadParts().then(() => this.auth.refresher?.now());
      default:
        this.roomSync.applyFrame(frame);
    }
  }

  // ————— What goes out

  /** Reads the list of rooms again, by REST or else by socket. @throws {ChatError} */
  async refreshRooms(): Promise<Method> {
    this.restOrThrow();
    const { method } = await this.roomSync.list(this.loop.socket, this.signal);
    return method;
  }

  /** Shows a room: loads its newest messages and keeps them complete until `close`. */
  open(roomId: Id, seen?: Message): void {
    // Without a connection, the catch-up to come reads it.
    if (this.roomSync.open(roomId, seen) && this.rest) void this.roomSync.read(roomId, this.signal);
  }

  /** See mark-read.ts. @throws {ChatError} */
  async markRead(roomId: Id, unread: readonly Id[], upTo?: Id): Promise<void> {
    const { signal } = this;
    const loaded = deferredNow();
    // At once where that is possible: the page may be about to close.
    const { markRead } = loaded instanceof Promise ? await loaded : loaded;
    throwIfAborted(signal);
    await markRead(this, roomId, unread, upTo);
  }

  /** Marks a notification as read, or all of them. @returns whether it could be told. */
  markNotificationRead(id?: Id): boolean {
    if (!this.tabs.isFollower) return this.#notifications?.markRead(id) ?? false;
    this.broadcast({ kind: 'notification-read', id });
    return this.socket !== undefined;
  }

  tellNotifications(): void {
    this.#notifications?.tellAgain();
  }
}
