/**
 * Keeps one person connected to one backend, told in the order in which it happens:
 *
 *     run        a socket is opened, lives, ends; then a wait that grows; then the next one. It never gives up.
 *     poll       while no socket is up and caught up, the same knowledge comes over REST.
 *     catch up   after every greeting: rooms and open threads are read again; only then is the phase `connected`.
 *
 * `configure` begins a new generation: everything the old one still has under way ends with its abort signal, and
 * what it may still say is not heard. Time, chance, sockets and `fetch` come in from outside.
 */
import { CloseCode, sameId, type ChatFrame, type ClientFrame, type FrameOf, type Id, type Message } from '../protocol/index.js';
import {
  ChatError,
  makeAddress,
  RestClient,
  sleep,
  throwIfAborted,
  toChatError,
  type Address,
  type AuthMode,
  type Clock,
} from '../transport/index.js';
import { backoff } from './backoff.js';
import { IndexedDbStorage } from './outbox/indexeddb-storage.js';
import type { Method, Report } from './events.js';
import type { SharedSocket } from './tabs/shared-socket.js';
import type { SessionContext, UserInfo, SocketOutcome, SessionConfig, Timing } from './session-context.js';
import { SocketConnection, type OpenSocket } from './socket-connection.js';
import { deferredNow, loadDeferred } from './load-deferred.js';
import type { NotificationLoader } from './notifications/notification-loader.js';
import { Outbox } from './outbox/outbox.js';
import type { UserChannel } from './tabs/user-channel.js';
import type { NextTry, ConnectionState } from './connection-state.js';
import { RoomSync } from './sync/room-sync.js';
import type { ReasonCode } from './state-reasons.js';
import type { Reconnect } from './reconnect.js';
import type { AskForToken, TokenRefresher } from './auth/token-refresher.js';
import { scopeOf } from './scope.js';
import { TabChannel, acquireLock, type TabMessage, type TabApis } from './tabs/tab-channel.js';
import { TokenManager } from './auth/token-manager.js';
import type { MessageStorage, StorageState } from './outbox/message-storage.js';

export const DEFAULT_TIMING: Timing = {
  pollMs: 5_000,
  rereadMs: 15_000,
  checkMs: 60_000,
  confirmMs: 6_000,
  handshakeMs: 10_000,
  heartbeatMs: 25_000,
  requestMs: 15_000,
};

export interface SessionOptions {
  clock: Clock;
  random: () => number;
  report: Report;
  askForToken: AskForToken;
  /** Whether the page's token comes by a request, which can be given up. */
  asksByRequest: () => boolean;
  /** The page has given a token of its own accord or late, or one of somebody else: it is for the owner of this session to begin anew with it. */
  onOtherToken: (token: string) => void;
  /** The page says that the user has signed out: the owner of this session has to forget the user. */
  onSignedOut: () => void;
  /** Whether the browser says that there is no network. A hint: believed only when REST fails too. */
  isOffline: () => boolean;
  /** Whether the page is hidden. Default: it is visible. */
  isHidden?: (() => boolean) | undefined;
  /** Where messages are kept. Default: this device. */
  vault?: MessageStorage | undefined;
  tabs: TabApis;
  timing?: Partial<Timing> | undefined;
  WebSocket?: typeof WebSocket | undefined;
  fetch?: typeof fetch | undefined;
}

const AUTH_MODES: readonly AuthMode[] = ['query', 'subprotocol', 'ticket'];
/** So long a socket must have been caught up before its end counts as a first failure again, in milliseconds. */
const HEALTHY_MS = 10_000;
/** So often in a row a hole is filled before it is taken for the server's own way of counting. */
const MAX_HOLES = 3;
/** Of so many persons who were here before, what waits for them is kept in memory too, for a device that keeps nothing. */
const MAX_ASIDE = 8;

const NEVER = (): void => {};

export class Session implements SessionContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly report: Report;
  readonly WebSocket: typeof WebSocket | undefined;
  readonly isOffline: () => boolean;
  readonly isHidden: () => boolean;
  readonly timing: Timing;
  /** What the person who is here has written, and is not stored by the server. Another person has another one. */
  outbox: Outbox;
  readonly #storage: MessageStorage;
  /** Outboxes of users who were signed in before, by scope; for an unknown user by token. */
  readonly #setAside = new Map<string, Outbox>();
  readonly #options: SessionOptions;
  readonly #tokens: TokenManager;
  readonly roomSync: RoomSync;

  state: ConnectionState = { is: 'idle' };
  next: NextTry = { attempt: 0, at: null };
  wasConnected = false;
  #config: SessionConfig | undefined;
  #generation = new AbortController();
  #address: Address | undefined;
  #rest: RestClient | undefined;
  #socket: SocketConnection | undefined;
  /** The token that the present socket goes by, and those that it was given since and has not answered to. */
  #socketTokens: string[] = [];
  /** This generation was told who is there (`connection_established`, `GET me/`), or that the backend does not say it. */
  #isIntroduced = false;
  #capabilities: readonly string[] = [];
  #runningCatchUp: { socket: SocketConnection; done: Promise<boolean> } | undefined;
  #hasGap = false;
  #endPause: () => void = NEVER;
  /** As soon as they are loaded. */
  #reconnect: Reconnect | undefined;
  #tokenRefresher: TokenRefresher | undefined;
  #notifications: NotificationLoader | undefined;
  #userChannel: UserChannel | undefined;
  #stopWatchingPage: (() => void) | undefined;

  // Tabs: see tab-channel.ts.
  /** Which backend, and which user there; empty: not known. */
  #scope = '';
  /** Backend and token of a user who is not known yet; empty: who will never be known. */
  #anonymous = '';
  /** The last one that was known. */
  #lastScope = '';
  #tabChannel: TabChannel | undefined;
  #sharedSocket: SharedSocket | undefined;
  /** Another tab has the socket. */
  #isFollower = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    ({ clock: this.clock, random: this.random, report: this.report, WebSocket: this.WebSocket, isOffline: this.isOffline } = options);
    this.isHidden = options.isHidden ?? (() => false);
    this.timing = { ...DEFAULT_TIMING, ...options.timing };
    this.#tokens = new TokenManager(this.clock);
    this.#storage = options.vault ?? new IndexedDbStorage((state) => this.#onStorageState(state), options.clock);
    this.outbox = new Outbox(this, this.#storage, '');
    void this.outbox.open();
    this.roomSync = new RoomSync(this);
  }

  // ————— What its parts see of it

  get auth(): AuthMode {
    return this.#config?.auth ?? 'query';
  }

  get signal(): AbortSignal {
    return this.#generation.signal;
  }

  get rest(): RestClient | undefined {
    const { is } = this.state;
    return this.#tokens.token !== '' && is !== 'unauthorized' && is !== 'idle' ? this.#rest : undefined;
  }

  get socket(): SocketConnection | undefined {
    return this.#socket?.isUp ? this.#socket : undefined;
  }

  /** Of the backend, as long as this session knows it: sockets come and go, what it offers does not. */
  has(capability: string): boolean {
    return this.#capabilities.includes(capability);
  }

  isMine(message: Message): boolean {
    // A token may call its owner by another name than the backend does (`sub`).
    return sameId(message.sender?.id, this.#tokens.userId) || (!this.#tokens.isConfirmed && message.is_own_message);
  }

  idOf(roomId: Id): Id {
    return this.roomSync.idOf(roomId);
  }

  newest(roomId: Id): Id | undefined {
    return this.roomSync.cursor(roomId);
  }

  matchPending(roomId: Id, message: Message, tempId = message._tempId): string | undefined {
    return this.outbox.matchPending(roomId, message, tempId);
  }

  flush(): void {
    this.outbox.flush();
  }

  send(frame: ClientFrame): boolean {
    return this.#socket?.send(frame) ?? false;
  }

  broadcast(message: TabMessage): void {
    this.#tabChannel?.broadcast(message);
  }

  verifySocket(): void {
    void this.#socket?.verify();
  }

  async credential(signal: AbortSignal): Promise<string> {
    if (this.auth !== 'ticket') return this.#tokens.token;
    const { fetchTicket } = await loadDeferred();
    return fetchTicket(this.#restOrThrow(), signal);
  }

  get token(): string {
    return this.#tokens.token;
  }

  async refreshToken(refused = this.#tokens.token, signal = this.signal): Promise<boolean> {
    return this.#renew(refused, signal).catch(() => false);
  }

  /** @throws {ChatError} where the page's token endpoint cannot be asked now. */
  async #renew(refused: string, signal: AbortSignal): Promise<boolean> {
    await this.#loadDeferred();
    if (signal.aborted) return false;
    if (refused !== this.#tokens.token) return this.#tokens.isUsable; // somebody was faster
    this.#tokens.refuse(refused);
    // The code that asks the page could not be loaded.
    if (!this.#tokenRefresher) throw new ChatError('unreachable', '');
    return this.#tokenRefresher.request();
  }

  setState(phase: ConnectionState): void {
    this.state = phase;
    this.report({ type: 'phase', phase });
    this.#schedule();
  }

  // ————— Beginning and end

  /** Begins anew with this setup. What waits in the outbox stays, and goes out under the new token. */
  configure(setup: SessionConfig): void {
    const { token } = setup;
    if (this.#config && this.#socket?.isUp && this.#tokens.isSameUser(token) && this.#tokenRefresher?.applyTokenInPlace(this.#config, setup)) {
      this.#config = setup;
      this.#onTokenRefreshed();
      return;
    }
    this.#reconnect?.forget();
    this.#begin(setup);
  }

  /** @param failure why the page could not be asked for a token just now. */
  #begin(setup: SessionConfig, failure?: ChatError): void {
    const { canAsk, auth = 'query', ...parts } = setup;
    const token = setup.token.trim();
    // Nothing to end yet; and giving up costs a page that loads the positions of all that it has read (for the error's stack).
    if (this.#config) this.#end();
    this.#config = setup;
    const { signal } = this.#generation;
    this.#storage.open?.();
    this.#reconnect?.caughtUp();
    this.#applyToken(token);
    try {
      // Never by another way than asked for: it may have been chosen to keep the token out of addresses and logs.
      if (!AUTH_MODES.includes(auth)) throw new ChatError('unsupported_auth', `auth="${auth as string}" is not known; these are: ${AUTH_MODES.join(', ')}.`);
      this.#address = makeAddress(parts);
    } catch (thrown) {
      this.#problem(toChatError(thrown).message);
      return this.setState({ is: 'error', reason: 'bad_configuration', next: null });
    }
    this.#rest = new RestClient({
      base: this.#address.api,
      // A request of this generation never carries the token of a later one.
      token: () => (signal.aborted ? '' : this.#tokens.token),
      renew: (refused) => this.refreshRefusedToken(refused, signal),
      loadDeferred: deferredNow,
      onProblem: (problem) => this.report({ type: 'problem', problem }),
      onSuccess: () => signal.aborted || this.#reconnect?.onRestSuccess(),
      clock: this.clock,
      timeoutMs: this.timing.requestMs,
      fetch: this.#options.fetch,
    });
    void this.#run(signal, canAsk, failure);
  }

  /** Ends the socket, all requests and all timers. The outbox keeps what was not sent; `configure` goes on. */
  stop(): void {
    this.#end();
    this.#releaseStorage();
    this.#stopWatchingPage?.();
    this.#config = this.#stopWatchingPage = undefined;
    this.wasConnected = false;
    this.setState({ is: 'idle' });
  }

  /** The page is put aside (frozen, or kept for the way back): as little as possible is left, and nothing is lost. */
  suspend(): void {
    if (!this.#rest) return;
    this.#end();
    this.#releaseStorage();
    this.setState({ is: 'reconnecting', reason: 'page_asleep', next: { attempt: 0, at: null } });
  }

  /** The page is back. */
  resume(): void {
    if (this.#config && this.state.is === 'reconnecting' && !this.#rest) this.configure({ ...this.#config, token: this.#tokens.token });
  }

  /** Whether a token is certainly somebody else's. */
  isOther(token: string): boolean {
    return this.#tokens.isOtherUser(token);
  }

  /** Forgets the person: open rooms, capabilities, the outbox. */
  forget(): void {
    this.roomSync.clear();
    this.#tokens.forget();
    this.#tokenRefresher?.forget();
    this.#capabilities = [];
    this.#lastScope = '';
    // Messages of an unknown user stay without an author: the next user is another one.
    this.#anonymous = '';
    this.#switchOutbox('', '');
  }

  /**
   * Forgets what memory keeps of anybody who was here before: the device is to be forgotten.
   * @param discard gives up what was written here, as soon as all of it is in line.
   * @throws {ChatError} when the device could not be asked to forget.
   */
  async purge(discard: () => void): Promise<void> {
    await Promise.all([this.outbox, ...this.#setAside.values()].map((outbox) => outbox.purge()));
    this.#setAside.clear();
    discard();
    await this.#storage.purge();
  }

  /** Closes what would keep a page from being put aside. */
  #releaseStorage(): void {
    this.#userChannel?.stop();
    this.#storage.close?.();
  }

  #onStorageState(state: StorageState): void {
    this.report({ type: 'vault', state });
  }

  #end(): void {
    this.#generation.abort();
    this.#generation = new AbortController();
    this.#reconnect?.stop();
    this.#tokenRefresher?.stop();
    this.#socket?.end();
    void this.outbox.setSender(false);
    this.#tabChannel?.close();
    this.#isIntroduced = false;
    this.#socket = this.#tabChannel = this.#sharedSocket = this.#rest = undefined;
    this.#notifications?.off();
    this.#isFollower = false;
  }

  // ————— Run: one socket after the other

  /** Any error in between leads to a state with a reason, and to another try. */
  async #run(signal: AbortSignal, canAsk: boolean, failure?: ChatError): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        return await this.#connect(signal, canAsk, failure);
      } catch (thrown) {
        if (signal.aborted) return;
        // Not the message: a browser's own may hold an address, and that the token.
        this.#problem(`Internal error (${(thrown as Error | undefined)?.name}).`);
        await this.#waitFor('error', 'internal_error', attempt, 0, signal);
      }
    }
  }

  async #connect(signal: AbortSignal, canAsk: boolean, failure?: ChatError): Promise<void> {
    if (!this.#tokens.token && !canAsk && !failure) return this.setState({ is: 'idle' });
    this.setState(this.wasConnected ? { is: 'reconnecting', reason: 'token_changed', next: { attempt: 0, at: null } } : { is: 'connecting' });
    if (!this.#tokens.token && !(await this.#awaitToken(signal, failure))) return;
    await this.#joinScope(signal);
    if (signal.aborted) return;
    // In time for the first picture, beside the socket. Where they fail, what follows the socket's end says why.
    this.roomSync.listByRest(signal).catch(NEVER);
    this.roomSync.readOpenRooms(signal, true).catch(NEVER);
    for (let attempt = 1; !signal.aborted; ) {
      const end = await this.#runSocket(signal);
      await this.#loadDeferred();
      if (signal.aborted) return;
      if (this.#reconnect) {
        if (!(await this.#reconnect.after(end, signal))) return;
      } else {
        // Not to be had without a network: then what it would say is known.
        await this.#waitFor('error', 'server_unreachable', attempt++, 0, signal);
      }
    }
  }

  /** Asks the page until it gives a token, or says that no user is signed in. @returns whether there is one. */
  async #awaitToken(signal: AbortSignal, failure?: ChatError): Promise<boolean> {
    for (let attempt = 1; ; ) {
      await this.#loadDeferred();
      if (signal.aborted) return false;
      if (this.#tokenRefresher) return this.#tokenRefresher.await(signal, failure);
      await this.#waitFor('error', 'server_unreachable', attempt++, 0, signal);
    }
  }

  /** Opens a socket and lives with it until it ends. */
  async #runSocket(signal: AbortSignal): Promise<SocketOutcome> {
    const { clock } = this;
    const { token } = this.#tokens;
    const life: SocketOutcome = { code: CloseCode.abnormal, reason: '', caughtUp: false, isHealthy: false, token };
    let connectedAt = Infinity;
    let socket: SocketConnection;
    this.#socketTokens = [token];
    try {
      const open = this.#isFollower ? await this.#followLeader(signal) : undefined;
      const credential = open ? token : await this.credential(signal);
      throwIfAborted(signal);
      // Meanwhile the socket has passed to another tab, or to this one.
      if (this.#isFollower !== (open !== undefined)) return { ...life, code: CloseCode.leaderGone };
      socket = new SocketConnection({
        address: this.#address!.socket,
        token: credential,
        auth: this.auth,
        open,
        clock,
        handshakeMs: this.timing.handshakeMs,
        heartbeatMs: this.timing.heartbeatMs,
        loadHeartbeat: async () => (await loadDeferred()).Heartbeat,
        WebSocket: this.WebSocket,
        onGreeting: (frame) => {
          this.#greeted(frame, signal);
          void this.#catchUp(socket).then((done) => {
            if (!done) return;
            life.caughtUp = true;
            connectedAt = Math.min(connectedAt, clock.now());
            this.#connected();
          });
        },
        onFrame: (frame) => this.#onFrame(frame),
        onText: (text) => this.#sharedSocket?.relay(text),
        onProblem: (problem) => this.report({ type: 'problem', problem }),
        idOf: (roomId) => this.idOf(roomId),
      });
    } catch (thrown) {
      const { code, message } = toChatError(thrown);
      if (code === 'unauthorized') return { ...life, code: CloseCode.unauthorized };
      // What REST could not do, REST will explain.
      if (code === 'bad_url') this.#problem(message);
      return life;
    }
    this.#socket = socket;
    this.roomSync.subscribed.clear();
    const giveUp = (): void => socket.end();
    signal.addEventListener('abort', giveUp);
    const end = await socket.ended;
    signal.removeEventListener('abort', giveUp);
    // By now another generation may have opened its own.
    if (this.#socket === socket) this.#socket = undefined;
    if (!signal.aborted) {
      this.outbox.socketEnded();
      this.#sharedSocket?.ended();
    }
    return { ...life, ...end, token: this.#socketTokens[0] ?? token, isHealthy: clock.now() - connectedAt >= HEALTHY_MS };
  }

  /** Loads what is not needed at first, where it can be had. */
  async #loadDeferred(): Promise<void> {
    const deferred = await loadDeferred().catch(NEVER);
    // Stopped meanwhile.
    if (!deferred || !this.#config) return;
    this.#reconnect ??= new deferred.Reconnect(this);
    this.#tokenRefresher ??= new deferred.TokenRefresher(this, this.#tokens, {
      ask: this.#options.askForToken,
      canAbort: this.#options.asksByRequest,
      onSignedOut: () => {
        this.#options.onSignedOut();
        this.#end();
        this.#tokens.token = '';
        this.setState({ is: 'unauthorized', reason: 'token_missing' });
      },
      onRenewed: () => this.#onTokenRefreshed(),
      onAnswer: (token) => this.#onTokenAnswer(token),
      onLate: (token) => {
        if (this.state.is === 'unauthorized') this.#options.onOtherToken(token);
      },
    });
    this.#notifications ??= new deferred.NotificationLoader(this);
    this.#userChannel ??= new deferred.UserChannel(this, this.#options.tabs);
    this.#watchPersons();
    // It finds copies of our messages among those of a backend that gives no names back.
    void this.outbox.loadFallback().catch(NEVER);
    this.#stopWatchingPage ??= deferred.watchPage(this);
  }

  #schedule(): void {
    this.#reconnect?.schedule();
    this.#tokenRefresher?.schedule();
  }

  /** Says why it waits, and waits. */
  async #waitFor(is: 'reconnecting' | 'error', reason: ReasonCode, attempt: number, leastMs: number, signal: AbortSignal): Promise<void> {
    const waitMs = Math.max(backoff(attempt, this.random), leastMs);
    this.setState({ is, reason, next: { attempt, at: this.clock.now() + waitMs } });
    await this.pause(waitMs, signal);
  }

  async pause(ms: number, signal: AbortSignal): Promise<void> {
    if (ms <= 0) return;
    const wake = new AbortController();
    this.#endPause = () => wake.abort();
    await sleep(this.clock, ms, AbortSignal.any([signal, wake.signal]));
    this.#endPause = NEVER;
  }

  /** Tries the socket now instead of when its time has come. */
  retryNow(): void {
    if (!this.#tokens.token || this.state.is === 'unauthorized') this.#tokenRefresher?.startOver();
    this.#endPause();
  }

  /** Something says that the network may have come back, or gone (the browser, a page that is looked at again). */
  onNetworkHint(): void {
    if (this.state.is === 'unauthorized') this.#tokenRefresher?.askAgain();
    else if (this.#socket) this.#socket.probe();
    else this.#endPause();
    // A page that was hidden was read more rarely.
    this.#reconnect?.schedule();
  }

  #greeted(frame: FrameOf<'connection_established'>, signal: AbortSignal): void {
    this.setUserInfo(frame, signal);
    this.#sharedSocket?.greet();
  }

  /** The server says who is there, and what it offers: on the socket, or by `GET me/`. Undefined: it does not. */
  setUserInfo(me: UserInfo | undefined, signal: AbortSignal): void {
    this.#isIntroduced = true;
    if (!me) return;
    const { user_id: id, username, capabilities, limits = {}, timestamp } = me;
    const scope = this.#scopeOf(this.#tokens.ownerIfConfirmed(id));
    // First, because another person makes the store forget everything, us included.
    this.report({ type: 'user', id, username, isOther: this.#lastScope !== '' && scope !== this.#lastScope, isHidden: this.#scope === '' });
    // A greeting passed on by another tab says who is there, not whose our own token is, nor what the server's clock says now.
    if (!this.#isFollower) {
      this.#tokens.confirm(id);
      if (timestamp) this.#tokens.skewMs = Date.parse(timestamp) - this.clock.now();
    }
    this.#capabilities = capabilities;
    this.report({ type: 'offer', capabilities, limits });
    void this.#joinScope(signal);
  }

  /** Whether the server has said who is there, or that it does not say so: it need not be asked again. */
  get hasUserInfo(): boolean {
    return this.#isIntroduced;
  }

  /** Marks a notification as read, or all of them. @returns whether it could be told. */
  markNotificationRead(id?: Id): boolean {
    if (!this.#isFollower) return this.#notifications?.markRead(id) ?? false;
    this.broadcast({ kind: 'notification-read', id });
    return this.#socket?.isUp ?? false;
  }

  tellNotifications(): void {
    this.#notifications?.tellAgain();
  }

  // ————— Catch up: after every greeting, and wherever something is found missing

  /** @returns false when the socket ended before everything was read. */
  #catchUp(socket: SocketConnection): Promise<boolean> {
    if (this.#runningCatchUp?.socket !== socket) {
      const done = this.#catchUpOf(socket).finally(() => {
        if (this.#runningCatchUp?.socket === socket) this.#runningCatchUp = undefined;
      });
      this.#runningCatchUp = { socket, done };
    }
    return this.#runningCatchUp.done;
  }

  async #catchUpOf(socket: SocketConnection): Promise<boolean> {
    let holes = 0;
    for (let attempt = 1; !socket.signal.aborted; ) {
      try {
        this.#hasGap = false;
        await this.roomSync.catchUp(socket);
        // Another one was found behind the one that was filled.
        if (this.#hasGap && ++holes < MAX_HOLES) continue;
        this.outbox.flush();
        return !socket.signal.aborted;
      } catch (thrown) {
        const { code, retryAfterMs = 0 } = toChatError(thrown);
        if (socket.signal.aborted) return false;
        // Renewed, and refused again by REST alone: asking once more would only turn in a circle.
        if (code === 'unauthorized') {
          this.setUnauthorized(this.token);
          return false;
        }
        // The socket lives, so messages come and go; but what came in meanwhile cannot be read yet, and we say so.
        await this.#waitFor('reconnecting', 'catching_up', attempt++, retryAfterMs, socket.signal);
      }
    }
    return false;
  }

  resyncAfterGap(): void {
    this.#hasGap = true;
    const socket = this.#socket;
    if (socket?.isUp) void this.#catchUp(socket).then((done) => done && this.#connected());
  }

  #connected(): void {
    this.wasConnected = true;
    this.#reconnect?.caughtUp();
    if (this.state.is !== 'connected') this.setState({ is: 'connected' });
    const { signal } = this.#socket!;
    void this.#loadDeferred().then(async () => {
      this.#schedule();
      if (!this.#reconnect) {
        // What waits on the device waits for it too.
        await sleep(this.clock, this.timing.pollMs, signal);
        if (signal.aborted) return;
        this.outbox.flush();
        return this.#connected();
      }
      // By the tab that has the socket.
      if (this.#config?.notifications && !this.#isFollower && this.state.is === 'connected') this.#notifications?.on(this.#address!, this.#tokens.userId!);
    });
  }

  // ————— Tabs: one of them holds the socket, one of them sends

  /** Which backend this is, and which user there; empty: not known. */
  #scopeOf(person: Id | null): string {
    return person === null ? '' : scopeOf(this.#address!.api, this.#address!.socket, person);
  }

  /** It may be known whose connection this is. @returns when it is clear which tab has the socket. */
  async #joinScope(signal: AbortSignal): Promise<void> {
    const scope = this.#scopeOf(this.#tokens.owner);
    // Nobody can know yet whom this tab would share with, nor for whom messages would be kept.
    if (!scope) return void this.outbox.setSender(true);
    if (this.#tabChannel && scope === this.#scope) return;
    this.#switchOutbox(scope);
    this.#tabChannel?.close();
    const { tabs } = this.#options;
    // Without locks each tab sends on its own: none may take what another one has written.
    const link = (this.#tabChannel = new TabChannel(scope, tabs.locks ? tabs : {}, (message: TabMessage) => void this.#onTab(message)));
    const { outbox } = this;
    void outbox.open();
    // Tabs that cannot hear each other cannot send for each other either.
    if (!tabs.locks || !link.isOpen) return void outbox.setSender(true);
    void this.#holdLock('outbox', scope, outbox, signal);
    // One that has a socket already keeps it.
    if (this.#config?.share !== false && !this.#socket) await this.#holdLock('socket', scope, outbox, signal);
  }

  /**
   * Goes over to the outbox and the drafts of a user; `''`: of an unknown one.
   * @param name the key under which they are kept while another user is signed in.
   */
  #switchOutbox(scope: string, name = scope): void {
    const before = this.outbox;
    if (scope) this.#lastScope = scope;
    const isKnownAlready = scope !== '' && scope === before.scope;
    this.#scope = scope;
    this.#watchPersons();
    if (isKnownAlready) return;
    const next = (name && this.#setAside.get(name)) || new Outbox(this, this.#storage, scope);
    this.#setAside.delete(name);
    this.outbox = next;
    // Written before the user was known; no other user has signed in since.
    if (scope && !before.scope) void next.adopt(before);
    before.close();
    if (this.#reconnect) void next.loadFallback().catch(NEVER);
    if (!scope) void next.open();
    const left = before.scope || this.#anonymous;
    if (!scope) this.#anonymous = name;
    if (before.isEmpty || !left) return;
    this.#setAside.set(left, before);
    const [oldest] = this.#setAside.keys();
    if (this.#setAside.size > MAX_ASIDE && oldest !== undefined) this.#setAside.delete(oldest);
  }

  /** Takes the lock that only one tab has, or waits in line for it: to have the socket, or to send. */
  async #holdLock(what: 'socket' | 'outbox', scope: string, outbox: Outbox, signal: AbortSignal, steal = false): Promise<void> {
    const hold = (on: boolean): void => {
      if (signal.aborted || scope !== this.#scope) return;
      if (what === 'socket') this.#follow(!on);
      else void outbox.setSender(on);
    };
    const lose = (): void => {
      hold(false);
      void this.#holdLock(what, scope, outbox, signal);
    };
    if (!(await acquireLock(this.clock, this.#options.tabs.locks!, what, scope, signal, { onHeld: () => hold(true), onLost: lose, steal }))) hold(false);
  }

  /** Tells tabs of this backend who is here, and hears it from them. */
  #watchPersons(): void {
    if (this.#address && this.#config) this.#userChannel?.announce(scopeOf(this.#address.api, this.#address.socket, ''), this.#tokens.owner);
  }

  /** Another tab has changed the user, or has signed out: the page is asked who is signed in now. */
  recheck(): void {
    void this.#tokenRefresher?.recheck();
  }

  #follow(on: boolean): void {
    if (on === this.#isFollower) return;
    this.#isFollower = on;
    if (this.#sharedSocket) this.#sharedSocket.isLeader = false;
    // The tabs that listened to the tab before us join again.
    if (!on) this.broadcast({ kind: 'leads' });
    this.#notifications?.off();
    this.#socket?.end(CloseCode.leaderGone, 'another tab');
    this.#endPause();
  }

  async #followLeader(signal: AbortSignal): Promise<OpenSocket | undefined> {
    const company = await this.#loadCompany(signal);
    // Not to be had without a network: then this tab has a socket of its own.
    if (!company) this.#isFollower = false;
    if (!company || !this.#isFollower) return undefined;
    return company.follow(() => {
      // It holds the lock and does nothing: stopped by a dialog or a debugger, or put aside without being told.
      const [scope, outbox] = [this.#scope, this.outbox];
      void this.#holdLock('outbox', scope, outbox, signal, true);
      void this.#holdLock('socket', scope, outbox, signal, true);
    });
  }

  async #loadCompany(signal: AbortSignal): Promise<SharedSocket | undefined> {
    const deferred = await loadDeferred().catch(NEVER);
    throwIfAborted(signal);
    if (deferred) this.#sharedSocket ??= new deferred.SharedSocket(this);
    return this.#sharedSocket;
  }

  async #onTab(message: TabMessage): Promise<void> {
    void this.outbox.onTab(message);
    if (this.#config?.share === false) return;
    const company = await this.#loadCompany(this.signal).catch(NEVER);
    company?.onTab(message, this.#isFollower);
    // The other tab has its socket back: so have we.
    if (message.kind === 'greeting' && message.text !== null && this.#isFollower && !this.#socket) this.#endPause();
  }

  // ————— The token

  /** The page has given another one. */
  #onTokenAnswer(token: string): void {
    const isSame = this.#tokens.isSameUser(token);
    if (isSame === false) return this.#options.onOtherToken(token);
    // The server will say who that is. Requests that are under way are not repeated in that user's name.
    if (isSame === undefined && this.#tokens.isNew(token)) return this.#begin({ ...this.#config!, token });
    this.#applyToken(token);
  }

  /** Goes on with a token. What was written and shown under another one is not under this, unless both are certainly of one person. */
  #applyToken(token: string): void {
    const isUncertain = token !== '' && this.#tokens.isNew(token) && this.#tokens.isSameUser(token) === undefined;
    if (isUncertain) {
      // Nothing can be kept for an unknown user: it will never be known who that was.
      const lost = this.#scope ? [] : this.outbox.detachUnowned();
      this.roomSync.clear();
      this.#capabilities = [];
      this.report({ type: 'person-uncertain', lost });
    }
    this.#tokens.token = token;
    const { url, apiPath, wsPath } = this.#config!;
    const name = token && `${url} ${apiPath} ${wsPath} ${token}`;
    // The last time that this one was here, something was left behind.
    if (isUncertain || (!this.#scope && this.#setAside.has(name))) this.#switchOutbox('', name);
    if (!this.#scope && token) this.#anonymous = name;
    const { userId } = this.#tokens;
    if (token && userId !== null && !this.#tokens.isConfirmed) this.report({ type: 'user', id: userId, username: '', isOther: false, isHidden: false });
  }

  async refreshRefusedToken(refused: string, signal: AbortSignal): Promise<boolean> {
    let failure: ChatError | undefined;
    const renewed = await this.#renew(refused, signal).catch((thrown: unknown) => void (failure = toChatError(thrown)));
    if (signal.aborted) return false;
    // It is not known who is signed in. That does not mean that no user is.
    if (failure) this.#begin({ ...this.#config!, token: '' }, failure);
    else if (!renewed) this.setUnauthorized(refused);
    return renewed === true;
  }

  /** There is another token, and the old one is still good: the open socket goes over to it, where it can. */
  #onTokenRefreshed(): void {
    this.#tokenRefresher?.schedule();
    const { token } = this.#tokens;
    if (this.has('token_refresh') && this.send({ type: 'authenticate', token })) this.#socketTokens.push(token);
  }

  setUnauthorized(token: string): void {
    const expired = token === this.#tokens.token && this.#tokens.isExpired;
    // Another tab may have a better token, and sends what is written here.
    const link = this.#tabChannel;
    this.#tabChannel = undefined;
    this.#end();
    this.#tabChannel = link;
    this.setState({ is: 'unauthorized', reason: expired ? 'token_expired' : 'token_refused' });
  }

  // ————— What comes in

  #onFrame(frame: ChatFrame): void {
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
        return void this.matchPending(frame.room_id, frame.message, frame._tempId);
      case 'new_message': {
        const { message, _tempId } = frame;
        const localId = this.matchPending(frame.room_id, message, message._tempId ?? _tempId);
        return this.roomSync.applyFrame({ ...frame, message: { ...message, _tempId: localId } });
      }
      case 'error':
        this.outbox.failed(frame);
        return this.#problem(frame.message);
      case 'authenticated':
        this.#socketTokens.shift();
        return;
      case 'token_expiring':
        return void this.#loadDeferred().then(() => this.#tokenRefresher?.now());
      default:
        this.roomSync.applyFrame(frame);
    }
  }

  // ————— What goes out

  /** Reads the list of rooms again, by REST or else by socket. @throws {ChatError} */
  async refreshRooms(): Promise<Method> {
    this.#restOrThrow();
    const { method } = await this.roomSync.list(this.#socket, this.signal);
    return method;
  }

  /** Shows a room: loads its newest messages and keeps them complete until `close`. */
  open(roomId: Id, seen?: Message): void {
    // Without a connection, the catch-up to come reads it.
    if (this.roomSync.open(roomId, seen) && this.rest) void this.roomSync.read(roomId, this.signal);
  }

  /** Tries again to load a room whose history failed. @param isAnew whether from its newest page, in place of what is loaded. */
  reload(roomId: Id, isAnew = false): Promise<void> {
    return this.roomSync.read(roomId, this.signal, isAnew);
  }

  close(roomId: Id): void {
    this.roomSync.close(roomId);
  }

  /** Loads the page of history before or after a message. @throws {ChatError} */
  async loadPage(roomId: Id, side: 'older' | 'newer', from: Id): Promise<void> {
    this.#restOrThrow();
    await this.roomSync.readPage(roomId, side, from);
  }

  /**
   * Marks a whole room as read, by socket or else message by message over REST.
   * @param unread the ids of its unread messages, for REST.
   * @param upTo the message up to which it was read (`receipts`); default: all of it.
   * @throws {ChatError}
   */
  async markRead(roomId: Id, unread: readonly Id[], upTo?: Id): Promise<void> {
    if (this.send({ type: 'mark_read', room_id: roomId, ...(upTo != null && this.has('receipts') ? { up_to: upTo } : { message_ids: [] }) })) {
      const socket = this.#socket!;
      // Where nobody answers, it may not have arrived: then the socket is dead, and the next one brings the true counts.
      if (!(await socket.waitForFrame(this.timing.confirmMs, (frame) => frame.type === 'messages_marked_read' && sameId(frame.room_id, roomId)))) void socket.verify();
      return;
    }
    const rest = this.#restOrThrow();
    const { signal } = this;
    const { markReadByRest } = await loadDeferred();
    throwIfAborted(signal);
    await markReadByRest(rest, unread, signal);
  }

  /** Tells the room that I type, or do not any more. Lost without a socket, as it should be. */
  typing(roomId: Id, isTyping: boolean): void {
    this.send({ type: isTyping ? 'typing' : 'stop_typing', room_id: roomId });
  }

  #restOrThrow(): RestClient {
    const { rest } = this;
    if (!rest) throw new ChatError('disconnected', 'Not connected: there is no valid sign-in.');
    return rest;
  }

  // ————— What is told

  #problem(detail: string): void {
    this.report({ type: 'problem', problem: { code: 'server_error', detail } });
  }

}
