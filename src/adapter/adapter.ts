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
  /** URL of a file. */
  attachment?: string | null;
  /** `text`, `image`, `file` or `system`. Default: `file` with an attachment, else `text`. */
  type?: string;
  /** Whether another user has read it. Default: false. */
  isRead?: boolean;
}

/** A message of the current user, to be stored. */
export interface OutgoingMessage {
  roomId: Id;
  content: string;
  /** Identifies the message before the backend has an id for it. Unchanged when the message is sent again. */
  localId: string;
  /** The message to which it replies. */
  replyTo?: Id | undefined;
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
}

/** The backend will never accept a message. Its `message` is shown at the message. */
export class AdapterRefusal extends Error {
  override readonly name = 'AdapterRefusal';
}
