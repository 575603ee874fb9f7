/** What reading a room needs, and what is known of one: between room-history.ts and catch-up.ts. */
import type { ChangeFrame, Id, Message, Problem } from '../../protocol/index.js';
import type { RestClient } from '../../transport/index.js';
import type { SocketConnection } from '../socket-connection.js';

/** Messages of the newest page. */
export const FIRST_PAGE = 50;

/** What a room is read from. */
export interface HistorySource {
  rest: RestClient;
  /** The socket, where it can be asked what changed (`sync`). */
  socket: SocketConnection | undefined;
  /** The socket, where reading is told apart from changes (`receipts`). */
  receipts: SocketConnection | undefined;
  /** How long the socket may take to answer, in milliseconds. */
  answerMs: number;
  /** Finds our own among messages from the history. */
  prepare(messages: Message[]): Message[];
  /** Lets in a change that was asked for. */
  apply(frame: ChangeFrame): void;
  onProblem(problem: Problem): void;
}

/** What is known of a room. */
export interface RoomCursor {
  readonly roomId: Id;
  /** The server does not let us read the room: so often it is still read again with this socket. Undefined: it does. */
  readonly rechecks: number | undefined;
  /** Reads that have failed, in a row: counted in room-retry.ts. */
  failures: number;
  /** Whether its newest page was read. */
  readonly isLoaded: boolean;
  /** The newest message up to which everything is known; undefined before the first one. */
  readonly cursor: Message | undefined;
  /** The newest message that is shown: in what is read from now on it is there, or it was deleted. */
  readonly seen: Message | undefined;
  /** The last change up to which everything is known, where the backend counts. */
  readonly seq: number | undefined;
  /**
   * Reads the newest page, or what has changed since, one reading after the other.
   * @param isEarly before a socket is there, and when the first one is: what has changed in between is the newest page again, which needs no other
   *   code.
   * @throws {ChatError}
   */
  catchUp(source: HistorySource, signal: AbortSignal, isEarly?: boolean): Promise<void>;
  /** Holes in the count of changes, seen with this socket, in which nothing was missing. */
  falseHoles: number;
  /** Each takes the changes that are applied while a page is on its way. One that was taken away has missed changes. */
  readonly records: Set<ChangeFrame[]>;
  /** Whether a change has come in live and waits for its turn. */
  isHeld(frame: ChangeFrame): boolean;
  /** From here on nothing is missing. */
  know(cursor: Message | undefined, seq: number | undefined): void;
  /** Loads the newest page, in place of what is known. @param skipped whether something between the two is left out. */
  replace(source: HistorySource, signal: AbortSignal, skipped: boolean): Promise<void>;
}
