/**
 * Requests another token from the page: if there is none, if it was refused, and before it expires. Loaded on demand:
 * see deferred.ts.
 */
import { readClaims } from '../../internal/claims.js';
import { ChatError, sleep, toChatError } from '../../transport/index.js';
import { backoff } from '../backoff.js';
import type { SessionContext, SessionConfig } from '../session-context.js';
import { asTemporary } from '../temporary-errors.js';
import { timeLeft } from '../time-left.js';
import type { TokenManager } from './token-manager.js';

export type TokenRefresherHost = Pick<
  SessionContext,
  'backend' | 'clock' | 'loop' | 'platform' | 'report' | 'rest' | 'signal' | 'state' | 'states' | 'timing'
>;

/** The earliest refresh before the expiry of a token, in milliseconds. */
const EARLY_MS = 60_000;
/** The minimum time between two refreshes before expiry, in milliseconds: a page may have only stale tokens. */
const SELDOM_MS = 30_000;
/**
 * The number of tokens per period (in milliseconds) after which the page is not asked for a while: all its tokens are
 * refused.
 */
const MOST_ANSWERS = 5;
const ANSWERS_MS = 30_000;
/**
 * The minimum time between two requests while no user is signed in, in milliseconds. It doubles with each request, up
 * to the second value.
 */
const AGAIN_MS = 10_000;
const SELDOM_AGAIN_MS = 300_000;
/**
 * A request for a token that is younger than this, in milliseconds, is not replaced by another one, however often
 * 'Retry' is pressed.
 */
const AGAIN_AT_ONCE_MS = 1_000;
/** The page could not be asked. */
const FAILED = Symbol('failed');
/** The longest delay of a browser's timer, in milliseconds. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * Requests a token from the page: by `tokenProvider`, `tokenUrl`, or the event `chat-token-expired`. Undefined: the
 * page provides none. Empty: no user is signed in. Rejects with a network error (see `asTemporary`) if the token
 * endpoint cannot be reached now, which does not reveal who is signed in.
 * @param signal aborts the request, if possible.
 */
export type AskForToken = (signal: AbortSignal) => Promise<string | undefined>;

export interface TokenRefresherOptions {
  ask: AskForToken;
  /** Whether asking can be aborted (a request) or not (a function of the page). */
  canAbort(): boolean;
  /** Called when the page has provided a token in time. */
  onAnswer(token: string): void;
  /** Called when the page reports that no user is signed in, although the token is still valid. */
  onSignedOut(): void;
  /** Called when there is another token, although the old one is still valid. */
  onRenewed(): void;
  /** Called when the page provides a token after the deadline, or in response to `askAgain`. */
  onLate(token: string): void;
}

export class TokenRefresher {
  readonly #session: TokenRefresherHost;
  readonly #tokens: TokenManager;
  readonly #parts: TokenRefresherOptions;
  #renewedAt = -Infinity;
  #answeredAt: number[] = [];
  #askedAt = -Infinity;
  /** Whether the last request has failed with an error that does not concern the network. */
  #hasFailed = false;
  /** Whether that was because of what the token endpoint answered: it is unknown who is signed in. */
  isEndpointFailing = false;
  #againMs = AGAIN_MS;
  #asking: Promise<boolean> | undefined;
  #answer: Promise<string | undefined> | undefined;
  #abort = new AbortController();
  #recheck = new AbortController();
  #isStartingOver = false;
  #giveUp: () => void = () => {};
  #cancel: () => void = () => {};

  constructor(session: TokenRefresherHost, tokens: TokenManager, parts: TokenRefresherOptions) {
    this.#session = session;
    this.#tokens = tokens;
    this.#parts = parts;
  }

  /**
   * Applies a configuration in which only the token is new, if the backend accepts another token on the open socket.
   * @returns whether it was applied. If not, a new generation must begin.
   */
  applyTokenInPlace(old: SessionConfig, setup: SessionConfig): boolean {
    if (!this.#session.backend.has('token_refresh')) return false;
    if (
      (Object.keys({ ...old, ...setup }) as (keyof SessionConfig)[]).some(
        (key) => key !== 'token' && old[key] !== setup[key],
      )
    )
      return false;
    this.stop();
    this.#tokens.token = setup.token;
    return true;
  }

  /** Schedules the refresh of the current token. */
  schedule(): void {
    this.#cancel();
    const { token, since, skewMs } = this.#tokens;
    const { expiresAt, issuedAt } = readClaims(token);
    const { clock, platform, rest } = this.#session;
    if (expiresAt === null || !rest) return;
    const lifeMs = expiresAt - (issuedAt ?? since + (skewMs ?? 0));
    // Without the server's clock: count the token's lifetime from its arrival. It cannot expire later than that.
    const leftMs =
      skewMs === undefined && issuedAt !== null
        ? since + lifeMs - clock.now()
        : expiresAt - clock.now() - (skewMs ?? 0);
    const earlyMs = Math.min(EARLY_MS, lifeMs / 4) * (0.5 + platform.random() / 2);
    const seldomMs = timeLeft(clock, { from: this.#renewedAt, ms: SELDOM_MS });
    this.#cancel = clock.after(Math.min(Math.max(leftMs - earlyMs, seldomMs), MAX_DELAY_MS), () => void this.now());
  }

  /** Refreshes a token that has not been refused yet. */
  async now(): Promise<void> {
    this.#cancel();
    const { clock } = this.#session;
    if (timeLeft(clock, { from: this.#renewedAt, ms: SELDOM_MS }) > 0) return;
    const before = this.#tokens.token;
    this.#renewedAt = clock.now();
    // A failure does no harm: the page is asked again when the token is refused.
    await this.request().catch(() => {});
    if (this.#tokens.token !== before) this.#parts.onRenewed();
  }

  /**
   * Stops asking. Callers that wait for the page's answer continue without it, because its promise may never settle.
   */
  stop(): void {
    this.#cancel();
    this.#asking = undefined;
    if (this.#parts.canAbort()) this.forget();
    this.#tokens.refuse('');
    this.#giveUp();
  }

  /** Ignores the answers to earlier requests, for another user or backend. */
  forget(): void {
    this.#answer = undefined;
    this.#againMs = AGAIN_MS;
    this.#abort.abort();
    this.#abort = new AbortController();
  }

  /**
   * Asks the page again in the background, at growing intervals, because a user may have signed in. A token counts as a
   * late answer.
   */
  askAgain(): void {
    this.#cancel();
    const { clock, timing } = this.#session;
    this.#cancel = clock.after(timeLeft(clock, { from: this.#askedAt, ms: this.#againMs }), () => {
      // The answer was not provided in time, and is no longer awaited.
      if (timeLeft(clock, { from: this.#askedAt, ms: timing.requestMs }) === 0) this.#answer = undefined;
      this.#againMs = Math.min(this.#againMs * 2, SELDOM_AGAIN_MS);
      // The token may have been refused by mistake: let the page decide whether it has a better one.
      this.#tokens.refuse('');
      void this.#question();
    });
  }

  /** Asks again without waiting for the answer to an earlier request, unless that was made only just now. */
  startOver(): void {
    if (timeLeft(this.#session.clock, { from: this.#askedAt, ms: AGAIN_AT_ONCE_MS }) > 0) return;
    this.forget();
    this.#tokens.refuse('');
    this.#answeredAt = [];
    this.#isStartingOver = true;
    this.#giveUp();
  }

  /**
   * Asks the page who is signed in, although the token is still valid, because another tab has reported a change.
   * Retries after a failure, at growing intervals.
   */
  async recheck(): Promise<void> {
    const { clock, timing } = this.#session;
    const before = this.#tokens.token;
    // A newer report replaces an older one that is still being handled.
    this.#recheck.abort();
    this.#recheck = new AbortController();
    const signal = AbortSignal.any([this.#session.signal, this.#recheck.signal]);
    const isOver = (): boolean => signal.aborted || this.#tokens.token !== before;
    for (let waitMs = AGAIN_MS / 2; !isOver(); waitMs = Math.min(waitMs * 2, SELDOM_AGAIN_MS)) {
      const late = new AbortController();
      const answer = await Promise.race([
        this.#question().catch(() => FAILED),
        sleep(clock, timing.requestMs, late.signal).then(() => FAILED),
      ]);
      late.abort();
      if (isOver()) return;
      if (typeof answer === 'string') {
        if (answer && answer !== before) this.#parts.onAnswer(answer);
        if (!answer) this.#parts.onSignedOut();
        return;
      }
      // The page has no means to provide a token.
      if (answer === undefined && !this.#hasFailed) return;
      // The answer was not provided in time: the next attempt asks again.
      if (timeLeft(clock, { from: this.#askedAt, ms: timing.requestMs }) === 0) this.#answer = undefined;
      await sleep(clock, waitMs, signal);
    }
  }

  /**
   * Requests a token from the page. Concurrent calls share one request.
   * @returns whether there is a usable token now.
   * @throws {ChatError} if the page's token endpoint cannot be reached now.
   */
  request(): Promise<boolean> {
    if (this.#asking) return this.#asking;
    const asking = this.#request().finally(() => {
      if (this.#asking === asking) this.#asking = undefined;
    });
    return (this.#asking = asking);
  }

  async #request(): Promise<boolean> {
    const { clock } = this.#session;
    this.#answeredAt = this.#answeredAt.filter((from) => timeLeft(clock, { from, ms: ANSWERS_MS }) > 0);
    if (this.#answeredAt.length >= MOST_ANSWERS) return this.#tokens.isUsable;
    const before = this.#tokens.token;
    const answer = await this.#answerInTime();
    // The page may have set another token in the meantime, which takes precedence.
    if (answer) this.#answeredAt.push(clock.now());
    if (answer && this.#tokens.token === before) this.#parts.onAnswer(answer);
    return this.#tokens.isUsable;
  }

  /**
   * @returns undefined if the page does not answer in time, or if the answer is no longer needed.
   * @throws {ChatError} if the token endpoint cannot be reached now.
   */
  async #answerInTime(): Promise<string | undefined> {
    const { clock, timing } = this.#session;
    for (;;) {
      this.#isStartingOver = false;
      let cancel = (): void => {};
      const givenUp = new Promise<undefined>((resolve) => {
        this.#giveUp = () => resolve(undefined);
        cancel = clock.after(timing.requestMs, () => {
          this.#problem(`The page did not give a token within ${timing.requestMs / 1000} s.`);
          resolve(undefined);
        });
      });
      const answer = await Promise.race([this.#question(), givenUp]).finally(() => cancel());
      if (!this.#isStartingOver) return answer;
    }
  }

  /**
   * Requests a token until there is one, or until the page reports that no user is signed in. While its token endpoint
   * cannot be reached, the state says so.
   * @param failure why the page could not be asked before.
   * @returns whether there is a token.
   */
  async await(signal: AbortSignal, failure?: ChatError): Promise<boolean> {
    const session = this.#session;
    for (let attempt = 1; ;) {
      if (failure) {
        const waitMs = Math.max(backoff(attempt, session.platform.random), failure.retryAfterMs ?? 0);
        const next = { attempt, at: session.clock.now() + waitMs };
        if (session.platform.isOffline()) session.states.toOffline(next);
        else session.states.toError('token_endpoint_unreachable', next);
        await session.loop.pause(waitMs, signal);
        if (signal.aborted) return false;
        attempt++;
      }
      failure = undefined;
      const isUsable = await this.request().catch((thrown: unknown) => void (failure = toChatError(thrown)));
      if (signal.aborted || isUsable) return !signal.aborted;
      if (!failure) {
        session.states.toUnauthorized(this.isEndpointFailing ? 'token_endpoint_failing' : 'token_missing');
        return false;
      }
    }
  }

  /** Asks the page. Only one question is pending at a time, however long the answer takes. */
  #question(): Promise<string | undefined> {
    const { ask, onLate } = this.#parts;
    if (this.#answer) return this.#answer;
    this.#askedAt = this.#session.clock.now();
    this.#hasFailed = this.isEndpointFailing = false;
    const wasUnauthorized = this.#session.state.is === 'unauthorized';
    const asked: Promise<string | undefined> = ask(this.#abort.signal)
      .catch((thrown: unknown) => {
        if (this.#answer !== asked) return undefined;
        const temporary = asTemporary(thrown);
        if (temporary) {
          this.#answer = undefined;
          throw temporary;
        }
        this.#hasFailed = true;
        this.isEndpointFailing = thrown instanceof ChatError;
        // The message of the page's error is not reported: it may contain anything.
        return this.#problem(
          thrown instanceof ChatError
            ? thrown.message
            : 'The page failed to give a token: its function threw, or its promise was rejected.',
        );
      })
      .then((answer) => {
        if (this.#answer !== asked) return undefined;
        this.#answer = undefined;
        if (typeof answer !== 'string') return undefined;
        const token = answer.trim();
        // A late token is still used. The refused one is tried again only if the page was asked after the refusal.
        if (!this.#asking && token && (token !== this.#tokens.token || wasUnauthorized)) {
          this.#againMs = AGAIN_MS;
          onLate(token);
        }
        return token;
      });
    // Callers handle the rejection, but there may be no caller left.
    asked.catch(() => {});
    return (this.#answer = asked);
  }

  /** Reports a fault in the page's answer, without the token. */
  #problem(detail: string): undefined {
    this.#session.report({ type: 'problem', problem: { code: 'token_provider', detail } });
  }
}
