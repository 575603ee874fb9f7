/** What a backend that speaks something else has to be able to do. Only `user` and `send` are required. */
import type { Id } from '../protocol/index.js';

export interface AdapterUser {
  id: Id;
  username: string;
  first_name?: string;
  last_name?: string;
  /** Address of a picture. */
  profile_picture?: string | null;
}

export interface AdapterMessage {
  /** The same every time that this message is given. */
  id: Id;
  /** Null: the system itself speaks. */
  sender: AdapterUser | null;
  content: string;
  /** ISO 8601, or milliseconds since 1970. */
  timestamp: string | number;
  /** `outgoing.tempId`, where the backend gives it back: then a message is told apart from one with the same words. */
  tempId?: string | undefined;
  /** Address of a file. */
  attachment?: string | null;
  /** Default `text`; `image` or `file` with an attachment, `system`. */
  type?: string;
  isRead?: boolean;
}

export interface AdapterRoom {
  id: Id;
  name: string;
  /** Two people: shown by the other's name. */
  isDirect?: boolean;
  participants?: AdapterUser[];
  lastMessage?: AdapterMessage | null;
  unread?: number;
}

export interface Outgoing {
  roomId: Id;
  content: string;
  /** Ours for this message; the same when it is sent again. */
  tempId: string;
  /** The message that it answers. */
  replyTo?: Id | undefined;
}

/** What comes in. */
export interface AdapterEvents {
  message(roomId: Id, message: AdapterMessage): void;
  typing(roomId: Id, user: AdapterUser, isTyping: boolean): void;
  /** Others have read: these, or all. */
  read(roomId: Id, userId: Id, messageIds?: Id[]): void;
  /** The list of rooms is another. */
  roomsChanged(): void;
  /** The line is gone: `connect` is called again after a while. */
  disconnected(reason?: string): void;
}

export interface ChatAdapter {
  /** Who is signed in. */
  user: AdapterUser;
  /** Whether sending one `tempId` twice stores one message. Default false: the history is searched before anything is sent again. */
  isIdempotent?: boolean;
  /** Connects, and says from then on what comes in; called again after `disconnected`. @returns how to end it. @throws why it cannot. */
  connect?(events: AdapterEvents, signal: AbortSignal): Promise<(() => void) | void> | (() => void) | void;
  /**
   * Stores a message.
   * @returns it as it is stored.
   * @throws {AdapterRefusal} where it will never be taken; anything else: it is tried again.
   */
  send(outgoing: Outgoing): Promise<AdapterMessage>;
  list?(): Promise<AdapterRoom[]>;
  /** Up to `limit` messages before one, or the newest. Oldest first. */
  history?(roomId: Id, page: { before?: Id | undefined; limit: number }): Promise<{ messages: AdapterMessage[]; hasMore: boolean }>;
  /** A room is looked at. @returns how to leave it. */
  subscribe?(roomId: Id): Promise<(() => void) | void> | (() => void) | void;
  /** I have read: everything up to here. */
  read?(roomId: Id): Promise<void> | void;
  typing?(roomId: Id, isTyping: boolean): void;
}

/** A message that the backend will never take. Its words are shown at the message. */
export class AdapterRefusal extends Error {
  override readonly name = 'AdapterRefusal';
}
