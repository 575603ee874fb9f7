/** The REST routes. Each parses its request, calls chat-actions.ts or a query, and responds through the serialiser. */
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { getAttachment, readAttachment } from '../messages/attachments.js';
import { isAllowedOrigin, verifyToken } from '../auth.js';
import { readMessages, sendMessage, startDirect } from '../rooms/chat-actions.js';
import type { Context } from '../context.js';
import { answer, answerError, notFound } from './http-responses.js';
import { addBeyondBaseline } from './http-capabilities.js';
import { cursor, json, roomOf, type Env } from './http-params.js';
import { findMessage, listMessages } from '../messages/messages.js';
import { accessDenied, RequestError, toId } from '../errors.js';
import { isMember, listRooms } from '../rooms/rooms.js';

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 100;
const PREFLIGHT_SECONDS = 7_200;
/** Size of a multipart form besides its file. */
const FORM_OVERHEAD = 65_536;

/** A path for the log. Attachment paths are masked: the path is the only secret that protects the file. */
const pathOf = (path: string): string => path.replace(/(\/attachments\/).*/s, '$1…');

export function createHttp(context: Context): Hono<Env> {
  const { options, database, differences, log } = context;
  const { limits } = options;
  const app = new Hono<Env>();
  const api = '/api/chat';

  app.get('/healthz', () => answer(context, 200, { status: 'ok' }));
  app.get(`${api}/attachments/:id/:name`, (call) => getAttachment(context, call.req.param('id')));

  app.use(
    `${api}/*`,
    cors({
      origin: (origin, call) =>
        isAllowedOrigin(origin, call.req.header('Host'), options.allowedOrigins) ? origin : null,
      allowMethods: options.baseline ? ['GET', 'POST'] : ['GET', 'POST', 'PATCH', 'DELETE'],
      allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key'],
      exposeHeaders: ['Retry-After'],
      // The longest time that browsers honour. A preflight costs a cross-origin page one round trip.
      maxAge: PREFLIGHT_SECONDS,
    }),
  );
  app.use(`${api}/*`, async (call, next) => {
    // The URL contains the `Host` header, which the client controls.
    if (!URL.canParse(call.req.url))
      return answerError(context, new RequestError('invalid', 'The Host header is invalid.'));
    const isForm = call.req.header('Content-Type')?.startsWith('multipart/form-data');
    const maxSize = isForm ? limits.attachmentBytes + FORM_OVERHEAD : limits.bodyBytes;
    // Its size would be known only after reading it. No browser sends a form or JSON this way.
    if (call.req.header('Transfer-Encoding') !== undefined)
      return answerError(context, new RequestError('invalid', 'Content-Length is required.'));
    if (Number(call.req.header('Content-Length') ?? 0) > maxSize)
      return answerError(context, new RequestError('too_large', `The body must not exceed ${maxSize} bytes.`));
    return next();
  });
  app.use(`${api}/*`, async (call, next) => {
    const token = /^Bearer\s+(\S+)$/i.exec(call.req.header('Authorization') ?? '')?.[1];
    const auth = await verifyToken(database, options.secret, token);
    if (!auth.ok) {
      log.warn(
        { reason: auth.reason, origin: call.req.header('Origin') ?? null, path: pathOf(call.req.path) },
        'request rejected',
      );
      return answerError(context, auth.reason);
    }
    call.set('viewer', auth.viewer);
    call.set('expiresAt', auth.expiresAt);
    return next();
  });

  app.get(`${api}/rooms/`, async (call) => {
    const rooms = await listRooms(context, call.get('viewer').id);
    return answer(context, 200, differences.roomPage(rooms, new URL(call.req.url)));
  });

  app.get(`${api}/rooms/:id/`, async (call) => {
    const [room] = await listRooms(context, call.get('viewer').id, roomOf(call));
    return room ? answer(context, 200, room) : notFound(context);
  });

  app.get(`${api}/rooms/:id/messages/`, async (call) => {
    const viewer = call.get('viewer');
    const roomId = roomOf(call);
    if (!(await isMember(database, roomId, viewer.id))) throw accessDenied(roomId);
    const limit = cursor(call, 'limit') ?? DEFAULT_PAGE;
    if (limit < 1)
      throw new RequestError('invalid', 'Ensure this value is greater than or equal to 1.', { field: 'limit' });
    const page = { before: cursor(call, 'before'), after: cursor(call, 'after'), limit: Math.min(limit, LARGEST_PAGE) };
    const { messages, hasMore, seq } = await listMessages(context, viewer.id, roomId, page);
    if (differences.has('history-marks-read')) await readMessages(context, viewer, roomId, {});
    return answer(context, 200, {
      messages,
      // The recorded backend reports more whenever the page is exactly full.
      has_more: options.baseline ? messages.length === page.limit : hasMore,
      count: messages.length,
      oldest_id: messages.at(0)?.id ?? null,
      newest_id: messages.at(-1)?.id ?? null,
      seq: options.baseline ? undefined : seq,
    });
  });

  app.post(`${api}/rooms/:id/send_message/`, async (call) => {
    const roomId = roomOf(call);
    const isForm = call.req.header('Content-Type')?.startsWith('multipart/form-data');
    const { attachment, ...body } = isForm
      ? await readAttachment(call, limits.attachmentBytes)
      : { ...(await json(call)), attachment: undefined };
    if (body['room'] === undefined) throw new RequestError('invalid', 'This field is required.', { field: 'room' });
    const reply = body['reply_to'];
    const request = {
      roomId,
      content: body['content'] ?? (attachment ? '' : undefined),
      replyTo: reply == null || reply === '' ? null : (toId(reply) ?? 0),
      tempId: call.req.header('Idempotency-Key') || undefined,
      ...(attachment && { attachment, messageType: attachment.isImage ? 'image' : 'file' }),
    };
    const { message, isNew } = await sendMessage(context, call.get('viewer'), request, 'rest');
    // A retry of a message that was stored and has since been deleted.
    if (!message) throw new RequestError('unknown_message', 'The message was deleted.');
    return answer(context, isNew ? 201 : 200, message);
  });

  app.post(`${api}/messages/:id/mark_read/`, async (call) => {
    const viewer = call.get('viewer');
    const messageId = toId(call.req.param('id'));
    const found = await findMessage(context, messageId);
    if (!found || found.isDeleted || messageId === null) return notFound(context);
    await readMessages(context, viewer, found.roomId, { ids: [messageId] });
    return answer(context, 200, { status: 'message marked as read' });
  });

  app.post(`${api}/rooms/start_dm/`, async (call) => {
    const userId = (await json(call))['user_id'];
    if (userId === undefined) throw new RequestError('invalid', 'This field is required.', { field: 'user_id' });
    const { room, created } = await startDirect(context, call.get('viewer'), toId(userId));
    return answer(context, created ? 201 : 200, { room, created });
  });

  if (!options.baseline) addBeyondBaseline(app, context, api);

  app.notFound((call) => {
    const isPage = ['GET', 'HEAD'].includes(call.req.method) && !/^\/(api|ws)\//.test(call.req.path);
    return isPage && options.fetch ? options.fetch(call.req.raw, call.env.incoming) : notFound(context);
  });
  app.onError((error, call) => {
    if (!(error instanceof RequestError)) log.error({ err: error, path: pathOf(call.req.path) }, 'request failed');
    else log.warn({ path: pathOf(call.req.path), code: error.code }, 'request rejected');
    return answerError(context, error);
  });
  return app;
}
