import type { RestClient } from './rest.js';

/**
 * Whether a server answers at all, even if this page may not read the answer. Distinguishes 'this origin is not
 * allowed' from 'the server is unreachable', which look the same to `fetch`. Sends no token.
 */
export const isReachable = (rest: RestClient, signal?: AbortSignal): Promise<boolean> =>
  rest.fetch(new URL('rooms/', rest.base), { mode: 'no-cors', credentials: 'omit', cache: 'no-store' }, signal).then(
    () => true,
    () => false,
  );
