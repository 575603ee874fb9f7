/**
 * The interface between a session and its backend. There are two implementations: web-transport.ts (our protocol: a
 * WebSocket, and REST beside it), and the adapter transport (`src/adapter`) for backends with another protocol. The
 * session does not know which one it uses.
 */
import type { Attachment, Decode, Id, Message, Problem, Room } from '../protocol/index.js';
import type { Address, AddressParts } from './endpoints.js';
import type { Clock } from './clock.js';
import type { AuthenticatedSocket, SocketOptions } from './socket.js';
import type { PeopleRequests, RoomPage, RoomPageQuery } from './people.js';
import type { TransportCommand } from './transport-commands.js';
import type { ChangeEvent, TransportEvent, UserInfo } from './transport-events.js';

export interface Transport {
  /**
   * The addresses of a backend. They identify it, and separate its data on this device, its locks and its channels from
   * those of others.
   * @throws {ChatError} `bad_url`, `backend_not_allowed`.
   */
  addressOf(parts: AddressParts): Address;
  /** The user, if the transport knows it before it is connected. Default: the token or the server names the user. */
  readonly userId?: Id;
  /** Creates the requests of one sign-in, which need no open connection. */
  createRequests(options: RequestOptions): Requests;
  /** Opens a connection, which reports its events. @throws {ChatError} `token_missing`, `bad_url`. */
  open(options: ConnectionOptions): TransportConnection;
  /** Decodes data that a connection has passed to `onAlive`, perhaps in another tab. */
  decode: Decode<TransportEvent>;
}

export interface ConnectionOptions extends Omit<SocketOptions<TransportEvent>, 'decode' | 'onFrame' | 'onOpen'> {
  onEvent(event: TransportEvent): void;
}

/** An open connection: `send` passes a command to the backend. */
export type TransportConnection = AuthenticatedSocket<TransportCommand>;

export interface RequestOptions {
  /** Base of all REST routes, with a trailing slash. */
  base: string;
  /** Read before every request, so that a refreshed token is used at once. */
  token: () => string;
  /** Handles a refused token (401). @returns whether there is another one. Then the request is repeated once. */
  renew?: (refused: string) => Promise<boolean>;
  onProblem?: (problem: Problem) => void;
  /** Called after each successful request. */
  onSuccess?: () => void;
  /** Default: the system's clock. */
  clock?: Clock;
  /** The deadline for a request, in milliseconds. Default: 15,000. */
  timeoutMs?: number;
  /** Default: the global one. */
  fetch?: typeof fetch | undefined;
}

/** The requests of a session to its backend. Each one resolves, or throws a {@link ChatError}. */
export interface Requests {
  /**
   * The active rooms of the user: all of them, or the first page.
   * @param limit the number of rooms in that page, while it is unknown whether the backend has pages.
   */
  listRooms(signal?: AbortSignal, limit?: number): Promise<RoomsAnswer>;
  /** One page of a room's history: the newest messages, or those before or after a message. */
  history(roomId: Id, query?: HistoryQuery, signal?: AbortSignal): Promise<HistoryPage>;
  /**
   * The requests that the first message does not need.
   * @throws {ChatError} `unreachable` if their code cannot be loaded.
   */
  deferred(): Promise<DeferredRequests>;
}

/** Requests whose code is loaded on demand. */
export interface DeferredRequests {
  /** Stores a message. */
  sendMessage(roomId: Id, content: string, options?: SendMessageOptions): Promise<Message>;
  /** Marks messages as read, one by one. */
  markRead(messageIds: readonly Id[], signal: AbortSignal): Promise<void>;
  /** `GET me/`: the user and the backend's capabilities. @returns undefined if the response is invalid. */
  fetchUserInfo(signal: AbortSignal): Promise<UserInfo | undefined>;
  /** Capability `receipts`: how far each member has read a room. @returns undefined if they cannot be read now. */
  fetchReceipts(roomId: Id, signal: AbortSignal): Promise<Receipt[] | undefined>;
  /** Capability `hide_receipts`: changes the setting of the user. */
  hideReceipts?(hides: boolean, signal: AbortSignal): Promise<void>;
  /** Capability `sync`: the changes of a room since a sequence number. */
  fetchChanges(roomId: Id, seq: number, signal: AbortSignal): Promise<RoomChanges | undefined>;
  /** A ticket that opens one socket (`auth="ticket"`). */
  fetchTicket(signal?: AbortSignal): Promise<string>;
  /**
   * Capability `edit`: changes the text of an own message.
   * @param seen `edited_at` of the version that was edited; undefined: any.
   * @throws {ChatError} with status 409 if there is another version: the answer contains it.
   */
  editMessage?(
    target: MessageTarget,
    content: string,
    seen: string | null | undefined,
    signal: AbortSignal,
  ): Promise<Message>;
  /** Capability `delete`. Continues if the page is closed. */
  deleteMessage?(target: MessageTarget): Promise<void>;
  /** Capability `reactions`: adds (`on`) or removes an own reaction. */
  react?(target: MessageTarget, emoji: string, on: boolean, signal: AbortSignal): Promise<Message>;
  /** Capability `mark_unread`: this message and all later ones. */
  markUnread?(target: MessageTarget, signal: AbortSignal): Promise<void>;
  /**
   * Capability `around`: about `limit` messages around a message or a time.
   * @returns undefined if the server ignores the target.
   * @throws {ChatError} `not_found` if the room does not have the message.
   */
  fetchAround?(roomId: Id, target: HistoryTarget, limit: number, signal: AbortSignal): Promise<HistoryPart | undefined>;
  /**
   * Capability `uploads`: uploads a file, once per `uploadId`.
   * @throws {ChatError} `too_large`, `unsupported_type`, `forbidden`, and the errors of a request.
   */
  uploadFile?(request: UploadRequest): Promise<Attachment>;
  /** Capability `uploads`: discards a file that was not sent. */
  discardUpload?(id: Id): Promise<void>;
  /** Capability `uploads`: a message as it is now, with new addresses of its files. */
  fetchMessage?(target: MessageTarget, signal: AbortSignal): Promise<Message>;
  /** Capability `room_pages`: a page of the list of rooms, or what has changed in it. */
  fetchRoomPage?(query: RoomPageQuery, signal: AbortSignal): Promise<RoomPage>;
  /**
   * Loads the requests for people and for changes of rooms.
   * @throws {ChatError} `unreachable` if their code cannot be loaded.
   */
  people?(): Promise<PeopleRequests>;
  /** Whether a server answers at all, even if this page may not read the answer. Never rejects. */
  isReachable(signal?: AbortSignal): Promise<boolean>;
}

export interface SendMessageOptions {
  replyTo?: Id | undefined;
  /** Only for a backend that accepts it: others may reject an unknown header. */
  idempotencyKey?: string | undefined;
  /** Capability `uploads`: the ids of its uploaded files. */
  attachments?: readonly Id[] | undefined;
  /** Without the capability `uploads`: its only file. */
  file?: OutgoingFileContent | undefined;
  signal?: AbortSignal;
}

/** A file of a message. */
export interface OutgoingFileContent {
  content: Blob;
  name: string;
  /** Called with the part that is sent, from 0 to 1. */
  onProgress(progress: number): void;
}

export interface UploadRequest {
  file: Blob;
  name: string;
  mediaType: string;
  /** The idempotency key: the same one returns the same upload. */
  uploadId: string;
  /** Whether the backend names the address to which the file is sent (`limits.upload`). */
  isPresigned: boolean;
  signal: AbortSignal;
  /** Called with the part that is uploaded, from 0 to 1. */
  onProgress(progress: number): void;
}

/** A message, or the first one at or after a time (ISO 8601). */
export type HistoryTarget = { around: Id } | { at: string };

/** A part of a room's history, oldest first. */
export interface HistoryPart extends Pick<HistoryPage, 'messages' | 'seq' | 'leftOut'> {
  hasOlder: boolean;
  hasNewer: boolean;
  /** The message itself, or the one at the time; undefined in an empty room. */
  targetId: Id | undefined;
}

/** A stored message. */
export interface MessageTarget {
  roomId: Id;
  messageId: Id;
}

/** How far a user has read a room, and how far it has reached a device of the user. */
export interface Receipt {
  userId: Id;
  upTo: Id | undefined;
  deliveredUpTo: Id | undefined;
}

/** The changes of one room, in order: capability `sync`. */
export interface RoomChanges {
  roomId: Id;
  /** With these changes, the room is complete up to here. */
  seq: number;
  /** The server's history does not reach back that far: read the room again. */
  isExpired: boolean;
  /** There are more changes, from `seq`. */
  hasMore: boolean;
  changes: readonly ChangeEvent[];
}

/** One page of a room's history, oldest first. */
export interface HistoryPage {
  messages: Message[];
  /**
   * Whether there are more messages in the requested direction. Some backends claim so after a last page that is
   * exactly full.
   */
  hasMore: boolean;
  /** Capability `sync`: the number of the room's change up to which this page is complete. */
  seq: number | undefined;
  /** The number of invalid messages in the page. */
  leftOut: number;
  /** All items of the page, as the backend sent them. */
  raw: readonly unknown[];
}

export interface HistoryQuery {
  before?: Id | undefined;
  after?: Id | undefined;
  /** At most 100. Default: 50. */
  limit?: number;
}

export interface RoomsAnswer {
  rooms: Room[];
  /** The number of invalid rooms. */
  leftOut: number;
  /** Whether the list is complete. It is limited to 10,000 rooms, and the pages of some servers never end. */
  isComplete: boolean;
}
