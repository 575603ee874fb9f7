/**
 * Opens one socket after the other, and never gives up: a socket lives, ends, a wait follows that grows. After every greeting the list and the
 * open rooms are read; only then is the state `connected`.
 */
import { CloseCode } from '../protocol/index.js';
import {
  sleep,
  throwIfAborted,
  toChatError,
  type Address,
  type ChatError,
  type Transport,
} from '../transport/index.js';
import { noop } from '../internal/noop.js';
import type { SessionAuth } from './auth/session-auth.js';
import { backoff } from './backoff.js';
import type { BackendInfo } from './backend-info.js';
import type { ConnectionStateWriter } from './connection-state.js';
import type { DeferredParts } from './deferred-parts.js';
import { dispatchFrame } from './dispatch-frame.js';
import { type NextTry, reportProblem } from '../model/index.js';
import { loadDeferred } from './load-deferred.js';
import type { Outbox } from './outbox/outbox.js';
import type { OutboxRegistry } from './outbox/outbox-registry.js';
import type { SessionConfig, SessionContext, SocketOutcome } from './session-context.js';
import { SocketConnection } from './socket-connection.js';
import type { RoomSync } from './sync/room-sync.js';
import type { TabCoordinator } from './tabs/tab-coordinator.js';

/** Minimum healthy time before a loss resets the backoff, in milliseconds. */
const HEALTHY_MS = 10_000;
/** Gaps in a row that are filled before they are taken for the server's own way of counting. */
const MAX_GAPS = 3;

/** What the loop uses of its session. */
export interface ConnectHost extends Pick<
  SessionContext,
  'clock' | 'platform' | 'report' | 'signal' | 'socket' | 'state' | 'states' | 'timing' | 'token'
> {
  readonly states: ConnectionStateWriter;
  readonly auth: SessionAuth;
  readonly tabs: TabCoordinator;
  readonly outboxes: OutboxRegistry;
  readonly roomSync: RoomSync;
  readonly address: Address | undefined;
  readonly transport: Transport;
  readonly config: SessionConfig | undefined;
  readonly backend: BackendInfo;
  readonly parts: DeferredParts;
  readonly outbox: Outbox;
}

export class ConnectLoop {
  wasConnected = false;
  next: NextTry = { attempt: 0, at: null };
  socket: SocketConnection | undefined;
  readonly #session: ConnectHost;
  #runningCatchUp: { socket: SocketConnection; done: Promise<boolean> } | undefined;
  #hasGap = false;
  #endPause: () => void = noop;

  constructor(session: ConnectHost) {
    this.#session = session;
  }

  /**
   * Runs until `signal` aborts. An error of our own leads to a state with a reason, and to another try.
   * @param canAsk whether the page can be asked for a token.
   * @param failure why it could not be asked just now.
   */
  async run(signal: AbortSignal, canAsk: boolean, failure?: ChatError): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        return await this.#connect(signal, canAsk, failure);
      } catch (thrown) {
        if (signal.aborted) return;
        // Not the message: a browser's own may hold an address, and that the token.
        reportProblem(this.#session.report, `Internal error (${(thrown as Error | undefined)?.name}).`);
        await this.#failAndWait('internal_error', attempt, signal);
      }
    }
  }

  async #connect(signal: AbortSignal, canAsk: boolean, failure?: ChatError): Promise<void> {
    const session = this.#session;
    const { states, auth, roomSync } = session;
    if (!auth.tokens.token && !canAsk && !failure) return states.toIdle();
    if (this.wasConnected) states.toReconnecting('token_changed');
    else states.toConnecting();
    if (!auth.tokens.token && !(await this.#awaitToken(signal, failure))) return;
    await session.tabs.joinScope(signal);
    if (signal.aborted) return;
    // In time for the first rendering, beside the socket. Where they fail, what follows the socket's end says why.
    roomSync.listByRest(signal).catch(noop);
    roomSync.readOpenRooms(signal, true).catch(noop);
    for (let attempt = 1; !signal.aborted;) {
      const outcome = await this.#runSocket(signal);
      await session.parts.load();
      if (signal.aborted) return;
      const { reconnect } = session.parts;
      if (reconnect) {
        if (!(await reconnect.after(outcome, signal))) return;
      } else {
        // Without that code the cause is known all the same: there is no network.
        await this.#failAndWait('server_unreachable', attempt++, signal);
      }
    }
  }

  /** Asks the page until it gives a token, or says that no user is signed in. @returns whether there is one. */
  async #awaitToken(signal: AbortSignal, failure?: ChatError): Promise<boolean> {
    for (let attempt = 1; ;) {
      await this.#session.parts.load();
      if (signal.aborted) return false;
      const { refresher } = this.#session.auth;
      if (refresher) return refresher.await(signal, failure);
      await this.#failAndWait('server_unreachable', attempt++, signal);
    }
  }

  /** Opens a socket and waits for its end. */
  async #runSocket(signal: AbortSignal): Promise<SocketOutcome> {
    const session = this.#session;
    const { clock, auth, tabs } = session;
    const { token } = auth.tokens;
    const outcome: SocketOutcome = { code: CloseCode.abnormal, reason: '', caughtUp: false, isHealthy: false, token };
    let connectedAt = Infinity;
    auth.socketTokens = [token];
    const onCaughtUp = (): void => {
      outcome.caughtUp = true;
      connectedAt = Math.min(connectedAt, clock.now());
    };
    const socket = await this.#openSocket(signal, onCaughtUp).catch((thrown: unknown) =>
      this.#onRefused(toChatError(thrown), outcome),
    );
    if (!socket) return outcome;
    if (typeof socket === 'number') return { ...outcome, code: socket };
    const giveUp = (): void => socket.end();
    signal.addEventListener('abort', giveUp);
    const end = await socket.ended;
    signal.removeEventListener('abort', giveUp);
    // By now another generation may have opened its own.
    if (this.socket === socket) this.socket = undefined;
    if (!signal.aborted) {
      session.outboxes.current.sender.socketEnded();
      tabs.sharedSocket?.ended();
    }
    return {
      ...outcome,
      ...end,
      token: auth.socketTokens[0] ?? token,
      isHealthy: clock.now() - connectedAt >= HEALTHY_MS,
    };
  }

  /** What REST could not do, REST will explain. */
  #onRefused({ code, message }: ChatError, outcome: SocketOutcome): void {
    if (code === 'unauthorized') outcome.code = CloseCode.unauthorized;
    if (code === 'bad_url') reportProblem(this.#session.report, message);
  }

  /** @returns the socket; a close code, if the socket has passed to another tab or to this one meanwhile. @throws {ChatError} */
  async #openSocket(signal: AbortSignal, onCaughtUp: () => void): Promise<SocketConnection | number> {
    const session = this.#session;
    const { tabs, timing, auth } = session;
    const open = tabs.isFollower ? await tabs.followLeader(signal) : undefined;
    const credential = open ? auth.tokens.token : await auth.credential(signal);
    throwIfAborted(signal);
    if (tabs.isFollower !== (open !== undefined)) return CloseCode.leaderGone;
    const socket = new SocketConnection({
      address: session.address!.socket,
      token: credential,
      auth: auth.mode,
      open: open ?? session.transport.open,
      clock: session.clock,
      handshakeMs: timing.handshakeMs,
      heartbeatMs: timing.heartbeatMs,
      loadHeartbeat: async () => (await loadDeferred()).Heartbeat,
      WebSocket: session.platform.WebSocket,
      onGreeting: (frame) => {
        session.backend.set(frame, signal);
        tabs.sharedSocket?.greet();
        void this.#catchUp(socket).then((isDone) => {
          if (!isDone) return;
          onCaughtUp();
          this.#onCaughtUp();
        });
      },
      onFrame: (frame) => dispatchFrame(session, frame),
      onText: (text) => tabs.sharedSocket?.relay(text),
      onProblem: (problem) => session.report({ type: 'problem', problem }),
      idOf: (roomId) => session.roomSync.idOf(roomId),
    });
    // Before any other code runs: the greeting may come next.
    this.socket = socket;
    session.roomSync.subscribed.clear();
    return socket;
  }

  // ————— Waits

  async #failAndWait(
    reason: 'internal_error' | 'server_unreachable',
    attempt: number,
    signal: AbortSignal,
  ): Promise<void> {
    const waitMs = backoff(attempt, this.#session.platform.random);
    this.#session.states.toError(reason, { attempt, at: this.#session.clock.now() + waitMs });
    await this.pause(waitMs, signal);
  }

  /** Waits; `endPause` ends it early. */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    if (ms <= 0) return;
    const ended = new AbortController();
    this.#endPause = () => ended.abort();
    await sleep(this.#session.clock, ms, AbortSignal.any([signal, ended.signal]));
    this.#endPause = noop;
  }

  endPause(): void {
    this.#endPause();
  }

  // ————— Catch up: after every greeting, and wherever a gap is found

  /** @returns false when the socket ended before everything was read. */
  #catchUp(socket: SocketConnection): Promise<boolean> {
    if (this.#runningCatchUp?.socket !== socket) {
      const done = this.#catchUpOn(socket).finally(() => {
        if (this.#runningCatchUp?.socket === socket) this.#runningCatchUp = undefined;
      });
      this.#runningCatchUp = { socket, done };
    }
    return this.#runningCatchUp.done;
  }

  async #catchUpOn(socket: SocketConnection): Promise<boolean> {
    const session = this.#session;
    const { signal } = socket;
    let gaps = 0;
    for (let attempt = 1; !signal.aborted;) {
      try {
        this.#hasGap = false;
        await session.roomSync.catchUp(socket);
        // Another gap was found behind the one that was filled.
        if (this.#hasGap && ++gaps < MAX_GAPS) continue;
        session.outboxes.current.sender.flush();
        return !signal.aborted;
      } catch (thrown) {
        const { code, retryAfterMs = 0 } = toChatError(thrown);
        if (signal.aborted) return false;
        // Refreshed, and refused again by REST alone: another request would only go in circles.
        if (code === 'unauthorized') {
          session.auth.setUnauthorized(session.token);
          return false;
        }
        // The socket works, so messages come and go; but what came in meanwhile cannot be read yet.
        const waitMs = Math.max(backoff(attempt, session.platform.random), retryAfterMs);
        session.states.toReconnecting('catching_up', { attempt, at: session.clock.now() + waitMs });
        attempt++;
        await this.pause(waitMs, signal);
      }
    }
    return false;
  }

  /** Something is missing in a room. */
  resyncAfterGap(): void {
    this.#hasGap = true;
    const { socket } = this;
    if (socket?.isUp) void this.#catchUp(socket).then((isDone) => isDone && this.#onCaughtUp());
  }

  #onCaughtUp(): void {
    const session = this.#session;
    const { parts, states } = session;
    const { signal } = this.socket!;
    this.wasConnected = true;
    parts.reconnect?.caughtUp();
    if (session.state.is !== 'connected') states.toConnected();
    void parts.load().then(async () => {
      parts.schedule();
      if (!parts.reconnect) {
        // Without that code, stored messages cannot be restored either.
        await sleep(session.clock, session.timing.pollMs, signal);
        if (signal.aborted) return;
        session.outbox.sender.flush();
        return this.#onCaughtUp();
      }
      // The tab that holds the socket holds the notifications socket, too.
      if (session.config?.notifications && !session.tabs.isFollower && session.state.is === 'connected')
        parts.notifications?.on(session.address!, session.auth.tokens.userId!);
    });
  }
}
