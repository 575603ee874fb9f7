/** Frames of the chat socket: calls chat-actions.ts and message-mutations.ts, and answers. */
import type { ClientFrame } from '../../../src/protocol/client-frames.js';
import { CloseCode } from '../../../src/protocol/close-codes.js';
import { deleteMessage, editMessage, react, type MutationResult } from '../messages/message-mutations.js';
import { verifyToken, type Viewer } from '../auth.js';
import { has } from '../capabilities.js';
import { readMessages, sendMessage, setTyping } from '../rooms/chat-actions.js';
import type { Handler, SocketConnection } from './socket-connection.js';
import type { Context } from '../context.js';
import { echo, readFrame, type ErrorDetails } from './read-frame.js';
import { accessDenied, RequestError, toId } from '../errors.js';
import { markUnread } from '../rooms/mark-unread.js';
import { markDelivered } from '../rooms/receipts.js';
import { isMember, listRooms } from '../rooms/rooms.js';
import { readKnown, syncRooms } from '../messages/sync.js';

/** Suggested retry delay after an internal error, in seconds. */
const RETRY_AFTER_ERROR_S = 5;

type FrameOf<Type extends ClientFrame['type']> = Extract<ClientFrame, { type: Type }>;

export class ChatHandler implements Handler {
  readonly onExpiring?: (seconds: number) => void;

  constructor(
    private readonly context: Context,
    private readonly viewer: Viewer,
    private readonly connection: SocketConnection,
  ) {
    if (!context.options.baseline) this.onExpiring = (in_s) => this.#reply('token_expiring', { in_s });
  }

  async onText(text: string): Promise<void> {
    const read = readFrame(text, this.context.options);
    if (!read.ok) {
      this.#fail(read.code, read.message, read.details);
      return this.connection.rejectInvalid(read.code);
    }
    const { frame, roomId } = read;
    try {
      await this.#perform(frame, roomId);
    } catch (error) {
      this.#onError(error, frame, roomId);
    }
  }

  errorFrame(): object {
    return {
      type: 'error',
      message: 'Internal error',
      ...(!this.context.options.baseline && { code: 'internal' }),
      timestamp: new Date(),
    };
  }

  onClose(): void {
    this.context.presence.remove(this.connection);
  }

  async #perform(frame: ClientFrame, roomId: number): Promise<void> {
    const { context, viewer, connection } = this;
    const { presence, differences } = context;
    switch (frame.type) {
      case 'ping':
        return this.#reply('pong');
      case 'get_room_list':
        await this.#countList();
        return this.#reply('room_list', {
          rooms: differences.rooms((await listRooms(context, viewer.id)).rooms, 'websocket'),
        });
      case 'subscribe_room':
        return this.#subscribe(roomId);
      case 'unsubscribe_room':
        presence.unsubscribe(connection, roomId);
        return this.#reply('unsubscribed', { room_id: roomId });
      case 'typing':
      case 'stop_typing':
        return setTyping(context, viewer, roomId, frame.type === 'typing');
      case 'mark_read':
        return this.#markRead(frame, roomId);
      case 'send_message':
        return this.#sendMessage(frame, roomId);
      case 'sync':
        await this.#countList();
        return this.#reply('sync_result', {
          rooms: await syncRooms(context, viewer.id, readKnown(Object.entries(frame.rooms))),
        });
      case 'authenticate':
        return this.#authenticate(frame.token);
      case 'edit_message':
        return this.#answerMutation(
          await editMessage(
            context,
            viewer,
            { roomId, messageId: idOr0(frame.message_id) },
            { content: frame.content, seen: frame.edited_at },
          ),
        );
      case 'delete_message':
        return this.#answerMutation(
          await deleteMessage(context, viewer, { roomId, messageId: idOr0(frame.message_id) }),
        );
      case 'react':
        return this.#answerMutation(
          await react(context, viewer, { roomId, messageId: idOr0(frame.message_id) }, frame),
        );
      case 'mark_unread':
        await markUnread(context, viewer, roomId, idOr0(frame.message_id));
        return;
      case 'mark_delivered':
        return markDelivered(context, viewer, roomId, idOr0(frame.up_to));
      default:
        return frame satisfies never;
    }
  }

  #countList(): Promise<void> {
    return this.context.rateLimits.count('listsPerUser', this.viewer.id);
  }

  async #subscribe(roomId: number): Promise<void> {
    const { context, viewer, connection } = this;
    if (!(await isMember(context.database, roomId, viewer.id))) throw accessDenied(roomId);
    // A subscription of a closed socket would never be removed.
    if (connection.isClosed) return;
    await context.presence.subscribe(connection, roomId);
    this.#reply('subscribed', { room_id: roomId });
  }

  #markRead({ message_ids = [], up_to }: FrameOf<'mark_read'>, roomId: number): Promise<void> {
    const { context, viewer, connection } = this;
    const toRead = {
      ids: message_ids.map(idOr0),
      upTo: context.options.baseline || up_to === undefined ? null : idOr0(up_to),
    };
    return readMessages(context, viewer, roomId, toRead, connection);
  }

  async #sendMessage(frame: FrameOf<'send_message'>, roomId: number): Promise<void> {
    const { context, viewer } = this;
    const { content, reply_to, _tempId: tempId } = frame;
    const replyTo = reply_to == null ? null : idOr0(reply_to);
    const attachments = has(context.options, 'uploads') ? frame.attachments : undefined;
    const request = { roomId, content, replyTo, tempId, attachments };
    const { id, message } = await sendMessage(context, viewer, request, 'websocket');
    if (context.options.baseline || tempId === undefined) return;
    // A retry of a message that another device has since deleted.
    if (!message)
      return this.#fail('unknown_message', 'The message was deleted.', {
        room_id: roomId,
        message_id: id,
        _tempId: tempId,
      });
    this.#reply('message_ack', { _tempId: tempId, room_id: message.room, message });
  }

  async #authenticate(token: string): Promise<void> {
    const { context, viewer, connection } = this;
    const auth = await verifyToken(context.database, context.options.secret, token);
    const reason = !auth.ok ? auth.reason : auth.viewer.id === viewer.id ? null : 'not_owner';
    if (reason !== null || !auth.ok) {
      context.log.warn({ user: viewer.id, reason }, 'token rejected');
      // Not awaited: `close` itself waits until this frame is done.
      return void connection.close(CloseCode.unauthorized, 'token rejected');
    }
    connection.expireAt(auth.expiresAt);
    this.#reply('authenticated');
  }

  #reply(type: string, fields: object = {}): void {
    this.connection.send({ type, ...fields, timestamp: new Date() });
  }

  /** A change is broadcast to everyone, the requester included. Without a change, only the requester gets an answer. */
  #answerMutation({ frame }: MutationResult): void {
    if (frame) this.connection.send(frame);
  }

  /** Answers a frame that threw. */
  #onError(error: unknown, frame: ClientFrame, roomId: number): void {
    const { log } = this.context;
    const user = this.viewer.id;
    const ids = {
      room_id: roomId || undefined,
      message_id: 'message_id' in frame ? echo(frame.message_id) : undefined,
      _tempId: frame.type === 'send_message' ? echo(frame._tempId) : undefined,
    };
    if (error instanceof RequestError) {
      const { current } = error.details;
      if (current) this.#reply('message_updated', { room_id: roomId, message: current });
      this.connection.logRejected(error.code, { frame: frame.type, room: roomId });
      return this.#fail(error.code, error.message, {
        ...ids,
        room_id: error.details.roomId ?? ids.room_id,
        retry_after: error.details.retryAfter,
      });
    }
    log.error({ err: error, user, frame: frame.type }, 'frame failed');
    this.#fail('internal', 'Internal error', { ...ids, retry_after: RETRY_AFTER_ERROR_S });
  }

  /** Sends an `error` frame. Codes and ids are not part of the baseline. */
  #fail(code: string, message: string, { room_id, ...beyond }: ErrorDetails = {}): void {
    this.#reply('error', { message, room_id, ...(!this.context.options.baseline && { code, ...beyond }) });
  }
}

/** 0 matches nothing, so an invalid id behaves like an unknown one. */
const idOr0 = (id: unknown): number => toId(id) ?? 0;
