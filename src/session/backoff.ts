import type { AfterClose } from '../protocol/index.js';

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/** The minimum attempt number after the loss of a working socket: a wait of up to 2 s. */
const LOST = 2;
/** The minimum attempt number after a server has dropped all its clients: a wait of up to 8 s, to spread them. */
export const SPREAD = 4;

/**
 * The wait before the next attempt: up to 1 s after the first failure, doubled up to 30 s, with full jitter, so that a
 * restarted server does not get all clients at once.
 * @param attempt 1 for the first.
 * @param random returns a number in [0, 1).
 * @returns milliseconds.
 */
export const backoff = (attempt: number, random: () => number): number =>
  Math.round(random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1)));

/**
 * The minimum attempt number for the wait after a socket's end: other clients usually lose their sockets at the same
 * moment.
 */
export function leastAttempt(after: AfterClose, { isLost, wasUp }: { isLost: boolean; wasUp: boolean }): number {
  if (isLost && after !== 'spread') return LOST;
  return isLost || wasUp ? SPREAD : 1;
}
