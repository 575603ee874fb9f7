/** Converts HTTP error responses. Loaded on demand: see session/deferred.ts. */
import { ChatError, type ErrorCode } from './errors.js';

/** Like 5xx, 421 and 425 mean that the same request may succeed later (RFC 9110, RFC 8470). */
const CODES: Record<number, ErrorCode> = {
  0: 'unexpected_answer',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  408: 'timeout',
  413: 'too_large',
  415: 'unsupported_type',
  421: 'server_error',
  425: 'server_error',
  429: 'rate_limited',
};

/** Converts an HTTP error response. @param token is removed from the message. */
export function toHttpError(response: Response, json: unknown, token: string): ChatError {
  const { status } = response;
  const code = CODES[status] ?? (status >= 500 ? 'server_error' : 'invalid');
  return new ChatError(
    code,
    explain(json)?.replaceAll(token, '…') || `The server answered ${status}.`,
    status,
    retryAfter(response),
    json,
  );
}

/**
 * The server's own explanation, which may contain the refused token: `{detail}`, or `{field: [messages]}` after a
 * validation. Never an HTML page.
 */
function explain(json: unknown): string | undefined {
  if (typeof json !== 'object') return undefined;
  for (const [field, said] of Object.entries(json ?? {}) as [string, unknown][]) {
    if (field === 'detail' && typeof said === 'string') return said;
    const first: unknown = Array.isArray(said) ? said[0] : undefined;
    if (typeof first === 'string') return `${field}: ${first}`;
  }
  return undefined;
}

/**
 * `Retry-After` in seconds or as a date, limited to 1 s to 5 min. Default: 5 s after 429, otherwise undefined.
 * @returns milliseconds.
 */
export function retryAfter({ status, headers }: Response): number | undefined {
  const value = headers.get('Retry-After') ?? '';
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  if (!Number.isFinite(seconds)) return status === 429 ? 5_000 : undefined;
  return Math.min(Math.max(seconds, 1), 300) * 1000;
}
