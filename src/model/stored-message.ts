/** Unsent messages, as they are stored on the device. */
import type { Id } from '../protocol/index.js';
import { ChatError, type ErrorCode } from '../transport/index.js';

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

/** The error of a refused message; null if it was not refused. */
export const errorOf = ({ refused }: StoredMessage): ChatError | null =>
  refused ? new ChatError(refused.code, refused.message, refused.status) : null;

/** The state of the storage. `outdated`: a newer version of the chat has upgraded it, so the page has to be reloaded. */
export type StorageState = 'kept' | 'not-kept' | 'outdated';
