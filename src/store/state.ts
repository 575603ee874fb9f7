import type { Id, Limits, Message, Room } from '../protocol/index.js';
import type {
  NewRoom,
  NotificationState,
  RoomEvent,
  ConnectionState,
  SessionEvent,
  Side,
  Upload,
} from '../model/index.js';
import type { ChatError } from '../transport/index.js';

/** A message in a thread: stored, being sent, or failed. */
export interface ChatMessage extends Message {
  /** Unique in the thread. Does not change when the message is stored, so that its row keeps its DOM. */
  readonly key: string;
  /** `sent`: the server has stored the message. */
  readonly delivery: 'sending' | 'sent' | 'failed';
  /** Identifies an own message for `retry` and `discard`. Null for other messages. */
  readonly localId: string | null;
  /** Why the message failed, if `delivery` is `failed`. */
  readonly error: ChatError | null;
  /**
   * Own messages, capability `delivered`: whether it has reached a device of the other member, or of all others in a
   * group. Not known in a room that does not name all its members.
   */
  readonly delivered?: boolean;
  /** The message without changes that the server has not confirmed, if there are any. */
  readonly original?: ChatMessage;
}

/** A change of a message that the server has not confirmed: see `pending-changes.ts`. */
export type PendingChange = {
  readonly changeId: string;
  readonly roomId: Id;
  readonly messageId: Id;
} & (
  | { readonly type: 'edit'; readonly content: string; /** ISO 8601. */ readonly at: string }
  | { readonly type: 'delete'; readonly at: string }
  | { readonly type: 'react'; readonly emoji: string; readonly on: boolean }
);

/** A user who is typing. */
export interface Typist {
  readonly userId: Id;
  readonly username: string;
}

/** The loaded messages of a room, and their loading state. */
export interface Thread {
  /**
   * One contiguous part of the stored messages, in the server's order: at most 2,000, or 50 while the room is not open.
   * Failed messages are between them; messages being sent are at the end.
   */
  readonly timeline: readonly ChatMessage[];
  /** Whether the newest page was loaded. */
  readonly loaded: boolean;
  /** Whether a view shows the room, so that it is kept up to date. */
  readonly open: boolean;
  /** Whether the server has messages before the first loaded one. */
  readonly hasOlder: boolean;
  /** Whether the server has messages after the last loaded one. They were released, and can be loaded again. */
  readonly hasNewer: boolean;
  /** Whether messages before the first loaded one were skipped to catch up faster, and have not been loaded since. */
  readonly skipped: boolean;
  /** The page that is being loaded. */
  readonly loading: Side | null;
  /** Why the last page failed to load. */
  readonly error: ChatError | null;
  /** The page that failed to load. */
  readonly failed: Side | null;
  /** Number of messages that were left out because their data is invalid. */
  readonly leftOut: number;
  /** The server refuses access to the room (403, 404). It is asked again only after a sign that this has changed. */
  readonly denied: boolean;
  readonly typing: readonly Typist[];
  /** Receipts of the other members that have arrived since the room was loaded. */
  readonly receipts?: Receipts;
}

/** The receipts of a room beyond the fields of its messages. */
export interface Receipts {
  /** The last message that has reached each other member (`idKey`). */
  readonly delivered: ReadonlyMap<string, Id>;
  /** Who has read a message on its own, by message (`idKey`). */
  readonly readers: ReadonlyMap<string, readonly Id[]>;
}

/** The signed-in user. */
export interface ChatUser {
  readonly id: Id;
  readonly username: string;
}

/** The whole state of a connection, as one immutable value. */
export interface ChatData {
  /** The state of the connection (`phase.is`), with its reason and next attempt. */
  readonly phase: ConnectionState;
  /** The signed-in user; null: not known. */
  readonly user: ChatUser | null;
  /** Optional features that the backend supports: see docs/PROTOCOL.md. */
  readonly capabilities: readonly string[];
  /** Limits that the backend has announced. */
  readonly limits: Limits;
  /** Capability `hide_receipts`: whether the user shows no receipts, and sees none. */
  readonly hideReceipts?: boolean | undefined;
  /** Whether unsent messages and drafts survive a reload. */
  readonly durable: boolean;
  /** A newer version of the chat in another tab has upgraded the local storage: this page has to be reloaded. */
  readonly outdated: boolean;
  /** The user's notifications, if the connection listens for them. */
  readonly notifications: NotificationState;
  /** Most recent activity first. */
  readonly rooms: readonly Room[];
  /** Whether the room list was loaded. */
  readonly roomsLoaded: boolean;
  /** Number of rooms that were left out because their data is invalid. */
  readonly roomsLeftOut: number;
  /** Whether the list contains all rooms. At most 10,000 are loaded. */
  readonly roomsComplete: boolean;
  /** By room id, as text. */
  readonly threads: ReadonlyMap<string, Thread>;
  /** The room shown by threads whose `room` is not set. */
  readonly selected: Id | null;
  /** Ids, as text, of rooms whose newest message is on screen: they have no unread messages. One entry per view. */
  readonly reading: readonly string[];
  /** Ids, as text, of rooms that were marked as unread, and have not been left since: `reading` does not count there. */
  readonly keptUnread: readonly string[];
  /** Ids, as text, of rooms with a reader who has scrolled up: older messages are not released. One entry per view. */
  readonly away: readonly string[];
  /** The last 500 received messages, as `<room id> <message id>`, so that none is counted twice. */
  readonly seen: readonly string[];
  /** Rooms that are created with their first message, by their local id. */
  readonly newRooms: ReadonlyMap<string, NewRoom>;
  /** The rooms that were created for local ids: at most 100. */
  readonly createdRooms: ReadonlyMap<string, Id>;
  /** Files that are uploaded for messages, by `uploadId`. */
  readonly uploads: ReadonlyMap<string, Upload>;
  /** Changes that the server has not confirmed, in the order in which they were made. */
  readonly changes: readonly PendingChange[];
  /** The last 500 actions that wait for their code to be loaded. */
  readonly early: readonly LateAction[];
}

/** Actions whose code is deferred, because the first messages do not need them: see deferred-actions.ts. */
export type LateAction =
  | Extract<SessionEvent, { type: 'refused' | 'restored' | 'resent' }>
  | { type: 'room-event'; event: Exclude<RoomEvent, { type: 'typing' }> };

export const EMPTY_THREAD: Thread = {
  timeline: [],
  loaded: false,
  open: false,
  hasOlder: false,
  hasNewer: false,
  skipped: false,
  loading: null,
  error: null,
  failed: null,
  denied: false,
  leftOut: 0,
  typing: [],
};

export const INITIAL: ChatData = {
  phase: { is: 'idle' },
  user: null,
  capabilities: [],
  limits: {},
  durable: true,
  outdated: false,
  notifications: { unread: 0, recent: [] },
  rooms: [],
  roomsLoaded: false,
  roomsLeftOut: 0,
  roomsComplete: true,
  threads: new Map(),
  selected: null,
  reading: [],
  keptUnread: [],
  away: [],
  seen: [],
  newRooms: new Map(),
  createdRooms: new Map(),
  uploads: new Map(),
  changes: [],
  early: [],
};
