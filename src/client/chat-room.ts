/** One room of a connection, and what its user can do in it beyond reading and writing. */
import type { Id, Room } from '../protocol/index.js';
import { isAllowed, messageOf, type RoomAction } from '../store/permissions.js';
import { roomOf } from '../store/selectors.js';
import type { ConnectionCore } from './connection-core.js';
import { withParts } from './connection-core.js';

/** Options of {@link ChatRoom.delete}. */
export interface DeleteOptions {
  /**
   * The time in which the deletion can be undone, in milliseconds. The message disappears at once, and is deleted after
   * this time, or when the page is closed. Default: 0.
   */
  delayMs?: number | undefined;
  /** Aborts the deletion within that time: the message comes back. */
  signal?: AbortSignal | undefined;
}

/**
 * A room, by `connection.room(id)`. The code of its methods is loaded on first use.
 *
 * A change appears in the thread at once. If the server refuses it, or cannot be reached, it is taken back, and the
 * method throws.
 *
 * @example
 * const room = connection.room(7);
 * if (room.can('edit_own', message)) await room.edit(message.id, 'Hello!');
 */
export class ChatRoom {
  readonly #core: ConnectionCore;

  constructor(
    core: ConnectionCore,
    /** The id of the room. */
    readonly id: Id,
  ) {
    this.#core = core;
  }

  /** The room in the list; undefined if the list does not contain it. */
  get info(): Room | undefined {
    return roomOf(this.#core.store.data, this.id);
  }

  /**
   * Whether the user may do something in the room, or with a message of it.
   * @param messageId a loaded message, for the actions that concern one. If it is not loaded, the result is false.
   */
  can(action: RoomAction, messageId?: Id): boolean {
    const { store, clock } = this.#core;
    const message = messageId === undefined ? undefined : messageOf(store.data, this.id, messageId);
    return (
      (messageId === undefined || message !== undefined) && isAllowed(store.data, this.id, action, message, clock.now())
    );
  }

  /**
   * Changes the text of an own message. A message that is not sent yet is changed before it is sent.
   * @param messageId the id of the message; of an unsent one, its `localId`.
   * @throws {ChatError} `conflict` if it was edited on another device meanwhile: the thread shows that version;
   * `not_found`, `forbidden`, `empty_message`, `message_too_long`, and the errors of a request.
   */
  edit(messageId: Id, content: string): Promise<void> {
    return withParts(({ editMessage }) => editMessage(this.#core, this.id, messageId, content));
  }

  /**
   * Deletes a message for everybody.
   * @throws {ChatError} `aborted` if it was undone; `not_found`, `forbidden`, and the errors of a request.
   */
  delete(messageId: Id, options: DeleteOptions = {}): Promise<void> {
    return withParts(({ deleteMessage }) => deleteMessage(this.#core, this.id, messageId, options));
  }

  /**
   * Adds (`on`) or removes an own reaction. Of several calls for the same emoji, the last one counts.
   * @param emoji a single emoji.
   * @throws {ChatError} `not_found`, `forbidden`, `invalid`, and the errors of a request.
   */
  react(messageId: Id, emoji: string, on: boolean): Promise<void> {
    return withParts(({ react }) => react(this.#core, this.id, messageId, emoji, on));
  }
}
