/**
 * What follows the end of a socket: a wait that grows, and meanwhile REST. Everything is read at intervals, and what comes of it
 * says what is the matter. Also beside a socket, where that does not tell everything. Loaded on demand: see deferred.ts.
 */
import { afterClose, CloseCode } from '../protocol/index.js';
import { isReachable, throwIfAborted, toChatError, type ChatError, type ErrorCode } from '../transport/index.js';
import { backoff, leastAttempt, SPREAD } from './backoff.js';
import type { SessionContext, SocketOutcome } from './session-context.js';
import { requestUserInfo } from './auth/request-user-info.js';
import { LATER_REASONS } from './deferred-state-reasons.js';
import { REASONS, type ReasonCode } from './state-reasons.js';
import { RoomPoller } from './sync/room-poller.js';
import { timeLeft, type Wait } from './time-left.js';

/** Tries that fail before 'reconnecting' becomes 'nothing works'. */
const MAX_ATTEMPTS_BEFORE_ERROR = 3;
/** Tries of the socket that fail while REST works, before something is said to be in its way. */
const CERTAIN = 2;
/** The longest wait between two polls that fail, in milliseconds, before chance makes it shorter or longer by a quarter. */
const LONGEST_POLL_MS = 60_000;
/** How much longer each wait is than the one before, while polls fail. */
const POLL_GROWTH = 1.5;
/** While the page is hidden, the time between two reads is this many times longer. */
const HIDDEN_FACTOR = 4;

const NEVER = (): void => {};

export class Reconnect {
  readonly #session: SessionContext;
  readonly #rereader: RoomPoller;
  #cancel: () => void = NEVER;
  #polling: Promise<void> | undefined;
  /** When everything was last read. */
  #readAt: number;
  /** The wait for the next poll: after a loss, and while polls fail. Undefined: it follows from `#readAt`. */
  #pollWait: Wait | undefined;
  /** Polls that have failed, in a row; and why the last one did. */
  #failedPolls = 0;
  #pollFailure: ReasonCode = 'server_unreachable';
  /** The wait that the server asked for. */
  #patience: Wait = { from: 0, ms: 0 };
  /** Tries of the socket that have failed, in a row. */
  #failed = 0;
  /** Whether a socket has worked. */
  #wasUp = false;
  /** REST has answered at the last poll. */
  #restWorks = false;
  /** A try of the socket has failed since then. */
  #isRefused = false;
  /** Tries of the socket that failed between two answers of REST: then it is not the server that is gone. */
  #blocked = 0;
  /** Of the tries that failed, the last ones that were refused for their token. */
  #refusals = 0;

  constructor(session: SessionContext) {
    this.#session = session;
    this.#rereader = new RoomPoller(session);
    this.#readAt = session.clock.now();
    Object.assign(REASONS, LATER_REASONS);
  }

  /** The session ends, or begins anew. */
  stop(): void {
    this.#cancel();
    this.#polling = undefined;
    this.caughtUp();
  }

  /** Everything was just read, or is being read. */
  caughtUp(): void {
    this.#readAt = this.#session.clock.now();
    this.#pollWait = undefined;
  }

  /** The page has something new: what failed before it says nothing. */
  forget(): void {
    this.#failed = this.#refusals = this.#failedPolls = this.#blocked = 0;
    this.#patience = { from: 0, ms: 0 };
    this.#restWorks = this.#isRefused = false;
    this.#wasUp = false;
  }

  /** A socket has ended, or could not be opened. @returns whether to open another one, now. */
  async after(end: SocketOutcome, signal: AbortSignal): Promise<boolean> {
    const session = this.#session;
    const { clock, random } = session;
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
    const waitMs = this.#refusals === 1 ? 0 : backoff(least, random);
    this.#wasUp ||= end.caughtUp;
    const at = clock.now() + waitMs;
    session.loop.next = { attempt: failed, at };
    // Everybody has lost the socket at this moment: REST is not asked by all of them at once either.
    if (end.caughtUp) this.#pollWait = this.#wait(backoff(Math.min(least, SPREAD), random));
    await this.#explainLoss(end);
    if (signal.aborted) return false;
    // REST has just renewed the token: the socket need not wait.
    if (end.token !== session.token && failed < MAX_ATTEMPTS_BEFORE_ERROR) return true;
    await session.loop.pause(Math.max(at - clock.now(), timeLeft(clock, this.#patience)), signal);
    if (signal.aborted) return false;
    session.loop.next = { attempt: failed, at: null };
    session.states.withNextTry(session.loop.next);
    return true;
  }

  /** Says what happened, after having asked REST where the socket alone cannot know. */
  async #explainLoss(end: SocketOutcome): Promise<void> {
    if (end.caughtUp) {
      this.#session.states.toReconnecting(END_REASONS[end.code] ?? 'server_closed', this.#session.loop.next);
    } else if (this.#failedPolls > 0 && this.#pollWait && timeLeft(this.#session.clock, this.#pollWait) > 0) {
      // It was asked a moment ago, and has failed: that is still the reason.
      this.#restFailed(this.#pollFailure);
    } else {
      await this.poll();
    }
  }

  /** Reads over REST, once at a time, and says what came of it. */
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
    const { random, timing } = this.#session;
    return Math.min(LONGEST_POLL_MS, timing.pollMs * POLL_GROWTH ** (this.#failedPolls - 1)) * (0.75 + random() / 2);
  }

  async #pollOnce(signal: AbortSignal): Promise<void> {
    const session = this.#session;
    try {
      await this.#rereader.read(signal);
      throwIfAborted(signal);
      await requestUserInfo(session, signal);
      throwIfAborted(signal);
      session.outbox.flush();
      const wasFailing = this.#failedPolls > 0;
      this.#failedPolls = 0;
      this.#restAnswered();
      // The server is back: the socket need not wait any longer.
      if (wasFailing && !session.socket) session.retryNow();
    } catch (thrown) {
      const error = toChatError(thrown);
      if (signal.aborted || error.code === 'aborted') return;
      // Renewed, and refused again: asking once more would only turn in a circle.
      if (error.code === 'unauthorized') return session.auth.setUnauthorized(session.token);
      if (error.retryAfterMs) this.#patience = this.#wait(error.retryAfterMs);
      const reason = await this.#explain(error, signal);
      if (signal.aborted) return;
      this.#failedPolls++;
      this.#pollFailure = reason;
      this.#restFailed(reason);
    }
  }

  /** A request that is no part of a poll has succeeded. If polls failed, the server may be back: the next poll does not wait any longer. */
  onRestSuccess(): void {
    if (this.#failedPolls === 0 || this.#polling) return;
    this.#pollWait = this.#wait(0);
    this.schedule();
  }

  /** Sets the time of the next poll, as the state wants it. */
  schedule(): void {
    if (this.#polling) return;
    this.#cancel();
    this.#cancel = NEVER;
    const session = this.#session;
    const { state, rest, clock } = session;
    if (!rest) return;
    const isConnected = state.is === 'connected';
    const isLive = isConnected && session.has('user_channel');
    // A backend that counts may lose a frame behind its own back, and nobody would know before the next one of that room.
    if (isLive && !session.has('sync')) return;
    const { checkMs, rereadMs, pollMs } = session.timing;
    const everyMs = isLive ? checkMs : (isConnected ? rereadMs : pollMs) * (session.isHidden() ? HIDDEN_FACTOR : 1);
    const wait = (isConnected ? undefined : this.#pollWait) ?? { from: this.#readAt, ms: everyMs };
    this.#cancel = clock.after(Math.max(timeLeft(clock, wait), timeLeft(clock, this.#patience)), () => void this.poll());
  }

  /** REST works, so as long as the socket does not: polling. The first second after a loss is left to the socket. */
  #restAnswered(): void {
    const { state, states, loop: { next, wasConnected } } = this.#session;
    if (this.#isRefused) this.#blocked++;
    this.#isRefused = false;
    this.#restWorks = true;
    if (!this.#isWaiting || (state.is === 'reconnecting' && next.attempt < 2)) return;
    states.toPolling(wasConnected ? 'websocket_lost' : this.#blocked < CERTAIN ? 'websocket_unavailable' : 'websocket_blocked', next);
  }

  /** Neither works. Patience first: a restart takes a few seconds. */
  #restFailed(reason: ReasonCode): void {
    this.#restWorks = this.#isRefused = false;
    this.#blocked = 0;
    if (!this.#isWaiting) return;
    const { states, loop: { next, wasConnected } } = this.#session;
    if (reason === 'browser_offline') states.toOffline(next);
    else if (wasConnected && next.attempt < MAX_ATTEMPTS_BEFORE_ERROR) states.toReconnecting(reason, next);
    else states.toError(reason, next);
  }

  /** Whether the socket has failed at least once and is not up. */
  get #isWaiting(): boolean {
    const { socket, loop: { next }, state, rest } = this.#session;
    return !socket && next.attempt > 0 && state.is !== 'connected' && rest !== undefined;
  }

  /** What a failed request means, in words that help. */
  async #explain({ code }: ChatError, signal: AbortSignal): Promise<ReasonCode> {
    if (code !== 'unreachable') return ERROR_REASONS[code] ?? 'server_failing';
    if (this.#session.isOffline()) return 'browser_offline';
    // A server that answers, but whose answer this page may not read, does not want this site.
    const { rest } = this.#session;
    return rest && (await isReachable(rest, signal)) ? 'origin_refused' : 'server_unreachable';
  }
}

/** What a failed request means; 'unreachable' needs a second look. */
const ERROR_REASONS: Partial<Record<ErrorCode, ReasonCode>> = {
  forbidden: 'access_refused',
  timeout: 'server_slow',
  rate_limited: 'server_busy',
  unexpected_answer: 'unexpected_answer',
  not_found: 'unexpected_answer',
};

/** Why a socket that had been up has ended. */
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
