const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * The wait before the next attempt: up to 1 s after the first failure, doubled up to 30 s, with full jitter, so that a
 * restarted server does not get all clients at once.
 * @param attempt 1 for the first.
 * @param random returns a number in [0, 1).
 * @returns milliseconds.
 */
export const backoff = (attempt: number, random: () => number): number =>
  Math.round(random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1)));
