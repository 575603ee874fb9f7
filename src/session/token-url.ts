/** Tokens from the site's own server: what `token-url` names. */
import { ChatError, parseUrl } from '../transport/index.js';
import { backoff } from './backoff.js';

export interface TokenUrlParts {
  fetch: typeof fetch;
  random: () => number;
  /** Waits, in milliseconds; ends early where nobody wants to wait. */
  pause: (ms: number) => Promise<void>;
  /** Whether somebody still wants a token. */
  isWanted: () => boolean;
}

/**
 * Fetches a token with the visitor's cookies. As long as the server cannot be reached, or fails, it is asked again.
 * @param tokenUrl relative to the page. It answers with `{"token": "…"}` (or `access`, `access_token`), or with the token alone.
 * @returns empty where nobody is signed in there (401, 403, 204).
 * @throws {ChatError} `bad_url`; `unexpected_answer`, saying what came instead of a token.
 */
export async function fetchToken(tokenUrl: string, { fetch, random, pause, isWanted }: TokenUrlParts): Promise<string> {
  const address = parseUrl(tokenUrl, globalThis.location?.href);
  if (!address) throw new ChatError('bad_url', `token-url="${tokenUrl}" is not an address.`);
  for (let attempt = 1; isWanted(); attempt++) {
    const response = await fetch(address, { credentials: 'include', cache: 'no-store', headers: { Accept: 'application/json' } }).catch(() => undefined);
    const status = response?.status ?? 500;
    if (status === 401 || status === 403 || status === 204) return '';
    if (response?.ok) return tokenIn(await response.text());
    if (status < 500 && status !== 429) throw new ChatError('unexpected_answer', `token-url answered ${status}. Expected: {"token": "…"}.`);
    await pause(backoff(attempt, random));
  }
  return '';
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
    throw new ChatError('unexpected_answer', 'token-url answered without a token. Expected: {"token": "…"}. Is it a page, or behind a login?');
  }
  return answer;
}
