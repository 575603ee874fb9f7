/** REST responses: bodies pass the serialiser; errors have the shapes that the protocol defines. */
import type { AuthFailure } from '../auth.js';
import type { Context } from '../context.js';
import { RequestError, type RequestErrorCode } from '../errors.js';
import { toJson } from '../serialise.js';

const STATUS: Record<RequestErrorCode, number> = {
  access_denied: 404, // Non-members must not learn whether a room exists.
  unknown_room: 404,
  unknown_message: 404,
  unknown_user: 404,
  not_yours: 403,
  not_allowed: 403,
  room_closed: 403,
  too_late: 403,
  conflict: 409,
  empty_content: 400,
  too_long: 400,
  invalid: 400,
  rate_limited: 429,
  too_large: 413,
  unsupported_type: 415,
  unknown_upload: 404,
  unavailable: 503,
};

export function answer(
  { differences }: Context,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Response {
  return new Response(toJson(differences.ids(body)), {
    status,
    headers: {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
      'Cache-Control': 'no-store',
      ...headers,
    },
  });
}

export const field = (name: string, message: string): RequestError =>
  new RequestError('invalid', message, { field: name });

export const notFound = (context: Context): Response => error(context, 404, { detail: 'Not found.' });

/** The response to anything thrown, or to a rejected token. */
export function answerError(context: Context, thrown: unknown): Response {
  if (typeof thrown === 'string') return unauthorized(context, thrown as AuthFailure);
  if (!(thrown instanceof RequestError)) return error(context, 500, { detail: 'Internal server error.' });
  const status = STATUS[thrown.code];
  const { field: name, retryAfter, current } = thrown.details;
  // The widget uploads the file again.
  if (status === 404 && thrown.code !== 'unknown_upload') return notFound(context);
  const code = context.options.baseline ? undefined : thrown.code;
  const body =
    name === undefined
      ? { detail: thrown.message, code, retry_after: retryAfter, message: current }
      : { [name]: [thrown.message] };
  return error(context, status, body, retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) });
}

function unauthorized(context: Context, reason: AuthFailure): Response {
  const body =
    reason === 'missing_token'
      ? { detail: 'Authentication credentials were not provided.', code: 'not_authenticated' }
      : {
          detail: 'Given token not valid for any token type',
          code: 'token_not_valid',
          messages: [{ token_class: 'AccessToken', token_type: 'access', message: 'Token is invalid or expired' }],
        };
  return error(context, 401, body, { 'WWW-Authenticate': 'Bearer realm="api"' });
}

function error(context: Context, status: number, body: object, headers: Record<string, string> = {}): Response {
  if (!context.differences.has('html-errors')) return answer(context, status, body, headers);
  const page = `<!DOCTYPE html><html lang="en"><title>Error ${status}</title><h1>Error ${status}</h1><p>Something went wrong.</p></html>`;
  return new Response(page, { status, headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers } });
}
