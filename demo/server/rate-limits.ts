/** Rate limits, per user or per client address: across processes with Redis, otherwise in each process. */
import { RateLimiterMemory, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import { RequestError } from './errors.js';
import type { Logger } from './log.js';
import type { Limits } from './options.js';

/** The limits that count something per minute, and what the answer calls it. */
const COUNTED = {
  rate: 'messages',
  handshakesPerUser: 'connections',
  handshakesPerAddress: 'connections',
  failedSignInsPerAddress: 'failed sign-ins',
  ticketsPerUser: 'tickets',
  listsPerUser: 'requests',
  typingPerUser: 'frames',
  deliveredPerUser: 'frames',
  settingsPerUser: 'changes of settings',
  deletesPerUser: 'deletions',
  directRoomsPerUser: 'conversations',
  uploadsPerUser: 'uploads',
  roomChangesPerUser: 'changes',
} as const satisfies Partial<Record<keyof Limits, string>>;

export type RateLimit = keyof typeof COUNTED;

/** Creates the limiter that counts one limit. */
export type CreateLimiter = (name: RateLimit, perMinute: number) => RateLimiterAbstract;

/** Forgets a key a minute after its first event, so that its memory is bounded by the events of a minute. */
export const localRateLimiter = (perMinute: number): RateLimiterAbstract =>
  new RateLimiterMemory({ points: perMinute, duration: 60 });

export class RateLimits {
  readonly #limiters: Record<RateLimit, RateLimiterAbstract>;

  constructor(
    private readonly limits: Limits,
    create: CreateLimiter,
    private readonly log: Logger,
  ) {
    const names = Object.keys(COUNTED) as RateLimit[];
    this.#limiters = Object.fromEntries(names.map((name) => [name, create(name, limits[name])])) as Record<
      RateLimit,
      RateLimiterAbstract
    >;
  }

  /**
   * Counts one event.
   * @param key The user id or the client address.
   * @throws {RequestError} `rate_limited`, with `retryAfter`.
   */
  async count(name: RateLimit, key: number | string): Promise<void> {
    const retryAfter = await this.#secondsToWait(name, key);
    if (retryAfter > 0)
      throw new RequestError('rate_limited', `Too many ${COUNTED[name]}. Try again in ${retryAfter} s.`, {
        retryAfter,
      });
  }

  /** Counts one event. @returns whether it is within the limit. */
  async allows(name: RateLimit, key: number | string): Promise<boolean> {
    return (await this.#secondsToWait(name, key)) === 0;
  }

  async #secondsToWait(name: RateLimit, key: number | string): Promise<number> {
    try {
      await this.#limiters[name].consume(key);
      return 0;
    } catch (thrown) {
      if (!(thrown instanceof RateLimiterRes)) throw thrown;
      // Only the first one: a client that exceeds a limit usually goes on, and must not fill the log.
      if (thrown.consumedPoints === this.limits[name] + 1) this.log.warn({ limit: name, key }, 'rate limit exceeded');
      return Math.max(1, Math.ceil(thrown.msBeforeNext / 1000));
    }
  }
}
