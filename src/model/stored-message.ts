/** Unsent messages, as they are stored on the device. */
import type { Id } from '../protocol/index.js';
import { ChatError, type ErrorCode } from '../transport/index.js';
import type { NewRoom } from './new-room.js';
import type { OutgoingFile } from './upload.js';

/** An outgoing message. */
export interface Outgoing {
  /** The client's own id, until the server has assigned one. Sent as `_tempId`. */
  readonly localId: string;
  readonly roomId: Id;
  readonly content: string;
  readonly replyTo?: Id | undefined;
  /** Its files, which are uploaded before it is sent. */
  readonly files?: readonly OutgoingFile[] | undefined;
  /** Its room, if that is not created yet: then `roomId` is a local id. */
  readonly newRoom?: NewRoom | undefined;
}

/** A message as it is stored on the device until the server has it. */
export interface StoredMessage extends Outgoing {
  /** When it was written, in milliseconds since 1970. */
  readonly at: number;
  /** The newest message of the room at that time: own messages up to it are earlier ones. */
  readonly after?: Id | undefined;
  /** Whether the backend accepted idempotency keys at that time (`idempotent_send`). */
  readonly idempotent?: boolean | undefined;
  /** Whether it was sent without its idempotency key, because the capability was not known yet. */
  sentWithoutKey?: boolean | undefined;
  /** Whether its author has decided to send it, although a copy may already be stored. */
  confirmedByAuthor?: boolean | undefined;
  /**
   * Whether its author has discarded it, at the time `at`. It is kept without its text for a day, because suspended
   * tabs might send it.
   */
  discarded?: boolean | undefined;
  /** Why it was refused, if it was: it waits for its author's decision. */
  readonly refused?: { code: ErrorCode; message: string; status?: number | undefined } | undefined;
}

/** The error of a refused message; null if it was not refused. */
export const errorOf = ({ refused }: StoredMessage): ChatError | null =>
  refused ? new ChatError(refused.code, refused.message, refused.status) : null;

/** The state of the storage. `outdated`: a newer version of the chat has upgraded it, so the page must be reloaded. */
export type StorageState = 'kept' | 'not-kept' | 'outdated';
