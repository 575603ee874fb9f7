/** What catch-up.ts uses of a room and of its session. */
import type { ChangeFrame, Id, Message, Problem } from '../../protocol/index.js';
import type { Requests } from '../../transport/index.js';
import type { SocketConnection } from '../socket-connection.js';

/** Messages of the newest page. */
export const FIRST_PAGE = 50;

/** Where a room is read from. */
export interface HistorySource {
  rest: Requests;
  /** The socket, if it has `sync`. */
  socket: SocketConnection | undefined;
  /** The socket, if it has `receipts`. */
  receipts: SocketConnection | undefined;
  /** How long the socket may take to answer, in milliseconds. */
  answerMs: number;
  /** Matches messages of the history with pending messages. */
  prepare(messages: Message[]): Message[];
  /** Applies a change that was requested. */
  apply(frame: ChangeFrame): void;
  onProblem(problem: Problem): void;
}

/** The state of an open room. */
export interface RoomCursor {
  readonly roomId: Id;
  /** Set if the room is denied: how often it may still be read again with this socket. */
  readonly rechecks: number | undefined;
  /** Failed reads in a row, counted in room-retry.ts. */
  failures: number;
  /** Whether its newest page was read. */
  readonly isLoaded: boolean;
  /** The newest message up to which everything is known; undefined before the first one. */
  readonly cursor: Message | undefined;
  /** The newest message that is shown. A page that is read from now on holds it, or it was deleted. */
  readonly seen: Message | undefined;
  /** The sequence number up to which everything is known, if the backend has them. */
  readonly seq: number | undefined;
  /**
   * Reads the newest page, or the changes since, one read after the other.
   * @param isEarly before the first socket, and with it: then the newest page is read again, which needs no deferred code.
   * @throws {ChatError}
   */
  catchUp(source: HistorySource, signal: AbortSignal, isEarly?: boolean): Promise<void>;
  /** Gaps in the sequence numbers of this socket in which nothing was missing. */
  falseHoles: number;
  /** Each collects the changes that are applied while a page is on its way. A record that was removed has missed changes. */
  readonly records: Set<ChangeFrame[]>;
  /** Whether a change came in live and is held. */
  isHeld(frame: ChangeFrame): boolean;
  /** Up to here nothing is missing. */
  know(cursor: Message | undefined, seq: number | undefined): void;
  /** Loads the newest page, in place of what is known. @param skipped whether something between the two is left out. */
  replace(source: HistorySource, signal: AbortSignal, skipped: boolean): Promise<void>;
}
