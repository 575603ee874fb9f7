/** REST routes of messages. */
import type { Context as Call, Hono } from 'hono';
import { readMessages, sendMessage, type SendRequest, type Sent } from '../rooms/chat-actions.js';
import { has } from '../capabilities.js';
import type { Context } from '../context.js';
import { answer, field, notFound } from './http-responses.js';
import { limitRate } from './http-middleware.js';
import { cursor, isForm, json, roomOf, type Env } from './http-params.js';
import { listAround, readTarget } from '../messages/history-around.js';
import { findMessage, listMessages } from '../messages/messages.js';
import { accessDenied, RequestError, toId } from '../errors.js';
import { isMember } from '../rooms/rooms.js';
import { toJson } from '../serialise.js';
import { digestOfFile, discard, receiveForm } from '../uploads/receive-form.js';
import { addUpload, discardUpload } from '../uploads/uploads.js';

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 100;

export function addMessageRoutes(app: Hono<Env>, context: Context, api: string): void {
  app.get(`${api}/rooms/:id/messages/`, limitRate(context, 'listsPerUser'), async (call) => {
    const viewer = call.get('viewer');
    const roomId = roomOf(call);
    if (!(await isMember(context.database, roomId, viewer.id))) throw accessDenied(roomId);
    const limit = cursor(call, 'limit') ?? DEFAULT_PAGE;
    if (limit < 1)
      throw new RequestError('invalid', 'Ensure this value is greater than or equal to 1.', { field: 'limit' });
    const target = has(context.options, 'around')
      ? readTarget(cursor(call, 'around'), call.req.query('at'))
      : undefined;
    if (target) {
      const part = await listAround(context, viewer.id, roomId, target, Math.min(limit, LARGEST_PAGE));
      return answer(context, 200, {
        messages: part.messages,
        has_older: part.hasOlder,
        has_newer: part.hasNewer,
        target_id: part.targetId,
        count: part.messages.length,
        seq: part.seq,
      });
    }
    const page = { before: cursor(call, 'before'), after: cursor(call, 'after'), limit: Math.min(limit, LARGEST_PAGE) };
    const { messages, hasMore, seq } = await listMessages(context, viewer.id, roomId, page);
    if (context.differences.has('history-marks-read')) await readMessages(context, viewer, roomId, {});
    return answer(context, 200, {
      messages,
      // The recorded backend reports more whenever the page is exactly full.
      has_more: context.options.baseline ? messages.length === page.limit : hasMore,
      count: messages.length,
      oldest_id: messages.at(0)?.id ?? null,
      newest_id: messages.at(-1)?.id ?? null,
      seq: context.options.baseline ? undefined : seq,
    });
  });

  app.post(`${api}/rooms/:id/send_message/`, async (call) => {
    const { message, isNew } = isForm(call) ? await sendForm(context, call) : await sendJson(context, call);
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
}

/** The parts of a request that JSON and forms share. */
function readRequest(
  call: Call<Env>,
  body: Record<string, unknown>,
): Pick<SendRequest, 'roomId' | 'replyTo' | 'tempId'> {
  if (body['room'] === undefined) throw field('room', 'This field is required.');
  const reply = body['reply_to'];
  return {
    roomId: roomOf(call),
    replyTo: reply == null || reply === '' ? null : (toId(reply) ?? 0),
    tempId: call.req.header('Idempotency-Key') || undefined,
  };
}

async function sendJson(context: Context, call: Call<Env>): Promise<Sent> {
  const body = await json(call);
  const ids = has(context.options, 'uploads') ? (body['attachments'] ?? []) : [];
  if (!Array.isArray(ids)) throw field('attachments', 'A list of uploads is required.');
  const attachments: readonly unknown[] = ids;
  const content = body['content'] ?? (ids.length > 0 ? '' : undefined);
  const request = { ...readRequest(call, body), content, attachments };
  return sendMessage(context, call.get('viewer'), request, 'rest');
}

/** Baseline: one file, sent together with its message. */
async function sendForm(context: Context, call: Call<Env>): Promise<Sent> {
  const viewer = call.get('viewer');
  // Before the file is received.
  if (!(await isMember(context.database, roomOf(call), viewer.id))) throw accessDenied(roomOf(call));
  const { fields, file } = await receiveForm(call.env.incoming, {
    field: 'attachment',
    maxBytes: context.options.limits.attachmentBytes,
    incoming: context.incoming,
  });
  try {
    const content = fields['content'] ?? (file ? '' : undefined);
    const request = { ...readRequest(call, fields), content };
    if (!file) return await sendMessage(context, viewer, request, 'rest');
    const digest = await digestOfFile(toJson([content, file.name, file.claimedType]), file.path);
    const upload = await addUpload(context, viewer, file);
    let sent: Sent | undefined;
    try {
      sent = await sendMessage(context, viewer, { ...request, attachments: [upload.id], digest }, 'rest');
    } finally {
      // Refused, or stored before: the message has another copy of the file.
      if (!sent?.isNew) await discardUpload(context, viewer, upload.id).catch(() => {});
    }
    return sent;
  } finally {
    await discard(file);
  }
}
