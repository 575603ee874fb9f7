/**
 * What must outlive the page: messages that are not stored yet, and drafts. Kept on the device (IndexedDB), each under
 * its *scope*, which is one backend and one person: nothing of one is ever read for another. Never a token.
 *
 * A browser may refuse storage (private windows, policies), run out of it, lose it, or never answer. Then nothing is kept,
 * everything goes on in memory without waiting for the device, and `onChange` says so.
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

/** A message as it is kept until it is stored by the server. */
export interface StoredMessage extends Outgoing {
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  /** The newest message of the room then: whatever of ours the room holds up to there is an earlier message. */
  readonly after?: Id | undefined;
  /** Whether the backend then recognised messages by their names (`idempotent_send`). */
  readonly idempotent?: boolean | undefined;
  /** Whether it has left without its name, because we did not know yet. */
  sentWithoutKey?: boolean | undefined;
  /** Its author has decided: it is sent though something like it may be stored already. */
  confirmedByAuthor?: boolean | undefined;
  /** Its author gave it up, `at` that time: kept without its words for a day, for tabs that were asleep and would send it. */
  discarded?: boolean | undefined;
  /** Why the server refused it, where it did: it waits for its author. */
  readonly refused?: { code: ErrorCode; message: string; status?: number | undefined } | undefined;
}

/** By which the server's clock may be behind ours, in milliseconds. */
export const CLOCK_SKEW_MS = 60_000;

/**
 * A message that waits for longer than this is not sent any more without its author's word, in milliseconds: a backend may forget after a day
 * under which names it has stored messages (docs/PROTOCOL.md, `idempotent_send`); and what was to be said yesterday may be out of date.
 */
export const STALE_MS = 86_400_000;

/** Why a kept message was refused, where it was. */
export const errorOf = ({ refused }: StoredMessage): ChatError | null => (refused ? new ChatError(refused.code, refused.message, refused.status) : null);

/** As much of a message as is kept. */
export const storedFields = ({ localId, roomId, content, replyTo, at, after, idempotent: named, sentWithoutKey: unnamed, confirmedByAuthor: insisted, discarded, refused }: StoredMessage): StoredMessage => ({
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
  /** Resolves when it is safe, or when it is clear that it will be in memory alone. Never rejects. */
  put(scope: string, kept: StoredMessage): Promise<void>;
  delete(scope: string, localId: string): Promise<void>;
  /** Empty where there is none. */
  draft(scope: string, roomId: Id): Promise<string>;
  /** An empty text takes it away. */
  putDraft(scope: string, roomId: Id, text: string): Promise<void>;
  /** Forgets everything of every user on this device. @throws {ChatError} `unreachable`, if the storage did not answer: the data is still there. */
  purge(): Promise<void>;
  /** Opens what it needs, as long as a connection runs. */
  open?(): void;
  /** Closes it. What is asked for afterwards is done all the same. */
  close?(): void;
}

/** What a vault says of itself. `outdated`: a newer version of the chat has taken the storage over; only a reload helps. */
export type StorageState = 'kept' | 'not-kept' | 'outdated';
