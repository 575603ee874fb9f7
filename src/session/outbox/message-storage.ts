/**
 * Data that must outlive the page: unsent messages and drafts. Stored on the device (IndexedDB) by scope (one backend and one user): nothing of one
 * scope is ever read for another. Never a token.
 *
 * A browser may refuse storage (private windows, policies), run out of it, lose it, or never answer. Then nothing is kept,
 * everything continues in memory without waiting for the device, and `onChange` reports it.
 */
import type { Id } from '../../protocol/index.js';
import type { StoredMessage } from '../../model/index.js';

/** By which the server's clock may be behind ours, in milliseconds. */
export const CLOCK_SKEW_MS = 60_000;

/**
 * After this time a message is not sent without its author's decision, in milliseconds: a backend may forget idempotency keys after a day
 * (docs/PROTOCOL.md, `idempotent_send`), and the message may be out of date.
 */
export const STALE_MS = 86_400_000;

/** As much of a message as is kept. */
export const storedFields = ({
  localId,
  roomId,
  content,
  replyTo,
  at,
  after,
  idempotent,
  sentWithoutKey,
  confirmedByAuthor,
  discarded,
  refused,
}: StoredMessage): StoredMessage => ({
  localId,
  roomId,
  content,
  replyTo,
  at,
  after,
  idempotent,
  sentWithoutKey,
  confirmedByAuthor,
  discarded,
  refused,
});

/** Where messages and drafts are kept. */
export interface MessageStorage {
  /** A scope's messages, in the order in which they were written; those given up among them. */
  load(scope: string): Promise<StoredMessage[]>;
  /** Resolves when it is written, or when it is clear that it stays in memory only. Never rejects. */
  put(scope: string, kept: StoredMessage): Promise<void>;
  delete(scope: string, localId: string): Promise<void>;
  /** Empty if there is none. */
  draft(scope: string, roomId: Id): Promise<string>;
  /** An empty text takes it away. */
  putDraft(scope: string, roomId: Id, text: string): Promise<void>;
  /** Forgets everything of every user on this device. @throws {ChatError} `unreachable`, if the storage did not answer: the data is still there. */
  purge(): Promise<void>;
  /** Opens its resources while a connection runs. */
  open?(): void;
  /** Closes them. Later calls work all the same. */
  close?(): void;
}
