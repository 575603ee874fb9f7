import type { Clock } from '../transport/index.js';

/** A wait of `ms` milliseconds that began at `from`, in milliseconds since 1970. */
export interface Wait {
  readonly from: number;
  readonly ms: number;
}

/**
 * The rest of a wait, in milliseconds. 0 if the clock was set back since it began (by a time server or by hand):
 * otherwise the wait might take hours.
 */
export const timeLeft = (clock: Clock, { from, ms }: Wait): number => {
  const now = clock.now();
  return from > now ? 0 : Math.max(0, from + ms - now);
};
