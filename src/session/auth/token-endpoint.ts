/** Requests tokens from the site's own server (`token-url`). Loaded on demand: see deferred.ts. */
import { ChatError, fetchWithDeadline, parseUrl, retryAfter, type FetchOptions } from '../../transport/index.js';

/** The deadline for the response of a token endpoint, in milliseconds. */
export const TOKEN_TIMEOUT_MS = 10_000;

/**
 * Requests a token with the visitor's cookies.
 * @param tokenUrl relative to the page. The response is `{"token": "…"}` (or `access`, `access_token`), or the token
 *   alone.
 * @returns an empty text if no user is signed in there (401, 403, 204).
 * @throws {ChatError} `unreachable`, `timeout`, `server_error` or `rate_limited`: it is unknown who is signed in, and a
 *   retry may succeed (after `retryAfterMs`, if the endpoint specifies it). `bad_url`: the address is invalid.
 *   `unexpected_answer`: the response is not a token.
 */
export async function fetchToken(tokenUrl: string, options: FetchOptions): Promise<string> {
  const address = parseUrl(tokenUrl, globalThis.location?.href);
  if (!address) throw new ChatError('bad_url', `token-url="${tokenUrl}" is not an address.`);
  const init: RequestInit = { credentials: 'include', cache: 'no-store', headers: { Accept: 'application/json' } };
  const token = await fetchWithDeadline(address, init, options, async (response) => {
    const { status, ok, redirected } = response;
    if (status === 401 || status === 403 || status === 204) return '';
    // The address as the browser has resolved it, without a query, which may contain anything.
    const { origin, pathname } = redirected ? new URL(response.url) : address;
    const where = `(${redirected ? 'redirected to ' : ''}${origin}${pathname})`;
    if (ok) return tokenIn(await response.text(), where);
    const sentence = `token-url answered ${status} ${where}. Expected: 200 with {"token": "…"}.`;
    if (status < 500 && status !== 429) throw new ChatError('unexpected_answer', sentence);
    throw new ChatError(status === 429 ? 'rate_limited' : 'server_error', sentence, status, retryAfter(response));
  }).catch((thrown: unknown) => {
    if (thrown instanceof ChatError && (thrown.code === 'unreachable' || thrown.code === 'timeout'))
      throw new ChatError(
        thrown.code,
        `token-url got no answer (${address.origin}${address.pathname}): ${thrown.message}`,
      );
    throw thrown;
  });
  return token ?? '';
}

/** @throws {ChatError} `unexpected_answer`. */
function tokenIn(text: string, where: string): string {
  let answer: unknown = text.trim();
  try {
    const body = JSON.parse(text) as Record<string, unknown> | string | null;
    answer = typeof body === 'string' ? body : (body?.token ?? body?.access ?? body?.access_token);
  } catch {
    // Not JSON: the token alone.
  }
  // The error does not quote the response, which may contain anything.
  if (typeof answer !== 'string' || !/^[^\s<>]+$/.test(answer)) {
    const what = /^\s*</.test(text) ? 'a page (HTML) instead of a token' : 'no token';
    throw new ChatError('unexpected_answer', `token-url answered ${what} ${where}. Expected: {"token": "…"}.`);
  }
  return answer;
}
