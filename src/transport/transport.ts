/**
 * How a session reaches its backend. There are two implementations: web-transport.ts (our protocol: a WebSocket, and REST beside
 * it), and the one for adapters (`src/adapter`), whose backends speak another protocol. The session does not know which one it has.
 */
import type {
  ChatFrame,
  ClientFrame,
  FrameOf,
  Id,
  Message,
  Problem,
  Receipt,
  Room,
  RoomChanges,
} from '../protocol/index.js';
import type { Address, AddressParts } from './endpoints.js';
import type { Clock } from './clock.js';
import type { AuthenticatedSocket, SocketOptions } from './socket.js';

export interface Transport {
  /** Identifies the backend: data on this device, locks and channels are kept apart by it. @throws {ChatError} `bad_url`, `backend_not_allowed`. */
  addressOf(parts: AddressParts): Address;
  /** The user, if the transport knows it before it is connected. Default: the token or the server names the user. */
  readonly userId?: Id;
  /** Requests for one sign-in. They are sent without a connection, too. */
  createRequests(options: RequestOptions): Requests;
  /** Opens a connection, which reports what happens. @throws {ChatError} `token_missing`, `bad_url`. */
  open(options: ConnectionOptions): TransportConnection;
}

export type ConnectionOptions = SocketOptions<ChatFrame>;
export type TransportConnection = AuthenticatedSocket<ClientFrame>;

export interface RequestOptions {
  /** Base of all REST routes, with a trailing slash. */
  base: string;
  /** Read before every request, so that a refreshed token is used at once. */
  token: () => string;
  /** The token was refused (401): gets another. @returns whether there is one; then the request is repeated once. */
  renew?: (refused: string) => Promise<boolean>;
  onProblem?: (problem: Problem) => void;
  /** A request has succeeded. */
  onSuccess?: () => void;
  /** Default: the system's clock. */
  clock?: Clock;
  /** Milliseconds until a request counts as lost. Default 15,000. */
  timeoutMs?: number;
  /** Default: the global one. */
  fetch?: typeof fetch | undefined;
}

/** What a session requests of its backend. Each request is answered, or throws a {@link ChatError}. */
export interface Requests {
  /** All active rooms of the user. */
  listRooms(signal?: AbortSignal): Promise<RoomsAnswer>;
  /** One page of a room's history: the newest messages, or those before or after a message. */
  history(roomId: Id, query?: HistoryQuery, signal?: AbortSignal): Promise<HistoryPage>;
  /** The requests that the first message does not need. @throws {ChatError} `unreachable` if their code cannot be loaded. */
  deferred(): Promise<DeferredRequests>;
}

/** Requests whose code is loaded on demand. */
export interface DeferredRequests {
  /** Stores a message. */
  sendMessage(roomId: Id, content: string, options?: SendMessageOptions): Promise<Message>;
  /** Marks messages as read, one by one. */
  markRead(messageIds: readonly Id[], signal: AbortSignal): Promise<void>;
  /** `GET me/`: the user and the backend's capabilities. @returns nothing if the answer is invalid. */
  fetchUserInfo(signal: AbortSignal): Promise<FrameOf<'connection_established'> | undefined>;
  /** Capability `receipts`: how far each member has read a room. @returns nothing if they cannot be read now. */
  fetchReceipts(roomId: Id, signal: AbortSignal): Promise<Receipt[] | undefined>;
  /** Capability `sync`: the changes of a room since a sequence number. */
  fetchChanges(roomId: Id, seq: number, signal: AbortSignal): Promise<RoomChanges | undefined>;
  /** A ticket that opens one socket (`auth="ticket"`). */
  fetchTicket(signal?: AbortSignal): Promise<string>;
  /** Whether a server answers at all, though it may forbid this page to read the answer. Never rejects. */
  isReachable(signal?: AbortSignal): Promise<boolean>;
}

export interface SendMessageOptions {
  replyTo?: Id | undefined;
  /** Only where the backend has `idempotent_send`: others may refuse a header they do not know. */
  idempotencyKey?: string | undefined;
  signal?: AbortSignal;
}

/** One page of a room's history, oldest first. */
export interface HistoryPage {
  messages: Message[];
  /** Whether there is more in the requested direction. Some backends say so of an exactly full last page. */
  hasMore: boolean;
  /** Capability `sync`: the change of the room up to which this page is complete. */
  seq: number | undefined;
  /** Messages of the page that are invalid. */
  leftOut: number;
  /** All items of the page, as the backend sent them. */
  raw: readonly unknown[];
}

export interface HistoryQuery {
  before?: Id | undefined;
  after?: Id | undefined;
  /** At most 100. Default 50. */
  limit?: number;
}

export interface RoomsAnswer {
  rooms: Room[];
  /** Rooms that are invalid. */
  leftOut: number;
  /** Whether these are all: there is a limit of 10,000, and some servers' pages do not end. */
  isComplete: boolean;
}
