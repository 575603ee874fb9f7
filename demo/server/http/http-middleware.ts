/** Checks before every REST route: origin, size of the body, token. */
import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { countFailedSignIn, isAllowedOrigin, verifyToken } from '../auth.js';
import { has, type Removable } from '../capabilities.js';
import { clientAddress } from '../client-address.js';
import type { Context } from '../context.js';
import { answerError, notFound } from './http-responses.js';
import { isForm, pathForLog, type Env } from './http-params.js';
import { RequestError } from '../errors.js';
import type { RateLimit } from '../rate-limits.js';
import { tooLarge } from '../uploads/receive-form.js';

const PREFLIGHT_SECONDS = 7_200;
/** Size of a multipart form besides its file. */
const FORM_OVERHEAD = 65_536;

export const allowOrigins = ({ options }: Context): MiddlewareHandler<Env> =>
  cors({
    origin: (origin, call) =>
      isAllowedOrigin(origin, call.req.header('Host'), options.allowedOrigins) ? origin : null,
    allowMethods: options.baseline ? ['GET', 'POST'] : ['GET', 'POST', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key'],
    exposeHeaders: ['Retry-After'],
    // The longest time that browsers honour. A preflight costs a cross-origin page one round trip.
    maxAge: PREFLIGHT_SECONDS,
  });

/** Rejects a body that is too large, or of unknown size, before it is read. */
export const limitBodySize =
  (context: Context): MiddlewareHandler<Env> =>
  async (call, next) => {
    const { limits } = context.options;
    // The URL contains the `Host` header, which the client controls.
    if (!URL.canParse(call.req.url))
      return answerError(context, new RequestError('invalid', 'The Host header is invalid.'));
    const maxSize = isForm(call) ? limits.attachmentBytes + FORM_OVERHEAD : limits.bodyBytes;
    const size = Number(call.req.header('Content-Length') ?? 0);
    // Its size would be known only after reading it. No browser sends a form or JSON this way.
    if (call.req.header('Transfer-Encoding') !== undefined)
      return answerError(context, new RequestError('invalid', 'Content-Length is required.'));
    if (size > maxSize && isForm(call)) return answerError(context, tooLarge(limits.attachmentBytes));
    if (size > maxSize)
      return answerError(context, new RequestError('too_large', `The body must not exceed ${maxSize} bytes.`));
    return next();
  };

export const authenticate =
  (context: Context): MiddlewareHandler<Env> =>
  async (call, next) => {
    const { options, database, log } = context;
    const token = /^Bearer\s+(\S+)$/i.exec(call.req.header('Authorization') ?? '')?.[1];
    const auth = await verifyToken(database, options.secret, token);
    if (!auth.ok) {
      await countFailedSignIn(context, clientAddress(call.env.incoming, options.trustProxy), auth.reason);
      log.warn(
        { reason: auth.reason, origin: call.req.header('Origin') ?? null, path: pathForLog(call) },
        'request rejected',
      );
      return answerError(context, auth.reason);
    }
    call.set('viewer', auth.viewer);
    call.set('expiresAt', auth.expiresAt);
    return next();
  };

/** Answers 404 if the server does not have the capability. */
export const needs =
  (context: Context, capability: Removable): MiddlewareHandler<Env> =>
  (_call, next) =>
    has(context.options, capability) ? next() : Promise.resolve(notFound(context));

/** Counts a request of the user. */
export const limitRate =
  ({ rateLimits }: Context, name: RateLimit): MiddlewareHandler<Env> =>
  async (call, next) => {
    await rateLimits.count(name, call.get('viewer').id);
    return next();
  };
