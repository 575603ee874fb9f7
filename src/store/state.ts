/** Everything the elements show, in one immutable value. */
import type { Id, Limits, Message, Room } from '../protocol/index.js';
import type { NotificationState, PassedFrame, ConnectionState, SessionEvent, Side } from '../session/index.js';
import type { ChatError } from '../transport/index.js';

/** A message as a thread shows it. */
export interface ChatMessage extends Message {
  /** Stays the same from 'sending' to 'sent', so that the row keeps its DOM node. */
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
  /**
   * One contiguous part of what the server has stored, in its order, at most 2,000 messages (50 while the room is not open); among it
   * refused messages; at the end those that are being sent.
   */
  readonly timeline: readonly ChatMessage[];
  readonly loaded: boolean;
  /** Whether an element shows the room, so that it is kept up to date. */
  readonly open: boolean;
  /** Whether the server has messages before the first one here. */
  readonly hasOlder: boolean;
  /** Whether the server has messages after the last stored one here: they were released, and are loaded again when asked for. */
  readonly hasNewer: boolean;
  /** Whether messages before the first one here were left out to keep up, and have not been loaded since. */
  readonly skipped: boolean;
  readonly loading: Side | null;
  /** Why the last attempt to load history failed. */
  readonly error: ChatError | null;
  /** The page that could not be loaded. */
  readonly failed: Side | null;
  /** Messages of the loaded history that could not be read. */
  readonly leftOut: number;
  /** The server does not let us read this room (403, 404). It is not asked again until something says that this may have changed. */
  readonly denied: boolean;
  readonly typing: readonly Typist[];
}

export interface ChatUser {
  readonly id: Id;
  readonly username: string;
}

export interface ChatData {
  readonly phase: ConnectionState;
  readonly user: ChatUser | null;
  readonly capabilities: readonly string[];
  readonly limits: Limits;
  /** Whether messages that are not sent yet outlive the page. */
  readonly durable: boolean;
  /** Another tab runs a newer version of the chat, which has taken over the storage: only a reload helps. */
  readonly outdated: boolean;
  /** The state of the notifications socket, if it is used. */
  readonly notifications: NotificationState;
  /** Most recent activity first. */
  readonly rooms: readonly Room[];
  readonly roomsLoaded: boolean;
  /** Rooms of the list that could not be read. */
  readonly roomsLeftOut: number;
  /** Whether the list has all rooms: not above 10,000, nor where the server's pages do not end. */
  readonly roomsComplete: boolean;
  /** By `idKey` of the room. */
  readonly threads: ReadonlyMap<string, Thread>;
  /** The room chosen for all threads that have none of their own. */
  readonly selected: Id | null;
  /** Rooms (`idKey`) whose newest message is viewed, once per view: nothing in them is unread. */
  readonly reading: readonly string[];
  /** Rooms (`idKey`) in which older messages are viewed, once per view: they are not released when messages come in. */
  readonly away: readonly string[];
  /** The last messages that came in, as `room id`, so that none counts twice. At most 500. */
  readonly seen: readonly string[];
  /** Actions whose code is not loaded yet: run as soon as it is. At most 500. */
  readonly early: readonly LateAction[];
}

/** Actions that the first messages do not need: their code is deferred (deferred-actions.ts). */
export type LateAction =
  | Extract<SessionEvent, { type: 'refused' | 'restored' | 'resent' }>
  | { type: 'frame'; frame: Extract<PassedFrame, { type: 'message_updated' | 'reactions_updated' | 'message_read' }> };

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
  away: [],
  seen: [],
  early: [],
};
