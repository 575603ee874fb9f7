/**
 * Data that must outlive the page: unsent messages and drafts. Stored on the device (IndexedDB) by scope (one backend and one user): nothing of one
 * scope is ever read for another. Never a token.
 *
 * A browser may refuse storage (private windows, policies), run out of it, lose it, or never answer. Then nothing is kept,
 * everything continues in memory without waiting for the device, and `onChange` reports it.
 */
import type { Id } from '../../protocol/index.js';
import { ChatError, type ErrorCode } from '../../transport/index.js';

/** A message on its way out. */
export interface Outgoing {
  /** Ours, until the server has given it an id; travels as `_tempId`. */
  readonly localId: string;
  readonly roomId: Id;
  readonly content: string;
  readonly replyTo?: Id | undefined;
}

/** A message as it is stored on the device until the server has it. */
export interface StoredMessage extends Outgoing {
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  /** The newest message of the room then: own messages up to there are earlier ones. */
  readonly after?: Id | undefined;
  /** Whether the backend then recognised messages by their names (`idempotent_send`). */
  readonly idempotent?: boolean | undefined;
  /** Whether it was sent without its idempotency key, because the capability was not known yet. */
  sentWithoutKey?: boolean | undefined;
  /** Its author has decided to send it, though a copy may be stored already. */
  confirmedByAuthor?: boolean | undefined;
  /** Its author discarded it, `at` that time: kept without its text for a day, for suspended tabs that would send it. */
  discarded?: boolean | undefined;
  /** Why the server refused it, where it did: it waits for its author. */
  readonly refused?: { code: ErrorCode; message: string; status?: number | undefined } | undefined;
}

/** By which the server's clock may be behind ours, in milliseconds. */
export const CLOCK_SKEW_MS = 60_000;

/**
 * After this time a message is not sent without its author's decision, in milliseconds: a backend may forget idempotency keys after a day
 * (docs/PROTOCOL.md, `idempotent_send`), and the message may be out of date.
 */
export const STALE_MS = 86_400_000;

/** Why a kept message was refused, where it was. */
export const errorOf = ({ refused }: StoredMessage): ChatError | null =>
  refused ? new ChatError(refused.code, refused.message, refused.status) : null;

/** As much of a message as is kept. */
export const storedFields = ({
  localId,
  roomId,
  content,
  replyTo,
  at,
  after,
  idempotent: named,
  sentWithoutKey: unnamed,
  confirmedByAuthor: insisted,
  discarded,
  refused,
}: StoredMessage): StoredMessage => ({
  localId,
  roomId,
  content,
  replyTo,
  at,
  after,
  idempotent: named,
  sentWithoutKey: unnamed,
  confirmedByAuthor: insisted,
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

/** The state of the storage. `outdated`: a newer version of the chat has taken it over; only a reload helps. */
export type StorageState = 'kept' | 'not-kept' | 'outdated';
