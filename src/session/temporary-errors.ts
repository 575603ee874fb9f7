import { ChatError, type ErrorCode } from '../transport/index.js';

/** Errors that mean only that the server cannot answer now: the same request may succeed later. */
export const TEMPORARY: readonly ErrorCode[] = ['unreachable', 'timeout', 'server_error', 'rate_limited'];

/** Names and codes of network errors in browsers (`DOMException`) and HTTP libraries (axios, Node). */
const NETWORK_ERRORS: readonly unknown[] = [
  'NetworkError',
  'TimeoutError',
  'AbortError',
  'ERR_NETWORK',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ETIMEDOUT',
];
/**
 * Messages of `fetch` without a network, in Chromium, Firefox, WebKit and Node. Any other `TypeError` is a bug in the
 * page's function.
 */
const FETCH_FAILED =
  /^(Failed to fetch|NetworkError when attempting|Load failed|fetch failed|The network connection was lost|The Internet connection appears)/;

/**
 * Converts an error of a page's function (`tokenProvider`, `respondWith`) that means only that the network failed.
 * @returns a `ChatError` with one of the `TEMPORARY` codes; undefined for any other error.
 */
export function asTemporary(thrown: unknown): ChatError | undefined {
  if (thrown instanceof ChatError) return TEMPORARY.includes(thrown.code) ? thrown : undefined;
  const { name, code, message } = (thrown ?? {}) as { name?: unknown; code?: unknown; message?: unknown };
  const isFetch = name === 'TypeError' && typeof message === 'string' && FETCH_FAILED.test(message);
  // The message of the page's error is not used: it may contain anything.
  return isFetch || NETWORK_ERRORS.includes(name) || NETWORK_ERRORS.includes(code)
    ? new ChatError('unreachable', 'The token could not be requested.')
    : undefined;
}
