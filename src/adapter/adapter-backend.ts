/** Wraps an adapter: converts ids, sends each message with one call at a time, and provides a history. */
import { isId } from '../internal/is-id.js';
import {
  checkEach,
  isOrdered,
  Room,
  roomInput,
  type CheckedList,
  type Id,
  type MessageInput,
} from '../protocol/index.js';
import { ChatError, type Clock } from '../transport/index.js';
import { AdapterHistory } from './adapter-history.js';
import {
  AdapterRefusal,
  type AdapterMessage,
  type AdapterRoom,
  type ChatAdapter,
  type OutgoingMessage,
} from './adapter.js';

/**
 * A call of `send` that is pending for longer counts as lost, in milliseconds: the history is searched, and the message
 * is sent again.
 */
const LOST_MS = 60_000;

/** @throws {ChatError} `forbidden` after an `AdapterRefusal`; else what `run` throws. */
export async function withRefusals<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    throw thrown instanceof AdapterRefusal ? new ChatError('forbidden', thrown.message, 403) : thrown;
  }
}

/** What a user may do in a room of an adapter without `upload`, as far as it has the methods. */
const WITHOUT_FILES = ['send', 'react', 'edit_own', 'delete_own'];

export class AdapterBackend {
  readonly history: AdapterHistory;
  /** Settles when the connection that was opened last is up, or has failed: no request is made before. */
  connected: Promise<unknown> = Promise.resolve();
  /** Calls of `send` that are pending, by `localId`. */
  readonly #sending = new Map<string, { stored: Promise<AdapterMessage>; since: number }>();
  /**
   * The last id of each kind from the adapter. Attributes hold only strings: if the adapter's ids are numbers, ids are
   * converted back.
   */
  readonly #sample: { room?: Id; message?: Id } = {};

  readonly #clock: Clock;

  /** @param name identifies the backend. */
  constructor(
    readonly adapter: ChatAdapter,
    readonly name: string,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.history = new AdapterHistory(adapter);
  }

  /** An id as the adapter writes it. */
  idOf(kind: 'room' | 'message', id: Id): Id {
    return typeof this.#sample[kind] === 'number' && typeof id === 'string' && isOrdered(id) ? Number(id) : id;
  }

  messageOf(roomId: Id, message: AdapterMessage): MessageInput {
    // What an adapter returns is not validated yet.
    const { id } = (message as Partial<AdapterMessage> | null) ?? {};
    if (isId(id)) this.#sample.message = id;
    return { ...message, roomId };
  }

  /** The valid rooms, and the problems of the others. */
  async listRooms(): Promise<CheckedList<Room>> {
    const rooms = ((await this.adapter.list?.()) ?? []).map((room: AdapterRoom) => {
      this.#sample.room = room.id;
      const input = roomInput({
        ...room,
        lastMessage: room.lastMessage && this.messageOf(room.id, room.lastMessage),
      });
      return this.adapter.upload ? input : { ...input, can: WITHOUT_FILES };
    });
    return checkEach(Room, rooms, 'adapter.list');
  }

  /** @throws {ChatError} `forbidden` after an `AdapterRefusal`; else what the adapter throws. */
  sendMessage(message: OutgoingMessage): Promise<MessageInput> {
    const roomId = this.idOf('room', message.roomId);
    return withRefusals(async () => this.messageOf(roomId, await this.#sendOnce({ ...message, roomId })));
  }

  /** The current version of a message is known. */
  recordVersion(roomId: Id, message: AdapterMessage): MessageInput {
    const input = this.messageOf(roomId, message);
    if (isId(input.id)) this.history.update(roomId, input.id, message);
    return input;
  }

  /** A message was deleted. @returns when, as far as is known here. */
  recordDeletion(roomId: Id, messageId: Id): string {
    const deletedAt = new Date(this.#clock.now()).toISOString();
    this.history.update(roomId, messageId, { deletedAt });
    return deletedAt;
  }

  async #sendOnce(message: OutgoingMessage): Promise<AdapterMessage> {
    const { localId, roomId } = message;
    // Requested again because it takes long: it may still be stored.
    const earlier = this.#sending.get(localId);
    if (earlier && this.#clock.now() - earlier.since < LOST_MS) return earlier.stored;
    const entry = { stored: Promise.resolve(this.adapter.send(message)), since: this.#clock.now() };
    this.#sending.set(localId, entry);
    try {
      const stored = await entry.stored;
      this.history.record(roomId, stored);
      return stored;
    } finally {
      if (this.#sending.get(localId) === entry) this.#sending.delete(localId);
    }
  }
}
