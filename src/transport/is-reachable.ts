import type { RestClient } from './rest.js';

/**
 * Whether a server answers at all, though it may forbid this page to read the answer. Tells 'this site is not allowed' from 'the
 * server is gone', which look the same to `fetch`. Carries no token.
 */
export const isReachable = (rest: RestClient, signal?: AbortSignal): Promise<boolean> =>
  rest.fetch(new URL('rooms/', rest.base), { mode: 'no-cors', credentials: 'omit', cache: 'no-store' }, signal).then(
    () => true,
    () => false,
  );
