/** The interfaces of a session for its collaborators. */
import type { Id, Limits, Message } from '../protocol/index.js';
import type {
  AddressParts,
  AuthMode,
  Clock,
  Requests,
  SocketEnd,
  TransportCommand,
  UserInfo,
} from '../transport/index.js';
import type { BeforeAttach, ConnectionState, NextTry, Report } from '../model/index.js';
import type { RoomCursor } from './sync/history-source.js';
import type { RoomPages } from './sync/known-pages.js';
import type { SocketConnection } from './socket-connection.js';
import type { ConnectionStateWriter } from './connection-state.js';
import type { MessageStorage } from './outbox/message-storage.js';
import type { TabApis, TabMessage } from './tabs/tab-channel.js';

/** Intervals and deadlines, in milliseconds. */
export interface Timing {
  /** Interval between two polls while no socket is up. Default: 5,000. */
  pollMs: number;
  /**
   * Interval between two polls while connected to a backend that does not report all changes on the socket. Default:
   * 15,000.
   */
  rereadMs: number;
  /**
   * Interval between two checks for missed changes, while connected to a backend with `user_channel` and `sync`.
   * Default: 60,000.
   */
  checkMs: number;
  /** Deadline for the confirmation of a message sent by socket, and for other answers on the socket. Default: 6,000. */
  confirmMs: number;
  /** Deadline for the server's greeting. Default: 10,000. */
  handshakeMs: number;
  /** Silence before a ping, if the server does not specify it. Default: 25,000. */
  heartbeatMs: number;
  /** Deadline for a REST request, and for the page's answer to a request for a token. Default: 15,000. */
  requestMs: number;
}

/** The configuration of a session: its backend and its user. */
export interface SessionConfig extends AddressParts {
  token: string;
  auth?: AuthMode | undefined;
  /** Whether the page can be asked for a token when there is none. */
  canAsk: boolean;
  /** Whether the tabs of one user share one socket. Default: true. */
  share?: boolean | undefined;
  /** Whether to open the notifications socket too. Default: false. */
  notifications?: boolean | undefined;
}

/** How a socket ended, and whether it had worked. */
export interface SocketOutcome extends SocketEnd {
  caughtUp: boolean;
  /** Whether it was connected for a minimum time. */
  isHealthy: boolean;
  /** The token that the server last accepted on this socket. */
  token: string;
}

/** Reads the room list and the open rooms. Its callers decide when. */
export interface RoomReader {
  /** A room's id in the server's notation: number or string. */
  idOf(roomId: Id): Id;
  /** The newest message up to which a room is complete. */
  cursor(roomId: Id): Id | undefined;
  /** Whether REST has listed the rooms. */
  readonly isListed: boolean;
  /** When the open rooms were last read completely, in milliseconds since 1970. */
  readonly fullReadAt: number;
  /** @throws {ChatError} */
  listByRest(signal: AbortSignal): Promise<unknown>;
  /** @throws {ChatError} */
  readOpenRooms(signal: AbortSignal): Promise<void>;
  /** Reads each of the open rooms. @throws {ChatError} if the connection cannot continue without one of them. */
  readEach(read: (room: RoomCursor) => Promise<void>): Promise<void>;
  /** Subscribes to an open room, unless it is subscribed to already, and reads it. Never rejects. */
  read(roomId: Id, signal: AbortSignal): Promise<void>;
  /** Reads the newest page of a room, or the changes since the last read. @throws {ChatError} */
  readRoom(room: RoomCursor, signal: AbortSignal): Promise<void>;
}

/** The rooms that a tab shows, and those to which its socket is subscribed. */
export interface OpenRooms {
  /** The rooms that this tab shows, by `idKey`. */
  readonly openRooms: ReadonlyMap<string, RoomCursor>;
  /** The rooms to which the current socket is subscribed (`idKey`). */
  readonly subscribed: Set<string>;
  /** Whether another tab that shares this socket shows a room. */
  isOpenElsewhere: (roomId: Id) => boolean;
  /** Ends the subscription to a room that no tab shows any more. */
  unsubscribe(roomId: Id): void;
}

export interface TokenRefresh {
  /**
   * Handles a refused token.
   * @returns whether there is another one.
   * @throws {ChatError} if the page's token endpoint cannot be reached now.
   */
  refresh(refused: string): Promise<boolean>;
}

/** The operations on the token of a session. */
export interface TokenActions {
  readonly mode: AuthMode;
  readonly tokens: { isOwn(message: Message): boolean };
  /** The credential for one more socket: the token or a ticket. @throws {ChatError} */
  credential(signal: AbortSignal): Promise<string>;
  /** Undefined until its code is loaded. */
  readonly flow: TokenRefresh | undefined;
  /**
   * Handles a refused token.
   * @returns whether there is another one. If not, the session has ended or asks the page again.
   */
  refreshRefused(refused: string, signal: AbortSignal): Promise<boolean>;
  /** Ends the session until the page provides another token. */
  setUnauthorized(token: string): void;
}

export interface ConnectActions {
  /** The next connection attempt. */
  next: NextTry;
  /** Whether the session has been connected since it was started. */
  readonly wasConnected: boolean;
  /** Waits. Ends early if another attempt is worthwhile. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
  /** Ends the current pause. */
  endPause(): void;
  /** Catches up, because a gap was found in a room. */
  resyncAfterGap(): void;
}

/** The messages that the user has written and the server has not stored. */
export interface PendingMessages {
  /**
   * Matches a message from the server with the pending ones.
   * @returns its local id; without a match, its own `_tempId`.
   */
  matchPending(roomId: Id, message: Message, tempId?: string): string | undefined;
  /** `flush` sends the waiting messages now, because the connection works again. */
  readonly sender: { flush(): void };
}

/** Browser APIs, replaced in tests. */
export interface Platform {
  /** A number from 0 to below 1. */
  random(): number;
  /** Whether the browser reports that there is no network. Only a hint: it counts only if REST fails too. */
  isOffline(): boolean;
  /** Whether the page is hidden. */
  isHidden(): boolean;
  /** Default for this and for `fetch`: the browser's. */
  WebSocket?: typeof WebSocket | undefined;
  fetch?: typeof fetch | undefined;
  /** Storage for unsent messages and drafts. Default: IndexedDB on this device. */
  storage?: MessageStorage | undefined;
  tabs: TabApis;
  /** Called before a file is added, and again after a reload if the page uploads it itself. */
  onAttach?: ((attach: BeforeAttach) => void) | undefined;
  /** Called when the page is hidden, frozen or left: it may never run again. */
  onHide?: (() => void) | undefined;
}

/** The user and the capabilities that the backend reports: see backend-info.ts. */
export interface BackendFacts {
  readonly isKnown: boolean;
  readonly limits: Limits;
  has(capability: string): boolean;
  set(info: UserInfo | undefined, signal: AbortSignal): void;
}

/** The parts that are loaded on demand: see deferred-parts.ts. Undefined until then. */
export interface LoadedParts {
  /** Resolves when they are loaded, or when loading has failed. */
  load(): Promise<void>;
  readonly reconnect: { schedule(): void } | undefined;
  readonly notifications: { tellAgain(): void; off(): void } | undefined;
  /** Marks one notification, or all of them, as read. @returns whether it could be sent. */
  markNotificationRead(id?: Id): boolean;
}

export interface SessionContext {
  readonly clock: Clock;
  readonly platform: Platform;
  readonly timing: Timing;
  readonly report: Report;

  readonly state: ConnectionState;
  /** Aborts at the end of the current generation. */
  readonly signal: AbortSignal;
  /** The REST client, if it can be used now. */
  readonly rest: Requests | undefined;
  /** The socket, if it is up. */
  readonly socket: SocketConnection | undefined;
  /** Sends a command on the socket. @returns false if it was not sent, because the socket is not up. */
  send(command: TransportCommand): boolean;
  /** The REST client. @throws {ChatError} `disconnected` if it cannot be used now. */
  restOrThrow(): Requests;
  /** Retries the socket now instead of at the scheduled time. */
  retryNow(): void;
  /** The current token. It is sent only to the server. */
  readonly token: string;

  readonly states: ConnectionStateWriter;
  readonly backend: BackendFacts;
  readonly tabs: { broadcast(message: TabMessage): void };
  readonly parts: LoadedParts;
  readonly auth: TokenActions;
  readonly loop: ConnectActions;
  readonly roomSync: RoomReader & OpenRooms & { pages: RoomPages | undefined };
  /** The outbox of the current user. */
  readonly outbox: PendingMessages;
}
