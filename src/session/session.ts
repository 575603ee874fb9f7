/**
 * Keeps one user connected to one backend. The work is divided between its parts:
 *
 *     connect-loop     opens one socket after another, with backoff, and catches up after each greeting
 *     reconnect        decides what follows the end of a socket, and polls by REST in the meantime (deferred)
 *     auth/            the token, its owner, and the switch to another token
 *     tabs/            elects the tab that owns the socket, and the tab that sends
 *     outbox/          the user's messages, until the server has stored them
 *     sync/            the room list and the open rooms
 *
 * `configure` begins a new generation: the abort signal of the old one cancels all its pending work. Time, randomness,
 * sockets and `fetch` are injected.
 */
import type { Id, Message } from '../protocol/index.js';
import {
  ChatError,
  throwIfAborted,
  toChatError,
  webTransport,
  type Address,
  type AuthMode,
  type Clock,
  type Requests,
  type Transport,
  type TransportCommand,
} from '../transport/index.js';
import { SessionAuth } from './auth/session-auth.js';
import type { SessionAuthOptions } from './auth/token-flow.js';
import { BackendInfo } from './backend-info.js';
import { ConnectLoop } from './connect-loop.js';
import { ConnectionStateWriter } from './connection-state.js';
import { DeferredParts } from './deferred-parts.js';
import { type ConnectionState, reportProblem, type Method, type Report } from '../model/index.js';
import { deferredNow } from './load-deferred.js';
import { IndexedDbStorage } from './outbox/indexeddb-storage.js';
import type { MessageStorage } from './outbox/message-storage.js';
import type { Outbox } from './outbox/outbox.js';
import { OutboxRegistry } from './outbox/outbox-registry.js';
import type { Platform, SessionConfig, SessionContext, Timing } from './session-context.js';
import type { SocketConnection } from './socket-connection.js';
import { RoomSync } from './sync/room-sync.js';
import { TabCoordinator } from './tabs/tab-coordinator.js';

const DEFAULT_TIMING: Timing = {
  pollMs: 5_000,
  rereadMs: 15_000,
  checkMs: 60_000,
  confirmMs: 6_000,
  handshakeMs: 10_000,
  heartbeatMs: 25_000,
  requestMs: 15_000,
};

export interface SessionOptions extends SessionAuthOptions, Platform {
  clock: Clock;
  report: Report;
  /** The connection to the backend. Default: our own protocol. */
  transport?: Transport | undefined;
  timing?: Partial<Timing> | undefined;
}

const AUTH_MODES: readonly AuthMode[] = ['query', 'subprotocol', 'ticket'];

export class Session implements SessionContext {
  readonly clock: Clock;
  readonly platform: Platform;
  readonly report: Report;
  readonly timing: Timing;
  readonly transport: Transport;
  readonly states: ConnectionStateWriter;
  readonly parts: DeferredParts;
  readonly auth: SessionAuth;
  readonly outboxes: OutboxRegistry;
  readonly roomSync: RoomSync;
  readonly tabs: TabCoordinator;
  readonly backend: BackendInfo;
  readonly loop: ConnectLoop;
  config: SessionConfig | undefined;
  address: Address | undefined;
  readonly #storage: MessageStorage;
  #generation = new AbortController();
  #rest: Requests | undefined;

  constructor(options: SessionOptions) {
    const { clock, report, tabs, storage } = options;
    this.clock = clock;
    this.report = report;
    this.platform = options;
    this.timing = { ...DEFAULT_TIMING, ...options.timing };
    this.transport = options.transport ?? webTransport(deferredNow);
    this.parts = new DeferredParts(this, tabs);
    this.states = new ConnectionStateWriter((state) => {
      report({ type: 'phase', phase: state });
      this.parts.schedule();
    });
    this.auth = new SessionAuth(this, options);
    this.#storage = storage ?? new IndexedDbStorage((state) => report({ type: 'storage', state }), clock);
    this.outboxes = new OutboxRegistry(this, this.#storage, () => this.parts.onUserSwitch());
    this.tabs = new TabCoordinator(this, tabs);
    this.backend = new BackendInfo(this);
    this.roomSync = new RoomSync(this);
    this.loop = new ConnectLoop(this);
  }

  // ————— State

  get state(): ConnectionState {
    return this.states.current;
  }

  get outbox(): Outbox {
    return this.outboxes.current;
  }

  get signal(): AbortSignal {
    return this.#generation.signal;
  }

  get rest(): Requests | undefined {
    const { is } = this.state;
    return this.token !== '' && is !== 'unauthorized' && is !== 'idle' ? this.#rest : undefined;
  }

  restOrThrow(): Requests {
    const { rest } = this;
    if (!rest) throw new ChatError('disconnected', 'Not connected. Sign in first.');
    return rest;
  }

  get socket(): SocketConnection | undefined {
    const { socket } = this.loop;
    return socket?.isUp ? socket : undefined;
  }

  /** Whether the session runs, and the page is not suspended. */
  get isActive(): boolean {
    return this.#rest !== undefined;
  }

  get token(): string {
    return this.auth.tokens.token;
  }

  send(command: TransportCommand): boolean {
    return this.loop.socket?.send(command) ?? false;
  }

  // ————— Start and stop

  /** Starts again with a configuration. The user's waiting messages are kept, and sent with the new token. */
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
    this.parts.reconnect?.forget();
    this.begin(config);
  }

  begin(config: SessionConfig, failure?: ChatError): void {
    const { canAsk, auth = 'query', ...addressParts } = config;
    // Only if there is a generation to end: the first abort of a page makes the browser compute a stack trace.
    if (this.config) this.end();
    this.config = config;
    const { signal } = this.#generation;
    this.#storage.open?.();
    this.parts.reconnect?.caughtUp();
    this.auth.apply(config.token.trim());
    if (this.transport.userId != null) this.auth.tokens.confirm(this.transport.userId);
    try {
      // There is no fallback to another mode: the page may have chosen this one to keep the token out of addresses and
      // logs.
      if (!AUTH_MODES.includes(auth))
        throw new ChatError(
          'unsupported_auth',
          `auth="${auth as string}" is unknown: use query, subprotocol or ticket.`,
        );
      this.address = this.transport.addressOf(addressParts);
    } catch (thrown) {
      reportProblem(this.report, toChatError(thrown).message);
      return this.states.toError('bad_configuration', null);
    }
    this.#rest = this.transport.createRequests({
      base: this.address.api,
      // A request of this generation never carries the token of a later one.
      token: () => (signal.aborted ? '' : this.token),
      renew: (refused) => this.auth.refreshRefused(refused, signal),
      onProblem: (problem) => this.report({ type: 'problem', problem }),
      onSuccess: () => signal.aborted || this.parts.reconnect?.onRestSuccess(),
      clock: this.clock,
      timeoutMs: this.timing.requestMs,
      fetch: this.platform.fetch,
    });
    void this.loop.run(signal, canAsk, failure);
  }

  end(keepsChannel = false): void {
    this.#generation.abort();
    this.#generation = new AbortController();
    this.parts.reconnect?.stop();
    this.auth.refresher?.stop();
    this.loop.socket?.end();
    void this.outbox.sender.setActive(false);
    this.tabs.end(keepsChannel);
    this.backend.isKnown = false;
    this.loop.socket = this.#rest = undefined;
    this.parts.notifications?.off();
  }

  /** Ends the socket, all requests and all timers. The outbox keeps unsent messages. `configure` starts again. */
  stop(): void {
    this.end();
    this.releaseStorage();
    this.parts.stopWatchingPage();
    this.config = undefined;
    this.loop.wasConnected = false;
    this.states.toIdle();
  }

  /** Forgets the user: open rooms, capabilities and the current outbox. */
  forget(): void {
    this.clearRooms();
    this.auth.tokens.forget();
    this.auth.refresher?.forget();
    this.outboxes.forget();
  }

  clearRooms(): void {
    this.roomSync.clear();
    this.backend.capabilities = [];
  }

  /** Closes the resources that keep a page out of the back/forward cache. */
  releaseStorage(): void {
    this.parts.closeChannel();
    this.#storage.close?.();
  }

  retryNow(): void {
    if (!this.token || this.state.is === 'unauthorized') this.auth.refresher?.startOver();
    this.loop.endPause();
  }

  // ————— Rooms

  /** Reads the room list again, by REST or, if that fails, by socket. @throws {ChatError} */
  async refreshRooms(): Promise<Method> {
    this.restOrThrow();
    const { method } = await this.roomSync.list(this.loop.socket, this.signal);
    return method;
  }

  /** Shows a room: loads its newest messages and keeps them complete until `roomSync.close`. */
  open(roomId: Id, seen?: Message): void {
    // Without a connection, the next catch-up reads it.
    if (this.roomSync.open(roomId, seen) && this.rest) void this.roomSync.read(roomId, this.signal);
  }

  /** See mark-read.ts. @throws {ChatError} */
  async markRead(roomId: Id, unread: readonly Id[], upTo?: Id): Promise<void> {
    const { signal } = this;
    const loaded = deferredNow();
    // Synchronously if possible: the page may be about to close.
    const { markRead } = loaded instanceof Promise ? await loaded : loaded;
    throwIfAborted(signal);
    await markRead(this, roomId, unread, upTo);
  }
}
