import type { AfterClose } from '../protocol/index.js';

/** The minimum attempt number after the loss of a working socket: a wait of up to 2 s. */
const LOST = 2;
/** The minimum attempt number after a server has dropped all its clients: a wait of up to 8 s, to spread them. */
export const SPREAD = 4;

/**
 * The minimum attempt number for the wait after a socket's end: other clients usually lose their sockets at the same
 * moment.
 */
export function leastAttempt(after: AfterClose, { isLost, wasUp }: { isLost: boolean; wasUp: boolean }): number {
  if (isLost && after !== 'spread') return LOST;
  return isLost || wasUp ? SPREAD : 1;
}
