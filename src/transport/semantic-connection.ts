/**
 * A connection for backends that have no frames of ours: it turns what the session sends into calls, and events into what the session
 * receives. Events pass the same checks as frames.
 */
import {
  checkEach,
  ChatFrames,
  CloseCode,
  messageInput,
  readFrame,
  Room,
  roomInput,
  type ChatFrame,
  type ClientFrame,
  type Id,
  type MessageInput,
  type RoomInput,
  type UserInput,
} from '../protocol/index.js';
import { ChatError } from './errors.js';
import type { ConnectionOptions, TransportConnection } from './transport.js';

export interface OutgoingMessage {
  roomId: Id;
  content: string;
  /** Identifies the message before the backend has an id for it; the same when the message is sent again. */
  localId: string;
  /** The message that it answers. */
  replyTo?: Id | undefined;
}

/** What the session asks of the backend. What a call throws is reported, and ends nothing. */
export interface ConnectionCalls {
  listRooms(): Promise<RoomInput[]>;
  /** The session shows a room from now on. */
  subscribe(roomId: Id): Promise<void>;
  unsubscribe(roomId: Id): void;
  /** The user has read everything in a room. */
  markRead(roomId: Id): Promise<void>;
  setTyping(roomId: Id, isTyping: boolean): void;
  /** Stores a message. @throws {ChatError} `forbidden` if it will never be accepted; after any other error it is sent again. */
  sendMessage(message: OutgoingMessage): Promise<MessageInput>;
  /** The connection has ended. Called once. */
  close(): void;
}

/** What the backend reports. Events before `connected` and after `closed` are ignored. */
export interface ConnectionEvents {
  connected(user: UserInput, capabilities: readonly string[]): void;
  message(message: MessageInput): void;
  typing(roomId: Id, user: UserInput, isTyping: boolean): void;
  /** Another user has read these messages; none named means all of the room. */
  read(roomId: Id, userId: Id, messageIds?: readonly Id[]): void;
  /** The list of rooms has changed. */
  roomsChanged(): void;
  /** The connection is lost. */
  closed(reason?: string): void;
}

type Frame = { type: ChatFrame['type'] } & Record<string, unknown>;

export function semanticConnection(options: ConnectionOptions, calls: ConnectionCalls): { connection: TransportConnection; events: ConnectionEvents } {
  let state: 'connecting' | 'open' | 'closed' = 'connecting';

  const close = (code: number, reason: string): void => {
    if (state === 'closed') return;
    state = 'closed';
    calls.close();
    options.onEnd({ code, reason });
  };

  const emit = (frame: Frame): void => {
    if (state !== 'open') return;
    const { frame: checked, problems } = readFrame<ChatFrame>(ChatFrames, frame);
    for (const problem of problems) options.onProblem?.(problem);
    receive(checked);
  };
  const receive = (frame: ChatFrame | undefined): void => {
    if (!frame || state !== 'open') return;
    options.onAlive?.(frame);
    options.onFrame(frame);
  };

  const emitRooms = async (): Promise<void> => {
    const { items, problems } = checkEach(Room, (await calls.listRooms()).map(roomInput), 'listRooms');
    for (const problem of problems) options.onProblem?.(problem);
    receive({ type: 'room_list', rooms: items, left_out: problems.length });
  };

  const sendMessage = async (message: OutgoingMessage): Promise<void> => {
    const { roomId: room_id, localId: _tempId } = message;
    try {
      const stored = await calls.sendMessage(message);
      emit({ type: 'message_ack', room_id, message: messageInput({ ...stored, localId: _tempId }), _tempId });
    } catch (thrown) {
      // Only a final refusal is reported: after any other error it is not known whether the message is stored, and it is sent again.
      if (thrown instanceof ChatError && thrown.code === 'forbidden') emit({ type: 'error', message: thrown.message, code: 'forbidden', room_id, _tempId });
    }
  };

  const call = async (frame: ClientFrame): Promise<void> => {
    switch (frame.type) {
      case 'ping':
        return emit({ type: 'pong' });
      case 'get_room_list':
        return emitRooms();
      case 'subscribe_room':
        await calls.subscribe(frame.room_id);
        return emit({ type: 'subscribed', room_id: frame.room_id });
      case 'unsubscribe_room':
        calls.unsubscribe(frame.room_id);
        return emit({ type: 'unsubscribed', room_id: frame.room_id });
      case 'mark_read':
        await calls.markRead(frame.room_id);
        // The whole room was read: no message of it stays unread.
        return emit({ type: 'messages_marked_read', room_id: frame.room_id, count: Number.MAX_SAFE_INTEGER });
      case 'typing':
      case 'stop_typing':
        return calls.setTyping(frame.room_id, frame.type === 'typing');
      case 'send_message':
        return sendMessage({ roomId: frame.room_id, content: frame.content, localId: frame._tempId!, replyTo: frame.reply_to ?? undefined });
      default: // a capability that `connected` has not named
    }
  };

  return {
    connection: {
      send(frame) {
        if (state !== 'open') return false;
        // An answer never comes before `send` has returned.
        void Promise.resolve()
          .then(() => call(frame))
          .catch(() => emit({ type: 'error', message: `The backend failed (${frame.type}).` }));
        return true;
      },
      end: close,
    },
    events: {
      connected({ id, username }, capabilities) {
        if (state === 'connecting') state = 'open';
        emit({ type: 'connection_established', user_id: id, username, protocol: 1, capabilities });
      },
      message: (message) => emit({ type: 'new_message', room_id: message.roomId, message: messageInput(message) }),
      typing: (room_id, user, is_typing) => emit({ type: 'typing', room_id, user_id: user.id, username: user.username, is_typing }),
      read: (room_id, user_id, message_ids = []) => emit({ type: 'message_read', room_id, user_id, message_ids }),
      roomsChanged: () => void emitRooms().catch(() => {}), // the next request for the list reports the error
      closed: (reason = '') => close(CloseCode.abnormal, reason),
    },
  };
}
