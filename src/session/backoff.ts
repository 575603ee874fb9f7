import type { AfterClose } from '../protocol/index.js';

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** The attempt whose wait (up to 2 s) follows a socket that worked and was lost. */
const LOST = 2;
/** The attempt whose wait (up to 8 s) is long enough for everybody whom one server has lost at once. */
export const SPREAD = 4;

/**
 * How long to wait before a try: up to 1 s after the first failure, doubling to 30 s, with full jitter, so that a server
 * that comes back does not get all clients at once.
 * @param attempt 1 for the first.
 * @param random in [0, 1).
 * @returns milliseconds.
 */
export const backoff = (attempt: number, random: () => number): number =>
  Math.round(random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1)));

/** The attempt that the wait after a socket's end must at least be: who loses a socket is rarely alone. */
export function leastAttempt(after: AfterClose, { isLost, wasUp }: { isLost: boolean; wasUp: boolean }): number {
  if (isLost && after !== 'spread') return LOST;
  return isLost || wasUp ? SPREAD : 1;
}
