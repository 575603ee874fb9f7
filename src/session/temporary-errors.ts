import { ChatError, type ErrorCode } from '../transport/index.js';

/** Errors that say only that the server cannot answer now: the same request may succeed later. */
export const TEMPORARY: readonly ErrorCode[] = ['unreachable', 'timeout', 'server_error', 'rate_limited'];

/** Names and codes of network errors, as browsers (`DOMException`) and HTTP libraries (axios, Node) give them. */
const NETWORK_ERRORS: readonly unknown[] = [
  'NetworkError',
  'TimeoutError',
  'AbortError',
  'ERR_NETWORK',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ETIMEDOUT',
];
/** How `fetch` rejects without a network, in Chromium, Firefox, WebKit and Node. Any other `TypeError` is a mistake in the function itself. */
const FETCH_FAILED =
  /^(Failed to fetch|NetworkError when attempting|Load failed|fetch failed|The network connection was lost|The Internet connection appears)/;

/**
 * An error of the page's own function (`tokenProvider`, `respondWith`), if it says only that the network failed.
 * @returns a `ChatError` with one of the `TEMPORARY` codes; undefined for any other error.
 */
export function asTemporary(thrown: unknown): ChatError | undefined {
  if (thrown instanceof ChatError) return TEMPORARY.includes(thrown.code) ? thrown : undefined;
  const { name, code, message } = (thrown ?? {}) as { name?: unknown; code?: unknown; message?: unknown };
  const isFetch = name === 'TypeError' && typeof message === 'string' && FETCH_FAILED.test(message);
  // The message is the page's own, and may hold anything.
  return isFetch || NETWORK_ERRORS.includes(name) || NETWORK_ERRORS.includes(code)
    ? new ChatError('unreachable', 'The token could not be requested.')
    : undefined;
}
