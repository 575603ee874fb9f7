/**
 * What a backend with a protocol of its own can do. Only `user` and `send` are required; the elements leave out the
 * rest.
 */
import type { Id } from '../protocol/index.js';

export interface AdapterUser {
  id: Id;
  username: string;
  first_name?: string;
  last_name?: string;
  /** URL of a picture. */
  profile_picture?: string | null;
}

export interface AdapterMessage {
  /** The same every time that the backend returns this message. */
  id: Id;
  /** Null: a message of the system. */
  sender: AdapterUser | null;
  content: string;
  /** ISO 8601, or milliseconds since 1970. */
  timestamp: string | number;
  /** `message.localId` of `send`, if the backend keeps it: then own messages are matched by it, not by their text. */
  localId?: string | undefined;
  /** URL of a file. Default: that of the first one in `attachments`. */
  attachment?: string | null;
  /** All files, in their order. */
  attachments?: AdapterAttachment[];
  /** `text`, `image`, `file` or `system`. Default: `file` with an attachment, else `text`. */
  type?: string;
  /** Whether another user has read it. Default: false. */
  isRead?: boolean;
  /** When its text was changed last: ISO 8601, or milliseconds since 1970. */
  editedAt?: string | number | null;
  /** When it was deleted. The thread shows that; its content is not used any more. */
  deletedAt?: string | number | null;
  /** All reactions, one entry per emoji, in the order in which they were added. */
  reactions?: AdapterReaction[];
}

/** A file of a stored message. */
export interface AdapterAttachment {
  /** Null while the file cannot be loaded. */
  url: string | null;
  name: string;
  /** Default: the URL. */
  id?: Id;
  /** Media type. Default: unknown. */
  mediaType?: string;
  /** Bytes. */
  size?: number;
}

/** A file that is uploaded for a message. */
export interface AdapterUpload {
  name: string;
  /** Media type; empty if it is unknown. */
  mediaType: string;
  /** Aborts when the file is discarded, or the upload takes longer than ten minutes. */
  signal: AbortSignal;
  /** To be called with the part that is uploaded, from 0 to 1. */
  onProgress(part: number): void;
}

/** An emoji, and the users who have added it. */
export interface AdapterReaction {
  emoji: string;
  userIds: Id[];
}

/** A message, or the first one at or after a time. */
export type AdapterTarget = { around: Id } | { at: Date };

/** A part of a room's history, oldest first. */
export interface AdapterHistoryPart {
  messages: AdapterMessage[];
  hasOlder: boolean;
  hasNewer: boolean;
  /** The message itself, or the first one at or after the time, else the last one. Null: there is none. */
  targetId: Id | null;
}

/** A message of the current user, to be stored. */
export interface OutgoingMessage {
  roomId: Id;
  content: string;
  /** Identifies the message before the backend has an id for it. Unchanged when the message is sent again. */
  localId: string;
  /** The message to which it replies. */
  replyTo?: Id | undefined;
  /** What `upload` has returned for its files, in their order. The text may then be empty. */
  attachments?: readonly Id[] | undefined;
}

export interface AdapterRoom {
  id: Id;
  name: string;
  /** Whether it has two members, and is shown by the other one's name. Default: false. */
  isDirect?: boolean;
  participants?: AdapterUser[];
  lastMessage?: AdapterMessage | null;
  /** Messages that this user has not read. Default: 0. */
  unread?: number;
}

/** What the backend reports. */
export interface AdapterEvents {
  message(roomId: Id, message: AdapterMessage): void;
  /** A message was edited, or its reactions have changed: its current version. */
  updated(roomId: Id, message: AdapterMessage): void;
  /** A message was deleted. */
  deleted(roomId: Id, messageId: Id): void;
  typing(roomId: Id, user: AdapterUser, isTyping: boolean): void;
  /** Another user has read these messages; none named means all of the room. */
  read(roomId: Id, userId: Id, messageIds?: Id[]): void;
  /** The list of rooms has changed. */
  roomsChanged(): void;
  /** The connection is lost: `connect` is called again, after a wait that grows. */
  disconnected(reason?: string): void;
}

export interface ChatAdapter {
  /** The user who is signed in. */
  user: AdapterUser;
  /**
   * Whether sending one `localId` twice stores one message. Default false: the history is searched before a message is
   * sent again.
   */
  isIdempotent?: boolean;
  /** What the backend accepts. Default: one file per message, of any size. */
  limits?: {
    /** Files per message. */
    attachments?: number;
    /** Bytes of a file. */
    attachmentBytes?: number;
  };
  /**
   * Connects, and reports events from then on. Called again after `disconnected`.
   * @param signal aborts when the connection is no longer wanted.
   * @returns ends the connection.
   * @throws any error: the connection is tried again.
   */
  connect?(events: AdapterEvents, signal: AbortSignal): Promise<(() => void) | void> | (() => void) | void;
  /**
   * Stores a message. Not called again for the same message while a call is pending, for up to a minute.
   * @returns the stored message.
   * @throws {AdapterRefusal} if the backend will never accept it. After any other error it is sent again.
   */
  send(message: OutgoingMessage): Promise<AdapterMessage>;
  list?(): Promise<AdapterRoom[]>;
  /** Up to `limit` messages before one, or the newest. Oldest first. Default: messages since the page was loaded. */
  history?(
    roomId: Id,
    page: { before?: Id | undefined; limit: number },
  ): Promise<{ messages: AdapterMessage[]; hasMore: boolean }>;
  /** Called when a view opens a room. @returns a function that is called when the room is closed. */
  subscribe?(roomId: Id): Promise<(() => void) | void> | (() => void) | void;
  /** The user has read everything in a room. */
  read?(roomId: Id): Promise<void> | void;
  typing?(roomId: Id, isTyping: boolean): void;
  /**
   * Changes the text of an own message.
   * @returns the message as it is now.
   * @throws {AdapterRefusal} if the user may not do that. After any error the change is taken back.
   */
  edit?(roomId: Id, messageId: Id, content: string): Promise<AdapterMessage>;
  /** Deletes a message for everybody. @throws {AdapterRefusal} as `edit`. */
  delete?(roomId: Id, messageId: Id): Promise<void> | void;
  /** Adds (`on`) or removes an own reaction. @returns the message as it is now. @throws {AdapterRefusal} as `edit`. */
  react?(roomId: Id, messageId: Id, emoji: string, on: boolean): Promise<AdapterMessage>;
  /**
   * About `limit` messages: half of them before a message or a time, and half from it. Default: older pages are loaded
   * until one contains it.
   * @returns null if the room does not have the message.
   */
  around?(roomId: Id, target: AdapterTarget, limit: number): Promise<AdapterHistoryPart | null>;
  /**
   * Uploads a file: when it is added, before its message is sent. Called again for the same file after an error, and if
   * the page was closed meanwhile; not after it has returned.
   * @returns the id or URL of the file, for `attachments` of `send`.
   * @throws {AdapterRefusal} if the backend will never accept the file. After any other error it is uploaded again.
   */
  upload?(file: Blob, options: AdapterUpload): Promise<Id>;
}

/** The backend will never accept a message, a change of one, or a file. Its `message` is shown to the user. */
export class AdapterRefusal extends Error {
  override readonly name = 'AdapterRefusal';
}
