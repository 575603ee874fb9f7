/**
 * The interface of a session for its collaborators. Each collaborator declares the part that it uses, as a `Pick` of
 * `SessionContext`.
 */
import type { ClientFrame, FrameOf, Id, Message } from '../protocol/index.js';
import type { AddressParts, AuthMode, Clock, Requests, SocketEnd } from '../transport/index.js';
import type { Report, ConnectionState, NextTry } from '../model/index.js';
import type { RoomCursor } from './sync/history-source.js';
import type { SocketConnection } from './socket-connection.js';
import type { ConnectionStateWriter } from './connection-state.js';
import type { TabMessage } from './tabs/tab-channel.js';

/** How long things may take, in milliseconds. */
export interface Timing {
  /** Between two polls while no socket is up. Default 5,000. */
  pollMs: number;
  /** Between two polls while connected to a backend that does not report all changes on the socket. Default 15,000. */
  rereadMs: number;
  /** Between two looks whether anything is missing, while connected to a backend that counts (`sync`). Default 60,000. */
  checkMs: number;
  /** Until a message sent by socket must be confirmed. Default 6,000. */
  confirmMs: number;
  /** Until the server's greeting must be there. Default 10,000. */
  handshakeMs: number;
  /** Of silence, before a ping, where the server does not say. Default 25,000. */
  heartbeatMs: number;
  /** Until a REST request, or a question to the page, counts as lost. Default 15,000. */
  requestMs: number;
}

/** The backend of a session, and its user. */
export interface SessionConfig extends AddressParts {
  token: string;
  auth?: AuthMode | undefined;
  /** Whether the page can be asked for a token when there is none. */
  canAsk: boolean;
  /** Whether the tabs of one user share one socket. Default true. */
  share?: boolean | undefined;
  /** Whether to listen to the notifications socket too. Default false. */
  notifications?: boolean | undefined;
}

/** How a socket ended, and whether it had worked. */
export interface SocketOutcome extends SocketEnd {
  caughtUp: boolean;
  /** It was up, and well, for a while. */
  isHealthy: boolean;
  /** The token that it went by; or that it was to go over to, and may have ended of. */
  token: string;
}

/** The user, and the backend's capabilities: `connection_established`, or `GET me/`. */
export type UserInfo = Pick<
  FrameOf<'connection_established'>,
  'user_id' | 'username' | 'capabilities' | 'limits' | 'timestamp'
>;

/** Reads the list of rooms and the open rooms; its callers decide when. */
export interface RoomReader {
  /** A room's id as the server writes it. */
  idOf(roomId: Id): Id;
  /** The newest message of a room up to which everything is known. */
  cursor(roomId: Id): Id | undefined;
  /** Whether REST has named the rooms. */
  readonly isListed: boolean;
  /** When the open rooms were last read whole, in milliseconds since 1970. */
  readonly fullReadAt: number;
  /** @throws {ChatError} */
  listByRest(signal: AbortSignal): Promise<unknown>;
  /** @throws {ChatError} */
  readOpenRooms(signal: AbortSignal): Promise<void>;
  /** Reads each of the open rooms. @throws {ChatError} where the connection cannot go on without one of them. */
  readEach(read: (room: RoomCursor) => Promise<void>): Promise<void>;
  /** Subscribes to a room that is open, where that was not done, and reads it. Never rejects. */
  read(roomId: Id, signal: AbortSignal): Promise<void>;
  /** Reads the newest page of a room, or what has changed since. @throws {ChatError} */
  readRoom(room: RoomCursor, signal: AbortSignal): Promise<void>;
}

/** The rooms that a tab shows, and has subscribed to on the socket. */
export interface OpenRooms {
  /** Those that this tab shows, by `idKey`. */
  readonly openRooms: ReadonlyMap<string, RoomCursor>;
  /** Those (`idKey`) that are subscribed to on the present socket. */
  readonly subscribed: Set<string>;
  /** Whether another tab, which shares our socket, shows a room. */
  isOpenElsewhere: (roomId: Id) => boolean;
  /** Ends the subscription to a room that no tab shows any more. */
  unsubscribe(roomId: Id): void;
}

export interface TokenRefresh {
  /** The server refused a token. @returns whether there is another one. @throws {ChatError} where the page's token endpoint cannot be asked now. */
  refresh(refused: string): Promise<boolean>;
}

/** What is done with the token. */
export interface TokenActions {
  readonly mode: AuthMode;
  readonly tokens: { isOwn(message: Message): boolean };
  /** What opens one more socket: the token, or a ticket. @throws {ChatError} */
  credential(signal: AbortSignal): Promise<string>;
  /** As soon as it is loaded. */
  readonly flow: TokenRefresh | undefined;
  /** The server refused a token. @returns whether there is another one; if not, the session has ended. */
  refreshRefused(refused: string, signal: AbortSignal): Promise<boolean>;
  /** Ends the session until the page has another token. */
  setUnauthorized(token: string): void;
}

export interface ConnectActions {
  /** The next try of the socket. */
  next: NextTry;
  /** Whether it was connected at all since it was started. */
  readonly wasConnected: boolean;
  /** Waits; ends early when another try is worth it. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  /** Ends a pause. */
  endPause(): void;
  /** Something is missing in a room: it is time to catch up. */
  resyncAfterGap(): void;
}

/** What the user has written, and the server has not stored. */
export interface PendingMessages {
  /** Finds the user's own messages among those from the server. @returns the id under which one was sent. */
  matchPending(roomId: Id, message: Message, tempId?: string): string | undefined;
  /** `flush` sends the waiting messages now, because the connection works again. */
  readonly sender: { flush(): void };
}

/** What the browser provides, replaced in tests. */
export interface Platform {
  /** A number from 0 to below 1. */
  random(): number;
  /** Whether the browser reports that there is no network. A hint: believed only if REST fails too. */
  isOffline(): boolean;
  /** Whether the page is hidden. Default: it is visible. */
  isHidden(): boolean;
  /** Default of this and the next: the browser's. */
  WebSocket?: typeof WebSocket | undefined;
  fetch?: typeof fetch | undefined;
}

/** The capabilities of the backend, and its user: see backend-info.ts. */
export interface BackendFacts {
  readonly isKnown: boolean;
  has(capability: string): boolean;
  set(info: UserInfo | undefined, signal: AbortSignal): void;
}

/** The parts that are loaded later: see deferred-parts.ts. Undefined until then. */
export interface LoadedParts {
  /** Resolves when they are loaded, or cannot be loaded now. */
  load(): Promise<void>;
  readonly reconnect: { schedule(): void } | undefined;
  readonly notifications: { tellAgain(): void; off(): void } | undefined;
  /** Marks a notification, or all of them, as read. @returns false if the notifications socket is not open. */
  markNotificationRead(id?: Id): boolean;
}

export interface SessionContext {
  readonly clock: Clock;
  readonly platform: Platform;
  readonly timing: Timing;
  readonly report: Report;

  readonly state: ConnectionState;
  /** Aborts at the end of the present generation. */
  readonly signal: AbortSignal;
  /** REST, if it can be used now. */
  readonly rest: Requests | undefined;
  /** The socket, if it is up. */
  readonly socket: SocketConnection | undefined;
  /** @returns whether the frame was handed to an open socket. */
  send(frame: ClientFrame): boolean;
  /** REST. @throws {ChatError} `disconnected`, where it cannot be asked now. */
  restOrThrow(): Requests;
  /** Tries the socket now instead of when its time has come. */
  retryNow(): void;
  /** The present token. Only the server gets it. */
  readonly token: string;

  readonly states: ConnectionStateWriter;
  readonly backend: BackendFacts;
  readonly tabs: { broadcast(message: TabMessage): void };
  readonly parts: LoadedParts;
  readonly auth: TokenActions;
  readonly loop: ConnectActions;
  readonly roomSync: RoomReader & OpenRooms;
  /** Of the present user. */
  readonly outbox: PendingMessages;
}
