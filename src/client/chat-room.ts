/** What a user can do in a room beyond reading and writing. See method-groups.ts. */
import type { Id, RoomMember, RoomSettings } from '../protocol/index.js';
import type { RoomAction } from '../store/permissions.js';
import type { SettingChanges } from '../transport/index.js';

/** Options of {@link ChatRoom.delete}. */
export interface DeleteOptions {
  /**
   * The time in which the deletion can be undone, in milliseconds. The thread shows the message as deleted at once; the
   * server is told after this time, or when the page is closed.
   * @default 0
   */
  delayMs?: number | undefined;
  /** Aborts the deletion within that time: the message comes back. */
  signal?: AbortSignal | undefined;
}

/**
 * A message; the first one at or after a time; or `first-unread`: the first one that the user has not read. If there is
 * none, the newest messages are loaded, and nothing is found.
 */
export type JumpTarget = Id | Date;

/** The result of {@link ChatRoom.openAt}. */
export interface JumpResult {
  /** Whether the target exists, and is loaded. */
  found: boolean;
  /** The message at the target; of a deleted one, its neighbour. Undefined: there is none. */
  messageId: Id | undefined;
}

/**
 * A room, by `connection.room(id)`.
 *
 * A change of a message appears in the thread at once. If the server refuses it, or cannot be reached, it is taken back,
 * and the method throws. Every method throws a {@link ChatError}: `unreachable` if its code cannot be loaded.
 *
 * @example
 * const room = connection.room(7);
 * if (await room.can('edit_own', message.id)) await room.edit(message.id, 'Hello!');
 */
export interface ChatRoom {
  /**
   * Whether the user may do something in the room, or with a message of it.
   * @param messageId a loaded message, for the actions that concern one. If it is not loaded, the result is false.
   */
  can(action: RoomAction, messageId?: Id): Promise<boolean>;
  /**
   * Changes the text of an own message. A message that is not sent yet is changed before it is sent.
   * @param messageId the id of the message; of an unsent one, its `localId`.
   * @throws {ChatError} `conflict` if it was edited on another device meanwhile: the thread shows that version;
   * `not_found`, `forbidden`, `empty_message`, `message_too_long`, and the errors of a request.
   */
  edit(messageId: Id, content: string): Promise<void>;
  /**
   * Deletes a message for everybody. An unsent message is discarded.
   * @throws {ChatError} `aborted` if it was undone; `not_found`, `forbidden`, and the errors of a request.
   */
  delete(messageId: Id, options?: DeleteOptions): Promise<void>;
  /**
   * Adds (`on`) or removes an own reaction. Of several calls for the same emoji, the last one counts.
   * @param emoji a single emoji.
   * @throws {ChatError} `not_found`, `forbidden`, `invalid`, and the errors of a request.
   */
  react(messageId: Id, emoji: string, on: boolean): Promise<void>;
  /**
   * Loads the messages around a target instead of the current ones. The room must be open (`connection.openRoom`).
   * New messages are counted, not shown, until `connection.loadNewer` has reached the end. Without the capability
   * `around`, up to 20 older pages are loaded.
   * @throws {ChatError} `aborted` if another jump in this room followed; `too_far_back`, and the errors of a request.
   */
  openAt(target: JumpTarget): Promise<JumpResult>;
  /**
   * Marks a message and all later ones as unread, on all devices. Others still see that they were read. They are not
   * marked as read automatically until the room was left.
   * @throws {ChatError} `not_supported` without the capability `mark_unread`, and the errors of a request.
   */
  markUnread(messageId: Id): Promise<void>;
  /**
   * Loads a message again: the addresses of its files may have expired.
   * @throws {ChatError} `not_supported` without the capability `uploads`, `not_found`, and the errors of a request.
   */
  refreshMessage(messageId: Id): Promise<void>;
  /**
   * Who has read a loaded message. Includes members who have read it on its own while the room was loaded.
   * @returns the ids of the members, without the author, and without those who hide their receipts.
   * @throws {ChatError} `not_supported` without the capability `receipts`, and the errors of a request.
   */
  readBy(messageId: Id): Promise<Id[]>;
  /**
   * Renames the room. The new name is shown at once.
   * @throws {ChatError} `not_supported` without the capability `manage_room`; `forbidden`, `invalid`, and the errors of a
   * request: then the former name is shown again.
   */
  rename(name: string): Promise<void>;
  /**
   * Uploads an image, and makes it the picture of the room, which is at `picture` of the room once that is done.
   * @param picture null removes the picture.
   * @throws {ChatError} `not_supported` without the capability `manage_room`, and for an image without `uploads`;
   * `unsupported_type`, `too_large`, `forbidden`, `invalid`, and the errors of a request.
   */
  changePicture(picture: Blob | null): Promise<void>;
  /**
   * Adds members. Inviting a member again changes nothing.
   * @returns the invited members.
   * @throws {ChatError} `not_supported` without the capability `manage_room`; `forbidden`; `not_found` for a user whom
   * this user may not know; `invalid`, and the errors of a request.
   */
  invite(userIds: readonly Id[]): Promise<RoomMember[]>;
  /**
   * Removes a member. Removing a user who is no member changes nothing.
   * @throws {ChatError} `not_supported` without the capability `manage_room`; `forbidden`, and the errors of a request.
   */
  removeMember(userId: Id): Promise<void>;
  /**
   * Leaves the room: it disappears from the list.
   * @throws {ChatError} `not_supported` without the capability `manage_room`; `forbidden` for a room of two people, and
   * the errors of a request.
   */
  leave(): Promise<void>;
  /**
   * Pins, archives or mutes the room, for this user on all devices. The change is shown at once.
   * @returns all settings.
   * @throws {ChatError} `not_supported` without the capability `room_settings`; `invalid`, and the errors of a request:
   * then the former settings are shown again.
   */
  changeSettings(changes: SettingChanges): Promise<RoomSettings>;
  /**
   * Whom a loaded message has reached: on at least one device, read or not.
   * @returns the ids of the members, without the author, and without those who hide their receipts.
   * @throws {ChatError} `not_supported` without the capability `delivered`, and the errors of a request.
   */
  deliveredTo(messageId: Id): Promise<Id[]>;
}
