/** The REST API: the checks before every route, the routes, and the responses to errors. */
import { Hono } from 'hono';
import type { Context } from '../context.js';
import { answer, answerError, notFound } from './http-responses.js';
import { addBeyondBaseline } from './http-capabilities.js';
import { addMessageRoutes } from './http-messages.js';
import { addMutationRoutes } from './http-mutations.js';
import { allowOrigins, authenticate, limitBodySize } from './http-middleware.js';
import { addPeopleRoutes } from './http-people.js';
import { pathForLog, type Env } from './http-params.js';
import { addRoomRoutes } from './http-rooms.js';
import { addUploadRoutes } from './http-uploads.js';
import { RequestError } from '../errors.js';
import { getAttachment } from '../uploads/serve-attachment.js';
import { settlesWithin } from '../with-timeout.js';

const HEALTH_TIMEOUT_MS = 2_000;

/** Asks the database. Concurrent requests share one query: the route needs no token. */
function checkHealth(context: Context): () => Promise<Response> {
  let asking: Promise<boolean> | undefined;
  const ask = async (): Promise<boolean> => {
    const query = context.database.query('select 1').then(
      () => true,
      () => false,
    );
    return (await settlesWithin(query, HEALTH_TIMEOUT_MS)) && query;
  };
  return async () => {
    asking ??= ask().finally(() => (asking = undefined));
    return (await asking) ? answer(context, 200, { status: 'ok' }) : answer(context, 503, { status: 'unavailable' });
  };
}

export function createHttp(context: Context): Hono<Env> {
  const { options, log } = context;
  const app = new Hono<Env>();
  const api = '/api/chat';

  app.get('/healthz', checkHealth(context));
  app.get(`${api}/attachments/:id/:name`, (call) => getAttachment(context, call));

  app.use(`${api}/*`, allowOrigins(context), limitBodySize(context), authenticate(context));
  addRoomRoutes(app, context, api);
  addMessageRoutes(app, context, api);
  if (!options.baseline) {
    addBeyondBaseline(app, context, api);
    addMutationRoutes(app, context, api);
    addUploadRoutes(app, context, api);
    addPeopleRoutes(app, context, api);
  }

  app.notFound((call) => {
    const isPage = ['GET', 'HEAD'].includes(call.req.method) && !/^\/(api|ws)\//.test(call.req.path);
    return isPage && options.fetch ? options.fetch(call.req.raw, call.env.incoming) : notFound(context);
  });
  app.onError((error, call) => {
    if (!(error instanceof RequestError)) log.error({ err: error, path: pathForLog(call) }, 'request failed');
    // Exceeded rate limits are logged once: see rate-limits.ts.
    else if (error.code !== 'rate_limited') log.warn({ path: pathForLog(call), code: error.code }, 'request rejected');
    return answerError(context, error);
  });
  return app;
}
