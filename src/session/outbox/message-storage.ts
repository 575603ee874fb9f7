/**
 * Storage for data that must outlive the page: unsent messages and drafts, never a token. Data is stored on the device
 * (IndexedDB) by scope (one user on one backend). Data of one scope is never read for another.
 *
 * A browser may refuse storage (private windows, policies), run out of space, lose data, or never answer. Then nothing
 * is stored, the chat continues in memory without waiting for the device, and `onChange` (indexeddb-storage.ts) reports
 * it.
 */
import type { Id } from '../../protocol/index.js';
import type { StoredMessage } from '../../model/index.js';
import type { FileStorage } from '../uploads/file-storage.js';

/** How far the server's clock may be behind the local one, in milliseconds. */
export const CLOCK_SKEW_MS = 60_000;

/**
 * The age after which a message is not sent without its author's decision, in milliseconds: a backend may forget
 * idempotency keys after a day (docs/PROTOCOL.md, `idempotent_send`), and the message may be outdated.
 */
export const STALE_MS = 86_400_000;

/** The fields of a message that are stored: each of the type, so that none can be forgotten. */
const STORED_FIELDS = Object.keys({
  localId: 0,
  roomId: 0,
  content: 0,
  replyTo: 0,
  files: 0,
  newRoom: 0,
  at: 0,
  after: 0,
  idempotent: 0,
  sentWithoutKey: 0,
  confirmedByAuthor: 0,
  discarded: 0,
  refused: 0,
} satisfies Record<keyof StoredMessage, 0>) as (keyof StoredMessage)[];

/** A message without the fields of its delivery, as it is stored. */
export const storedFields = (message: StoredMessage): StoredMessage =>
  Object.fromEntries(STORED_FIELDS.map((field) => [field, message[field]])) as unknown as StoredMessage;

/** The storage for messages and drafts. */
export interface MessageStorage {
  /** The messages of a scope in the order in which they were written, including discarded ones. */
  load(scope: string): Promise<StoredMessage[]>;
  /** Resolves when the message is written, or when it is clear that it stays in memory only. Never rejects. */
  put(scope: string, kept: StoredMessage): Promise<void>;
  delete(scope: string, localId: string): Promise<void>;
  /** The draft of a room; empty if there is none. */
  draft(scope: string, roomId: Id): Promise<string>;
  /** An empty text deletes the draft. */
  putDraft(scope: string, roomId: Id, text: string): Promise<void>;
  /**
   * Deletes the data of all users on this device.
   * @throws {ChatError} `unreachable` if the storage did not answer: the data is still there.
   */
  purge(): Promise<void>;
  /** The files of unsent messages. Default: they stay in memory. */
  readonly files?: FileStorage | undefined;
  /** Opens resources while a connection runs. */
  open?(): void;
  /** Closes these resources. Later calls still work. */
  close?(): void;
}
