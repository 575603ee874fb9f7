/** Frames of the chat socket: calls chat-actions.ts and message-mutations.ts, and answers. */
import type { ClientFrame } from '../../../src/protocol/client-frames.js';
import { CloseCode } from '../../../src/protocol/close-codes.js';
import { deleteMessage, editMessage, react, type MutationResult } from '../messages/message-mutations.js';
import { verifyToken, type Viewer } from '../auth.js';
import { readMessages, sendMessage, setTyping } from '../rooms/chat-actions.js';
import type { Handler, SocketConnection } from './socket-connection.js';
import type { Context } from '../context.js';
import { echo, readFrame, type ErrorDetails } from './read-frame.js';
import { accessDenied, RequestError, toId } from '../errors.js';
import { isMember, listRooms } from '../rooms/rooms.js';
import { readKnown, syncRooms } from '../messages/sync.js';

/** Suggested retry delay after an internal error, in seconds. */
const RETRY_AFTER_ERROR_S = 5;

export function chatHandler(context: Context, viewer: Viewer, connection: SocketConnection): Handler {
  const { options, presence, database, differences, log } = context;
  const reply = (type: string, fields: object = {}): void =>
    connection.send({ type, ...fields, timestamp: new Date() });
  /** Sends an `error` frame. Codes and ids are not part of the baseline. */
  const fail = (code: string, message: string, { room_id, ...beyond }: ErrorDetails = {}): void =>
    reply('error', { message, room_id, ...(!options.baseline && { code, ...beyond }) });

  async function perform(frame: ClientFrame, roomId: number): Promise<void> {
    switch (frame.type) {
      case 'ping':
        return reply('pong');
      case 'get_room_list':
        return reply('room_list', { rooms: differences.rooms(await listRooms(context, viewer.id), 'websocket') });
      case 'subscribe_room':
        if (!(await isMember(database, roomId, viewer.id))) throw accessDenied(roomId);
        // A subscription of a closed socket would never be removed.
        if (connection.isClosed) return;
        await presence.subscribe(connection, roomId);
        return reply('subscribed', { room_id: roomId });
      case 'unsubscribe_room':
        presence.unsubscribe(connection, roomId);
        return reply('unsubscribed', { room_id: roomId });
      case 'typing':
      case 'stop_typing':
        return setTyping(context, viewer, roomId, frame.type === 'typing');
      case 'mark_read':
        return readMessages(
          context,
          viewer,
          roomId,
          {
            ids: (frame.message_ids ?? []).map(idOr0),
            upTo: options.baseline || frame.up_to === undefined ? null : idOr0(frame.up_to),
          },
          connection,
        );
      case 'send_message':
        return send(frame, roomId);
      case 'sync':
        return reply('sync_result', {
          rooms: await syncRooms(context, viewer.id, readKnown(Object.entries(frame.rooms))),
        });
      case 'authenticate':
        return authenticate(frame.token);
      case 'edit_message':
        return answerMutation(
          await editMessage(context, viewer, { roomId, messageId: idOr0(frame.message_id) }, frame.content),
        );
      case 'delete_message':
        return answerMutation(await deleteMessage(context, viewer, { roomId, messageId: idOr0(frame.message_id) }));
      case 'react':
        return answerMutation(await react(context, viewer, { roomId, messageId: idOr0(frame.message_id) }, frame));
      default:
        return frame satisfies never;
    }
  }

  async function send(
    { content, reply_to, _tempId: tempId }: Extract<ClientFrame, { type: 'send_message' }>,
    roomId: number,
  ): Promise<void> {
    const replyTo = reply_to == null ? null : idOr0(reply_to);
    const { id, message } = await sendMessage(context, viewer, { roomId, content, replyTo, tempId }, 'websocket');
    if (options.baseline || tempId === undefined) return;
    // A retry of a message that another device has since deleted.
    if (!message)
      return fail('unknown_message', 'The message was deleted.', { room_id: roomId, message_id: id, _tempId: tempId });
    reply('message_ack', { _tempId: tempId, room_id: message.room, message });
  }

  /** A change is broadcast to everyone, the requester included. Without a change, only the requester gets an answer. */
  const answerMutation = ({ frame }: MutationResult): void => {
    if (frame) connection.send(frame);
  };

  async function authenticate(token: string): Promise<void> {
    const auth = await verifyToken(database, options.secret, token);
    const reason = !auth.ok ? auth.reason : auth.viewer.id === viewer.id ? null : 'not_owner';
    if (reason !== null || !auth.ok) {
      log.warn({ user: viewer.id, reason }, 'token rejected');
      // Not awaited: `close` itself waits until this frame is done.
      return void connection.close(CloseCode.unauthorized, 'token rejected');
    }
    connection.expireAt(auth.expiresAt);
    reply('authenticated');
  }

  async function onText(text: string): Promise<void> {
    const read = readFrame(text, options.baseline);
    if (!read.ok) return fail(read.code, read.message, read.details);
    const { frame, roomId } = read;
    const ids = {
      room_id: roomId || undefined,
      message_id: 'message_id' in frame ? echo(frame.message_id) : undefined,
      _tempId: frame.type === 'send_message' ? echo(frame._tempId) : undefined,
    };
    try {
      await perform(frame, roomId);
    } catch (error) {
      if (error instanceof RequestError) {
        log.warn({ user: viewer.id, frame: frame.type, room: roomId, code: error.code }, 'frame rejected');
        return fail(error.code, error.message, {
          ...ids,
          room_id: error.details.roomId ?? ids.room_id,
          retry_after: error.details.retryAfter,
        });
      }
      log.error({ err: error, user: viewer.id, frame: frame.type }, 'frame failed');
      fail('internal', 'Internal error', { ...ids, retry_after: RETRY_AFTER_ERROR_S });
    }
  }

  return {
    onText,
    errorFrame: () => ({
      type: 'error',
      message: 'Internal error',
      ...(!options.baseline && { code: 'internal' }),
      timestamp: new Date(),
    }),
    ...(!options.baseline && { onExpiring: (in_s: number) => reply('token_expiring', { in_s }) }),
    onClose: () => presence.remove(connection),
  };
}

/** 0 matches nothing, so an invalid id behaves like an unknown one. */
const idOr0 = (id: unknown): number => toId(id) ?? 0;
