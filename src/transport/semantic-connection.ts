/**
 * A connection for backends with another protocol: it converts the session's frames to calls, and the backend's events
 * to frames. Events are validated like received frames.
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
  /** Identifies the message before the backend has an id for it. Unchanged when the message is sent again. */
  localId: string;
  /** The message to which it replies. */
  replyTo?: Id | undefined;
}

/** The calls of the session to the backend. An error in a call is reported, and does not end the connection. */
export interface ConnectionCalls {
  listRooms(): Promise<RoomInput[]>;
  /** The session shows a room from now on. */
  subscribe(roomId: Id): Promise<void>;
  unsubscribe(roomId: Id): void;
  /** The user has read everything in a room. */
  markRead(roomId: Id): Promise<void>;
  setTyping(roomId: Id, isTyping: boolean): void;
  /**
   * Stores a message.
   * @throws {ChatError} `forbidden` if it will never be accepted. After any other error it is sent again.
   */
  sendMessage(message: OutgoingMessage): Promise<MessageInput>;
  /** The connection has ended. Called once. */
  close(): void;
}

/** The events of the backend. Events before `connected` and after `closed` are ignored. */
export interface ConnectionEvents {
  connected(user: UserInput, capabilities: readonly string[]): void;
  message(message: MessageInput): void;
  typing(roomId: Id, user: UserInput, isTyping: boolean): void;
  /** Another user has read these messages. Without ids: all messages of the room. */
  read(roomId: Id, userId: Id, messageIds?: readonly Id[]): void;
  /** The list of rooms has changed. */
  roomsChanged(): void;
  /** The connection is lost. */
  closed(reason?: string): void;
}

type Frame = { type: ChatFrame['type'] } & Record<string, unknown>;

export class SemanticConnection implements TransportConnection {
  readonly #options: ConnectionOptions;
  readonly #calls: ConnectionCalls;
  #state: 'connecting' | 'open' | 'closed' = 'connecting';

  constructor(options: ConnectionOptions, calls: ConnectionCalls) {
    this.#options = options;
    this.#calls = calls;
  }

  // ————— From the session to the backend

  send(frame: ClientFrame): boolean {
    if (this.#state !== 'open') return false;
    // Asynchronous: an answer must not arrive before `send` has returned.
    void Promise.resolve()
      .then(() => this.#call(frame))
      .catch(() => this.#emit({ type: 'error', message: `The backend failed (${frame.type}).` }));
    return true;
  }

  end(code: number, reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#calls.close();
    this.#options.onEnd({ code, reason });
  }

  async #call(frame: ClientFrame): Promise<void> {
    const calls = this.#calls;
    switch (frame.type) {
      case 'ping':
        return this.#emit({ type: 'pong' });
      case 'get_room_list':
        return this.#emitRooms();
      case 'subscribe_room':
        await calls.subscribe(frame.room_id);
        return this.#emit({ type: 'subscribed', room_id: frame.room_id });
      case 'unsubscribe_room':
        calls.unsubscribe(frame.room_id);
        return this.#emit({ type: 'unsubscribed', room_id: frame.room_id });
      case 'mark_read':
        await calls.markRead(frame.room_id);
        // The whole room was read: none of its messages stays unread.
        return this.#emit({ type: 'messages_marked_read', room_id: frame.room_id, count: Number.MAX_SAFE_INTEGER });
      case 'typing':
      case 'stop_typing':
        return calls.setTyping(frame.room_id, frame.type === 'typing');
      case 'send_message':
        return this.#sendMessage({
          roomId: frame.room_id,
          content: frame.content,
          localId: frame._tempId!,
          replyTo: frame.reply_to ?? undefined,
        });
      default: // a capability that `connected` has not announced
    }
  }

  async #sendMessage(message: OutgoingMessage): Promise<void> {
    const { roomId: room_id, localId: _tempId } = message;
    try {
      const stored = await this.#calls.sendMessage(message);
      this.#emit({ type: 'message_ack', room_id, message: messageInput({ ...stored, localId: _tempId }), _tempId });
    } catch (thrown) {
      // Only a final refusal is reported. After any other error it is unknown whether the message is stored, and it is
      // sent again.
      if (thrown instanceof ChatError && thrown.code === 'forbidden')
        this.#emit({ type: 'error', message: thrown.message, code: 'forbidden', room_id, _tempId });
    }
  }

  // ————— From the backend to the session

  readonly events: ConnectionEvents = {
    connected: ({ id, username }, capabilities) => {
      if (this.#state === 'connecting') this.#state = 'open';
      this.#emit({ type: 'connection_established', user_id: id, username, protocol: 1, capabilities });
    },
    message: (message) => this.#emit({ type: 'new_message', room_id: message.roomId, message: messageInput(message) }),
    typing: (room_id, user, is_typing) =>
      this.#emit({ type: 'typing', room_id, user_id: user.id, username: user.username, is_typing }),
    read: (room_id, user_id, message_ids = []) => this.#emit({ type: 'message_read', room_id, user_id, message_ids }),
    roomsChanged: () => void this.#emitRooms().catch(() => {}), // the next request for the list reports the error
    closed: (reason = '') => this.end(CloseCode.abnormal, reason),
  };

  #emit(frame: Frame): void {
    if (this.#state !== 'open') return;
    const { frame: checked, problems } = readFrame<ChatFrame>(ChatFrames, frame);
    for (const problem of problems) this.#options.onProblem?.(problem);
    this.#receive(checked);
  }

  async #emitRooms(): Promise<void> {
    const { items, problems } = checkEach(Room, (await this.#calls.listRooms()).map(roomInput), 'listRooms');
    for (const problem of problems) this.#options.onProblem?.(problem);
    this.#receive({ type: 'room_list', rooms: items, left_out: problems.length });
  }

  #receive(frame: ChatFrame | undefined): void {
    if (!frame || this.#state !== 'open') return;
    this.#options.onAlive?.(frame);
    this.#options.onFrame(frame);
  }
}
