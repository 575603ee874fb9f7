/** Everything the elements show, in one immutable value. */
import type { Id, Limits, Message, Room } from '../protocol/index.js';
import type { NotificationState, Phase } from '../session/index.js';
import type { ChatError } from '../transport/index.js';

/** A message as a thread shows it. */
export interface ChatMessage extends Message {
  /** Stays the same from 'sending' to 'sent', so that a row is never drawn anew. */
  readonly key: string;
  readonly delivery: 'sending' | 'sent' | 'failed';
  /** Of one's own message until it is stored, and after: names it for `retry` and `discard`. */
  readonly localId: string | null;
  /** Why it was not stored, where `delivery` is 'failed'. */
  readonly error: ChatError | null;
}

export interface Typist {
  readonly userId: Id;
  readonly username: string;
}

export interface Thread {
  /** What the server has stored, in its order; then what is still on its way. */
  readonly timeline: readonly ChatMessage[];
  readonly loaded: boolean;
  /** Whether the server has messages before the first one here. */
  readonly hasOlder: boolean;
  /** Whether messages before the first one here were left out to keep up, and have not been loaded since. */
  readonly skipped: boolean;
  readonly loading: 'newest' | 'older' | null;
  /** Why the last attempt to load history failed. */
  readonly error: ChatError | null;
  /** The server does not let us read this room (403, 404). It is not asked again until something says that this may have changed. */
  readonly denied: boolean;
  readonly typing: readonly Typist[];
}

export interface ChatUser {
  readonly id: Id;
  readonly username: string;
}

export interface ChatData {
  readonly phase: Phase;
  readonly user: ChatUser | null;
  readonly capabilities: readonly string[];
  readonly limits: Limits;
  /** Whether messages that are not sent yet outlive the page. */
  readonly durable: boolean;
  /** What the notifications socket says, where it is listened to. */
  readonly notifications: NotificationState;
  /** Most recent activity first. */
  readonly rooms: readonly Room[];
  readonly roomsLoaded: boolean;
  /** By `idKey` of the room. */
  readonly threads: Readonly<Record<string, Thread>>;
  /** The room chosen for all threads that have none of their own. */
  readonly selected: Id | null;
  /** Rooms (`idKey`) whose end is before somebody's eyes, once for each pair: nothing in them is unread. */
  readonly reading: readonly string[];
  /** By `idKey` of the room: the last message that was counted as unread or seen, so that none counts twice. */
  readonly lastSeen: Readonly<Record<string, Id>>;
}

export const EMPTY_THREAD: Thread = { timeline: [], loaded: false, hasOlder: false, skipped: false, loading: null, error: null, denied: false, typing: [] };

export const INITIAL: ChatData = {
  phase: { is: 'idle' },
  user: null,
  capabilities: [],
  limits: {},
  durable: true,
  notifications: { unread: 0, recent: [] },
  rooms: [],
  roomsLoaded: false,
  threads: {},
  selected: null,
  reading: [],
  lastSeen: {},
};
