/** The interfaces of a room and of its session for catch-up.ts. */
import type { Id, Message, Problem } from '../../protocol/index.js';
import type { ChangeEvent, Requests } from '../../transport/index.js';
import type { SocketConnection } from '../socket-connection.js';

/** The number of messages in the newest page. */
export const FIRST_PAGE = 50;

/** The source from which a room is read. */
export interface HistorySource {
  rest: Requests;
  /** The socket, if it has `sync`. */
  socket: SocketConnection | undefined;
  /** The socket, if it has `receipts`. */
  receipts: SocketConnection | undefined;
  /** The deadline for an answer on the socket, in milliseconds. */
  answerMs: number;
  /** Matches messages of the history with pending messages. */
  prepare(messages: Message[]): Message[];
  /** Applies a change that was requested. */
  apply(event: ChangeEvent): void;
  onProblem(problem: Problem): void;
}

/** The state of an open room. */
export interface RoomCursor {
  readonly roomId: Id;
  /** Set if access to the room was denied: how often it may still be read again with this socket. */
  readonly rechecks: number | undefined;
  /** Failed reads in a row, counted in room-retry.ts. */
  failures: number;
  /** Whether the newest page was read. */
  readonly isLoaded: boolean;
  /** The newest message up to which the room is complete; undefined before the first one. */
  readonly cursor: Message | undefined;
  /** The newest message that is shown. A page that is read from now on contains it, or it was deleted. */
  readonly seen: Message | undefined;
  /** The sequence number up to which the room is complete, if the backend has them. */
  readonly seq: number | undefined;
  /**
   * Reads the newest page, or the changes since the last read. Reads are sequential.
   * @param isEarly whether no socket was up before. Then the newest page is read again, which needs no deferred code.
   * @throws {ChatError}
   */
  catchUp(source: HistorySource, signal: AbortSignal, isEarly?: boolean): Promise<void>;
  /** Gaps in the sequence numbers of this socket in which no change was missing. */
  falseHoles: number;
  /**
   * Each record collects the changes that are applied while a page is pending. A record that was removed has missed
   * changes.
   */
  readonly records: Set<ChangeEvent[]>;
  /** Whether a change was received live, and is held. */
  isHeld(event: ChangeEvent): boolean;
  /** Records the point up to which the room is complete. */
  know(cursor: Message | undefined, seq: number | undefined): void;
  /** Records that other pages are loaded too: the newest page must not replace them. */
  grow(): void;
  /** Replaces the known messages with the newest page. @param skipped whether messages between the two are left out. */
  replace(source: HistorySource, signal: AbortSignal, skipped: boolean): Promise<void>;
}
