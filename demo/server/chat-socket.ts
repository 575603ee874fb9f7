/** The frames of the chat socket. What they do is in chat.ts; here they are read, and answered. */
import { ClientFrames, type ClientFrame } from '../../src/protocol/client-frames.js';
import { check, type Schema } from '../../src/protocol/problem.js';
import type { Viewer } from './auth.js';
import { readMessages, sendMessage, setTyping } from './chat.js';
import type { Handler, SocketConnection } from './connection.js';
import type { Context } from './context.js';
import { accessDenied, Refusal, toId } from './refusal.js';
import { isMember, listRooms } from './rooms.js';

export const CAPABILITIES = ['idempotent_send', 'ack', 'user_channel'] as const;

/** Seconds after which a client may try again what failed for a reason of ours. */
const RETRY_AFTER_FAILURE = 5;

type RoomFrame = Extract<ClientFrame, { room_id: unknown }>;

export function greet({ options, differences }: Context, viewer: Viewer, connection: SocketConnection): void {
  const { content, attachmentBytes: attachment_bytes, rate } = options.limits;
  const beyond = options.baseline
    ? {}
    : {
        protocol: 1,
        capabilities: CAPABILITIES,
        heartbeat_s: options.heartbeatSeconds,
        session: crypto.randomUUID(),
        limits: { content, attachment_bytes, rate },
      };
  connection.send({ type: 'connection_established', user_id: viewer.id, username: viewer.username, ...beyond, timestamp: new Date() });
  for (const frame of differences.greetings()) connection.send(frame);
}

export function chatHandler(context: Context, viewer: Viewer, connection: SocketConnection): Handler {
  const { options, hub, database, differences, log } = context;
  const reply = (type: string, fields: object = {}): void => connection.send({ type, ...fields, timestamp: new Date() });
  /** An error in words, as the baseline has it; its code and what it is about only where the client can use them. */
  const fail = (code: string, message: string, { room_id, _tempId, retry_after }: ErrorDetails = {}): void =>
    reply('error', { message, room_id, ...(!options.baseline && { code, _tempId, retry_after }) });

  async function perform(frame: ClientFrame, roomId: number): Promise<void> {
    switch (frame.type) {
      case 'ping':
        return reply('pong');
      case 'get_room_list':
        return reply('room_list', { rooms: differences.rooms(await listRooms(database, viewer.id), 'websocket') });
      case 'subscribe_room':
        if (!(await isMember(database, roomId, viewer.id))) throw accessDenied(roomId);
        hub.subscribe(connection, roomId);
        return reply('subscribed', { room_id: roomId });
      case 'unsubscribe_room':
        hub.unsubscribe(connection, roomId);
        return reply('unsubscribed', { room_id: roomId });
      case 'typing':
      case 'stop_typing':
        return setTyping(context, viewer, roomId, frame.type === 'typing');
      case 'mark_read':
        return readMessages(context, viewer, roomId, (frame.message_ids ?? []).map((id) => toId(id) ?? 0), connection);
      case 'send_message': {
        const { content, _tempId: tempId } = frame;
        // An id that cannot be one of ours names no message: 0 never does.
        const replyTo = frame.reply_to == null ? null : (toId(frame.reply_to) ?? 0);
        const { message } = await sendMessage(context, viewer, { roomId, content, replyTo, tempId }, 'websocket');
        if (!options.baseline && tempId !== undefined) reply('message_ack', { _tempId: tempId, room_id: message.room, message });
        return;
      }
      case 'sync':
      case 'authenticate':
      case 'edit_message':
      case 'delete_message':
      case 'react':
        throw new Refusal('invalid', `Unknown message type: ${frame.type}`);
      default:
        return frame satisfies never;
    }
  }

  async function onText(text: string): Promise<void> {
    const read = readFrame(text, options.baseline);
    if (!read.ok) return fail(read.code, read.message, read.details);
    const { frame, roomId } = read;
    const _tempId = frame.type === 'send_message' ? frame._tempId : undefined;
    try {
      await perform(frame, roomId);
    } catch (error) {
      if (error instanceof Refusal) {
        log.warn({ user: viewer.id, frame: frame.type, room: roomId, code: error.code }, 'frame refused');
        return fail(error.code, error.message, { room_id: error.details.roomId ?? (roomId || undefined), _tempId, retry_after: error.details.retryAfter });
      }
      log.error({ err: error, user: viewer.id, frame: frame.type }, 'frame failed');
      fail('internal', 'Internal error', { room_id: roomId || undefined, _tempId, retry_after: RETRY_AFTER_FAILURE });
    }
  }

  return {
    onText,
    failure: () => ({ type: 'error', message: 'Internal error', ...(!options.baseline && { code: 'internal' }), timestamp: new Date() }),
    onClose: () => hub.remove(connection),
  };
}

const WITHOUT_ROOM: ReadonlySet<string> = new Set<ClientFrame['type']>(['ping', 'get_room_list', 'sync', 'authenticate']);

interface ErrorDetails {
  room_id?: unknown;
  _tempId?: unknown;
  retry_after?: number | undefined;
}

type Read =
  | { ok: true; frame: ClientFrame; roomId: number }
  | { ok: false; code: string; message: string; details?: ErrorDetails };

/** Text → a frame that may be trusted. The words are those of the recorded backend, faults included in baseline mode. */
function readFrame(text: string, baseline: boolean): Read {
  const bad = (message: string, code = 'invalid', details?: ErrorDetails): Read => ({ ok: false, code, message, ...(details && { details }) });
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return bad('Invalid JSON format');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return bad(baseline ? "Internal error: 'list' object has no attribute 'get'" : 'A frame is a JSON object');
  }
  const fields = json as Record<string, unknown>;
  const { type, room_id, _tempId } = fields;
  if (typeof type !== 'string' || type === '') return bad("Missing 'type' field in message");
  const schema = Object.hasOwn(ClientFrames, type) ? (ClientFrames as Record<string, Schema>)[type] : undefined;
  if (!schema) return bad(`Unknown message type: ${type.slice(0, 40)}`);
  const needsRoom = !WITHOUT_ROOM.has(type);
  if (needsRoom && (room_id === undefined || room_id === null)) return bad("Missing 'room_id' field", 'invalid', { _tempId });
  const roomId = needsRoom ? toId(room_id) : 0;
  if (roomId === null) {
    const shown = String(room_id).slice(0, 40);
    return bad(baseline ? `Internal error: Field 'id' expected a number but got '${shown}'.` : `There is no room '${shown}'`, 'unknown_room', { _tempId });
  }
  // A missing text is an empty one.
  const complete = type === 'send_message' && (fields as Partial<RoomFrame & { content: unknown }>).content == null ? { ...fields, content: '' } : fields;
  const frame = check(schema, complete, type);
  if (!frame.ok) return bad(`Invalid frame: ${frame.problem.detail}`, 'invalid', { room_id: roomId || undefined, _tempId });
  return { ok: true, frame: frame.value as ClientFrame, roomId };
}
