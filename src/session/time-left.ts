import type { Clock } from '../transport/index.js';

/** A wait that began at `from`, in milliseconds since 1970, and takes `ms`. */
export interface Wait {
  readonly from: number;
  readonly ms: number;
}

/**
 * Milliseconds that are left of a wait. None where the clock has been set back since it began (a time server, a person): by the clock, it might
 * take hours.
 */
export const timeLeft = (clock: Clock, { from, ms }: Wait): number => {
  const now = clock.now();
  return from > now ? 0 : Math.max(0, from + ms - now);
};
