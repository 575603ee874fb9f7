/** The REST routes. Each reads, asks chat.ts or a query, and answers through the one serialiser. */
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
import { accessDenied, Refusal, toId } from '../errors.js';
import { isMember, listRooms } from '../rooms/rooms.js';

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 100;
const PREFLIGHT_SECONDS = 7_200;
/** What a form needs around its file. */
const FORM_OVERHEAD = 65_536;

/** A path for the log. That of a file holds its name, and is the one secret that protects it. */
const pathOf = (path: string): string => path.replace(/(\/attachments\/).*/s, '$1…');

export function createHttp(context: Context): Hono<Env> {
  const { options, database, differences, log } = context;
  const { limits } = options;
  const app = new Hono<Env>();
  const api = '/api/chat';

  app.get('/healthz', () => answer(context, 200, { status: 'ok' }));
  app.get(`${api}/attachments/:id/:name`, (call) => getAttachment(context, call.req.param('id')));

  app.use(`${api}/*`, cors({
    origin: (origin, call) => (isAllowedOrigin(origin, call.req.header('Host'), options.allowedOrigins) ? origin : null),
    allowMethods: options.baseline ? ['GET', 'POST'] : ['GET', 'POST', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key'],
    exposeHeaders: ['Retry-After'],
    // What browsers keep at most: a preflight costs a page on another site a round trip before every first request.
    maxAge: PREFLIGHT_SECONDS,
  }));
  app.use(`${api}/*`, async (call, next) => {
    // The address is made of the `Host` that the client has sent.
    if (!URL.canParse(call.req.url)) return answerError(context, new Refusal('invalid', 'The Host of the request is none.'));
    const isForm = call.req.header('Content-Type')?.startsWith('multipart/form-data');
    const maxSize = isForm ? limits.attachmentBytes + FORM_OVERHEAD : limits.bodyBytes;
    // Without a length it could only be counted while it is read; no browser sends a form or JSON like that.
    if (call.req.header('Transfer-Encoding') !== undefined) return answerError(context, new Refusal('invalid', 'A body needs a Content-Length.'));
    if (Number(call.req.header('Content-Length') ?? 0) > maxSize) return answerError(context, new Refusal('too_large', `The body can have at most ${maxSize} bytes.`));
    return next();
  });
  app.use(`${api}/*`, async (call, next) => {
    const token = /^Bearer\s+(\S+)$/i.exec(call.req.header('Authorization') ?? '')?.[1];
    const verdict = await verifyToken(database, options.secret, token);
    if (!verdict.ok) {
      log.warn({ because: verdict.because, origin: call.req.header('Origin') ?? null, path: pathOf(call.req.path) }, 'request refused');
      return answerError(context, verdict.because);
    }
    call.set('viewer', verdict.viewer);
    call.set('expiresAt', verdict.expiresAt);
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
    if (limit < 1) throw new Refusal('invalid', 'Ensure this value is greater than or equal to 1.', { field: 'limit' });
    const page = { before: cursor(call, 'before'), after: cursor(call, 'after'), limit: Math.min(limit, LARGEST_PAGE) };
    const { messages, hasMore, seq } = await listMessages(context, viewer.id, roomId, page);
    if (differences.has('history-marks-read')) await readMessages(context, viewer, roomId, {});
    return answer(context, 200, {
      messages,
      // The recorded backend takes an exactly full page for a sign of more.
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
    const { attachment, ...body } = isForm ? await readAttachment(call, limits.attachmentBytes) : { ...(await json(call)), attachment: undefined };
    if (body['room'] === undefined) throw new Refusal('invalid', 'This field is required.', { field: 'room' });
    const reply = body['reply_to'];
    const request = {
      roomId,
      content: body['content'] ?? (attachment ? '' : undefined),
      replyTo: reply == null || reply === '' ? null : (toId(reply) ?? 0),
      tempId: call.req.header('Idempotency-Key') || undefined,
      ...(attachment && { attachment, messageType: attachment.isImage ? 'image' : 'file' }),
    };
    const { message, isNew } = await sendMessage(context, call.get('viewer'), request, 'rest');
    // Stored before, and deleted since.
    if (!message) throw new Refusal('unknown_message', 'The message was deleted.');
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
    if (userId === undefined) throw new Refusal('invalid', 'This field is required.', { field: 'user_id' });
    const { room, created } = await startDirect(context, call.get('viewer'), toId(userId));
    return answer(context, created ? 201 : 200, { room, created });
  });

  if (!options.baseline) addBeyondBaseline(app, context, api);

  app.notFound((call) => {
    const isPage = ['GET', 'HEAD'].includes(call.req.method) && !/^\/(api|ws)\//.test(call.req.path);
    return isPage && options.fetch ? options.fetch(call.req.raw, call.env.incoming) : notFound(context);
  });
  app.onError((error, call) => {
    if (!(error instanceof Refusal)) log.error({ err: error, path: pathOf(call.req.path) }, 'request failed');
    else log.warn({ path: pathOf(call.req.path), code: error.code }, 'request refused');
    return answerError(context, error);
  });
  return app;
}
