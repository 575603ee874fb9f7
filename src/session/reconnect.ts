/**
 * Decides what follows the end of a socket: the reason, the growing wait, and polling by REST in the meantime. Also
 * polls while a socket is up that does not report all changes. Loaded on demand: see deferred.ts.
 */
import { noop } from '../internal/noop.js';
import { afterClose, CloseCode } from '../protocol/index.js';
import { throwIfAborted, toChatError, type ChatError, type ErrorCode } from '../transport/index.js';
import { backoff } from './backoff.js';
import { leastAttempt, SPREAD } from './least-attempt.js';
import type { SessionContext, SocketOutcome } from './session-context.js';
import { requestUserInfo } from './auth/request-user-info.js';
import { LATER_REASONS } from '../locale/deferred-state-reasons.js';
import { REASONS, type ReasonCode } from '../locale/state-reasons.js';
import { RoomPoller } from './sync/room-poller.js';
import { timeLeft, type Wait } from './time-left.js';

export type ReconnectHost = Pick<
  SessionContext,
  | 'auth'
  | 'backend'
  | 'clock'
  | 'loop'
  | 'outbox'
  | 'platform'
  | 'rest'
  | 'retryNow'
  | 'roomSync'
  | 'signal'
  | 'socket'
  | 'state'
  | 'states'
  | 'timing'
  | 'token'
>;

/** Failed attempts before the state `reconnecting` becomes `error`. Also the limit of refused tokens in a row. */
const MAX_ATTEMPTS_BEFORE_ERROR = 3;
/** Failed sockets while REST works, before the reason is `websocket_blocked`. */
const CERTAIN = 2;
/** The longest wait between failing polls, in milliseconds, before a jitter of ±25 %. */
const LONGEST_POLL_MS = 60_000;
/** The growth factor of the wait between failing polls. */
const POLL_GROWTH = 1.5;
/** The factor by which a hidden page extends the poll interval. */
const HIDDEN_FACTOR = 4;

export class Reconnect {
  readonly #session: ReconnectHost;
  readonly #rereader: RoomPoller;
  #cancel: () => void = noop;
  #polling: Promise<void> | undefined;
  /** When the room list and the open rooms were last read. */
  #readAt: number;
  /**
   * The wait before the next poll, after a loss or a failed poll. Undefined: the poll interval counts from `#readAt`.
   */
  #pollWait: Wait | undefined;
  /** Failed polls in a row, and the reason of the last one. */
  #failedPolls = 0;
  #pollFailure: ReasonCode = 'server_unreachable';
  /** The wait that the server requested. */
  #patience: Wait = { from: 0, ms: 0 };
  /** Failed sockets in a row. */
  #failed = 0;
  /** Whether any socket has worked with this configuration. */
  #wasUp = false;
  /** Whether the last poll has succeeded. */
  #restWorks = false;
  /** Whether a socket has failed since the last successful poll. */
  #isRefused = false;
  /** Failed sockets between two successful polls: the server is reachable, but the socket is blocked. */
  #blocked = 0;
  /** Sockets in a row that were refused because of the token. */
  #refusals = 0;

  constructor(session: ReconnectHost) {
    this.#session = session;
    this.#rereader = new RoomPoller(session);
    this.#readAt = session.clock.now();
    Object.assign(REASONS, LATER_REASONS);
  }

  /** Stops polling, because the session ends or begins a new generation. */
  stop(): void {
    this.#cancel();
    this.#polling = undefined;
    this.caughtUp();
  }

  /** Records that everything was just read, or is being read. */
  caughtUp(): void {
    this.#readAt = this.#session.clock.now();
    this.#pollWait = undefined;
  }

  /** Resets all failure counters for a new configuration. */
  forget(): void {
    this.#failed = this.#refusals = this.#failedPolls = this.#blocked = 0;
    this.#patience = { from: 0, ms: 0 };
    this.#restWorks = this.#isRefused = false;
    this.#wasUp = false;
  }

  /** Handles the end of a socket, or a failure to open one. @returns whether to open another one now. */
  async after(end: SocketOutcome, signal: AbortSignal): Promise<boolean> {
    const session = this.#session;
    const { clock, platform } = session;
    const after = afterClose(end.code);
    if (after === 'now') {
      if (session.state.is === 'connected') session.states.toReconnecting('tab_changed');
      return true;
    }
    this.#isRefused = this.#restWorks && !end.caughtUp;
    if (end.caughtUp) this.#blocked = 0;
    const failed = (this.#failed = end.isHealthy ? 1 : this.#failed + 1);
    const refused = after === 'renew';
    this.#refusals = !refused ? 0 : end.isHealthy ? 1 : this.#refusals + 1;
    if (refused) {
      session.states.toReconnecting('token_changed');
      if (!(await session.auth.refreshRefused(end.token, signal)) || signal.aborted) return false;
      if (this.#refusals > MAX_ATTEMPTS_BEFORE_ERROR) {
        session.auth.setUnauthorized(end.token);
        return false;
      }
    }
    const least = Math.max(failed, refused ? 1 : leastAttempt(after, { isLost: end.caughtUp, wasUp: this.#wasUp }));
    const waitMs = this.#refusals === 1 ? 0 : backoff(least, platform.random);
    this.#wasUp ||= end.caughtUp;
    const at = clock.now() + waitMs;
    session.loop.next = { attempt: failed, at };
    // All clients have lost their socket at this moment, so their first polls are spread as well.
    if (end.caughtUp) this.#pollWait = this.#wait(backoff(Math.min(least, SPREAD), platform.random));
    await this.#explainLoss(end);
    if (signal.aborted) return false;
    // A poll has refreshed the token, so the socket is retried without a wait.
    if (end.token !== session.token && failed < MAX_ATTEMPTS_BEFORE_ERROR) return true;
    await session.loop.pause(Math.max(at - clock.now(), timeLeft(clock, this.#patience)), signal);
    if (signal.aborted) return false;
    session.loop.next = { attempt: failed, at: null };
    session.states.withNextTry(session.loop.next);
    return true;
  }

  /** Sets the state after a loss. If the close code does not reveal the reason, a poll does. */
  async #explainLoss(end: SocketOutcome): Promise<void> {
    if (end.caughtUp) {
      this.#session.states.toReconnecting(END_REASONS[end.code] ?? 'server_closed', this.#session.loop.next);
    } else if (this.#failedPolls > 0 && this.#pollWait && timeLeft(this.#session.clock, this.#pollWait) > 0) {
      // A poll has failed a moment ago: its reason still applies.
      this.#restFailed(this.#pollFailure);
    } else {
      await this.poll();
    }
  }

  /** Polls by REST, one poll at a time, and sets the state according to the result. */
  poll(): Promise<void> {
    const { signal } = this.#session;
    this.#polling ??= this.#pollOnce(signal).finally(() => {
      if (signal.aborted) return;
      this.#polling = undefined;
      this.caughtUp();
      if (this.#failedPolls > 0) this.#pollWait = this.#wait(this.#failedWaitMs());
      this.schedule();
    });
    return this.#polling;
  }

  /** A wait that begins now. */
  #wait(ms: number): Wait {
    return { from: this.#session.clock.now(), ms };
  }

  #failedWaitMs(): number {
    const { platform, timing } = this.#session;
    return (
      Math.min(LONGEST_POLL_MS, timing.pollMs * POLL_GROWTH ** (this.#failedPolls - 1)) * (0.75 + platform.random() / 2)
    );
  }

  async #pollOnce(signal: AbortSignal): Promise<void> {
    const session = this.#session;
    try {
      await this.#rereader.read(signal);
      throwIfAborted(signal);
      await requestUserInfo(session, signal);
      throwIfAborted(signal);
      session.outbox.sender.flush();
      const wasFailing = this.#failedPolls > 0;
      this.#failedPolls = 0;
      this.#restAnswered();
      // The server is back: retry the socket now.
      if (wasFailing && !session.socket) session.retryNow();
    } catch (thrown) {
      const error = toChatError(thrown);
      if (signal.aborted || error.code === 'aborted') return;
      // The token was refreshed, and refused again: another request would end the same way.
      if (error.code === 'unauthorized') return session.auth.setUnauthorized(session.token);
      if (error.retryAfterMs) this.#patience = this.#wait(error.retryAfterMs);
      const reason = await this.#explain(error, signal);
      if (signal.aborted) return;
      this.#failedPolls++;
      this.#pollFailure = reason;
      this.#restFailed(reason);
    }
  }

  /**
   * Called when a request has succeeded. If polls were failing, the next one is due now, because the server may be
   * back.
   */
  onRestSuccess(): void {
    if (this.#failedPolls === 0 || this.#polling) return;
    this.#pollWait = this.#wait(0);
    this.schedule();
  }

  /** Schedules the next poll according to the current state. */
  schedule(): void {
    if (this.#polling) return;
    this.#cancel();
    this.#cancel = noop;
    const session = this.#session;
    const { state, rest, clock } = session;
    if (!rest) return;
    const isConnected = state.is === 'connected';
    const isLive = isConnected && session.backend.has('user_channel');
    // With `sync`, a lost frame is noticed only at the next frame of its room, so the rooms are still checked
    // (`checkMs`).
    if (isLive && !session.backend.has('sync')) return;
    const { checkMs, rereadMs, pollMs } = session.timing;
    const everyMs = isLive
      ? checkMs
      : (isConnected ? rereadMs : pollMs) * (session.platform.isHidden() ? HIDDEN_FACTOR : 1);
    const wait = (isConnected ? undefined : this.#pollWait) ?? { from: this.#readAt, ms: everyMs };
    this.#cancel = clock.after(
      Math.max(timeLeft(clock, wait), timeLeft(clock, this.#patience)),
      () => void this.poll(),
    );
  }

  /**
   * A poll has succeeded: without a socket the state is `polling`. Until the first retry after a loss, it stays
   * `reconnecting`.
   */
  #restAnswered(): void {
    const {
      state,
      states,
      loop: { next, wasConnected },
    } = this.#session;
    if (this.#isRefused) this.#blocked++;
    this.#isRefused = false;
    this.#restWorks = true;
    if (!this.#isWaiting || (state.is === 'reconnecting' && next.attempt < 2)) return;
    states.toPolling(
      wasConnected ? 'websocket_lost' : this.#blocked < CERTAIN ? 'websocket_unavailable' : 'websocket_blocked',
      next,
    );
  }

  /**
   * A poll has failed, too. At first the state is `reconnecting`, because a restart takes a few seconds; then `error`.
   */
  #restFailed(reason: ReasonCode): void {
    this.#restWorks = this.#isRefused = false;
    this.#blocked = 0;
    if (!this.#isWaiting) return;
    const {
      states,
      loop: { next, wasConnected },
    } = this.#session;
    if (reason === 'browser_offline') states.toOffline(next);
    else if (wasConnected && next.attempt < MAX_ATTEMPTS_BEFORE_ERROR) states.toReconnecting(reason, next);
    else states.toError(reason, next);
  }

  /** Whether the socket has failed at least once and is not up. */
  get #isWaiting(): boolean {
    const {
      socket,
      loop: { next },
      state,
      rest,
    } = this.#session;
    return !socket && next.attempt > 0 && state.is !== 'connected' && rest !== undefined;
  }

  /** The reason for a failed poll. */
  async #explain({ code }: ChatError, signal: AbortSignal): Promise<ReasonCode> {
    if (code !== 'unreachable') return ERROR_REASONS[code] ?? 'server_failing';
    if (this.#session.platform.isOffline()) return 'browser_offline';
    // The server answers, but CORS hides the answer: this origin is not allowed.
    const { rest } = this.#session;
    return (await (await rest?.deferred())?.isReachable(signal)) ? 'origin_refused' : 'server_unreachable';
  }
}

/** The reasons for failed requests; `unreachable` needs a second request. */
const ERROR_REASONS: Partial<Record<ErrorCode, ReasonCode>> = {
  forbidden: 'access_refused',
  timeout: 'server_slow',
  rate_limited: 'server_busy',
  unexpected_answer: 'unexpected_answer',
  not_found: 'unexpected_answer',
};

/** The reasons for the end of a socket that was up. */
const END_REASONS: Partial<Record<number, ReasonCode>> = {
  [CloseCode.unauthorized]: 'token_changed',
  [CloseCode.goingAway]: 'server_restarting',
  [CloseCode.serviceRestart]: 'server_restarting',
  [CloseCode.policy]: 'connection_refused',
  [CloseCode.tooBig]: 'connection_refused',
  [CloseCode.serverError]: 'server_failing',
  [CloseCode.tryAgainLater]: 'server_busy',
  [CloseCode.timeout]: 'connection_silent',
  [CloseCode.abnormal]: 'connection_lost',
};
