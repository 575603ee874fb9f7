/**
 * Opens one socket after another, with a growing wait between them, and never gives up. After every greeting the room
 * list and the open rooms are read; only then does the state become `connected`.
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
import { dispatchEvent } from './dispatch-event.js';
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
/** The number of gaps in a row that are filled before they are attributed to the server's numbering. */
const MAX_GAPS = 3;

/** The interface of a session for the connect loop. */
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
   * Runs until `signal` aborts. An internal error sets a state with a reason, and leads to another attempt.
   * @param canAsk whether the page can be asked for a token.
   * @param failure why the page could not be asked before.
   */
  async run(signal: AbortSignal, canAsk: boolean, failure?: ChatError): Promise<void> {
    for (let attempt = 1; !signal.aborted; attempt++) {
      try {
        return await this.#connect(signal, canAsk, failure);
      } catch (thrown) {
        if (signal.aborted) return;
        // Without the message: a browser's message may contain an address, and the address may contain the token.
        reportProblem(this.#session.report, `Internal error (${(thrown as Error | undefined)?.name}).`);
        await this.#failAndWait('internal_error', attempt, signal);
      }
    }
  }

  async #connect(signal: AbortSignal, canAsk: boolean, failure?: ChatError): Promise<void> {
    const session = this.#session;
    const { states, auth, clock, roomSync } = session;
    if (!auth.tokens.token && !canAsk && !failure) return states.toIdle();
    if (this.wasConnected) states.toReconnecting('token_changed');
    else states.toConnecting();
    if (!auth.tokens.token && !(await this.#awaitToken(signal, failure))) return;
    await session.tabs.joinScope(signal);
    // In a task of its own, because the one that created the elements is long.
    await clock.yieldToMain?.();
    if (signal.aborted) return;
    // Requested in parallel with the socket, for the first rendering. A failure is handled after the socket's end.
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
        // The code could not be loaded. The reason is known without it: there is no network.
        await this.#failAndWait('server_unreachable', attempt++, signal);
      }
    }
  }

  /**
   * Asks the page until it provides a token, or reports that no user is signed in.
   * @returns whether there is a token.
   */
  async #awaitToken(signal: AbortSignal, failure?: ChatError): Promise<boolean> {
    // In a task of its own, because the one that created the elements is long.
    await this.#session.clock.yieldToMain?.();
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
    // Another generation may have opened its own socket by now.
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

  /** Handles a failure to open a socket. The poll that follows determines the reason of all other errors. */
  #onRefused({ code, message }: ChatError, outcome: SocketOutcome): void {
    if (code === 'unauthorized') outcome.code = CloseCode.unauthorized;
    if (code === 'bad_url') reportProblem(this.#session.report, message);
  }

  /** @returns the socket, or a close code if another tab or this one has taken over the socket. @throws {ChatError} */
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
      onGreeting: (info) => {
        session.backend.set(info, signal);
        tabs.sharedSocket?.greet();
        void this.#catchUp(socket).then((isDone) => {
          if (!isDone) return;
          onCaughtUp();
          this.#onCaughtUp();
        });
      },
      onEvent: (event) => dispatchEvent(session, event),
      onText: (text) => tabs.sharedSocket?.relay(text),
      onProblem: (problem) => session.report({ type: 'problem', problem }),
      idOf: (roomId) => session.roomSync.idOf(roomId),
    });
    // Set it before any other code runs: the greeting may be the next event.
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

  /** Waits. `endPause` ends the wait early. */
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

  // ————— Catch-up: after every greeting, and when a gap is found

  /** @returns false if the socket ended, or REST refused the token, before everything was read. */
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
        // Another gap was found after the filled one.
        if (this.#hasGap && ++gaps < MAX_GAPS) continue;
        session.outboxes.current.sender.flush();
        return !signal.aborted;
      } catch (thrown) {
        const { code, retryAfterMs = 0 } = toChatError(thrown);
        if (signal.aborted) return false;
        // The token was refreshed, and refused again by REST only: another attempt would end the same way.
        if (code === 'unauthorized') {
          session.auth.setUnauthorized(session.token);
          return false;
        }
        // The socket works, so live messages are exchanged. Only the missed messages cannot be read yet.
        const waitMs = Math.max(backoff(attempt, session.platform.random), retryAfterMs);
        session.states.toReconnecting('catching_up', { attempt, at: session.clock.now() + waitMs });
        attempt++;
        await this.pause(waitMs, signal);
      }
    }
    return false;
  }

  /** Catches up, because a gap was found in a room. */
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
        // Without this code, stored messages cannot be restored either.
        await sleep(session.clock, session.timing.pollMs, signal);
        if (signal.aborted) return;
        session.outbox.sender.flush();
        return this.#onCaughtUp();
      }
      // The tab that owns the socket also owns the notifications socket.
      if (session.config?.notifications && !session.tabs.isFollower && session.state.is === 'connected')
        parts.notifications?.on(session.address!, session.auth.tokens.userId!);
    });
  }
}
