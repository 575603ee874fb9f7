/** Tokens from the site's own server: what `token-url` names. Loaded on demand: see deferred.ts. */
import { ChatError, fetchWithDeadline, parseUrl, retryAfter, type FetchOptions } from '../../transport/index.js';

/** Until a token endpoint must have answered, in milliseconds. */
export const TOKEN_TIMEOUT_MS = 10_000;

/**
 * Fetches a token with the visitor's cookies.
 * @param tokenUrl relative to the page. It answers with `{"token": "…"}` (or `access`, `access_token`), or with the token alone.
 * @returns empty where nobody is signed in there (401, 403, 204).
 * @throws {ChatError} `unreachable`, `timeout`, `server_error` or `rate_limited`: it is not known who is signed in, and asking again may
 *   help (after `retryAfterMs`, where the endpoint says so). `bad_url`, or `unexpected_answer`, which says what came instead of a token.
 */
export async function fetchToken(tokenUrl: string, options: FetchOptions): Promise<string> {
  const address = parseUrl(tokenUrl, globalThis.location?.href);
  if (!address) throw new ChatError('bad_url', `token-url="${tokenUrl}" is not an address.`);
  const init: RequestInit = { credentials: 'include', cache: 'no-store', headers: { Accept: 'application/json' } };
  const token = await fetchWithDeadline(address, init, options, async (response) => {
    const { status, ok } = response;
    if (status === 401 || status === 403 || status === 204) return '';
    if (ok) return tokenIn(await response.text());
    const sentence = `token-url answered ${status}. Expected: {"token": "…"}.`;
    if (status < 500 && status !== 429) throw new ChatError('unexpected_answer', sentence);
    throw new ChatError(status === 429 ? 'rate_limited' : 'server_error', sentence, status, retryAfter(response));
  });
  return token ?? '';
}

/** @throws {ChatError} */
function tokenIn(text: string): string {
  let answer: unknown = text.trim();
  try {
    const body = JSON.parse(text) as Record<string, unknown> | string | null;
    answer = typeof body === 'string' ? body : (body?.token ?? body?.access ?? body?.access_token);
  } catch {
    // Not JSON: the token alone.
  }
  // What came is not repeated: it may hold anything.
  if (typeof answer !== 'string' || !/^[^\s<>]+$/.test(answer)) {
    throw new ChatError(
      'unexpected_answer',
      'token-url answered without a token. Expected: {"token": "…"}. Is it a page, or behind a login?',
    );
  }
  return answer;
}
