/** The files of unsent messages. */
import type { Id } from '../protocol/index.js';
import type { ChatError } from '../transport/index.js';

/** A file of an unsent message, without its content. */
export interface OutgoingFile {
  /** The client's own id. Sent as the idempotency key of its upload. */
  readonly uploadId: string;
  readonly name: string;
  /** Empty if it is unknown. */
  readonly mediaType: string;
  /** Bytes. */
  readonly size: number;
}

/** A file that is uploaded for a message. */
export interface Upload extends OutgoingFile {
  readonly roomId: Id;
  /**
   * - `pending`: it waits: for its turn, for the network (then there is an `error`), or because uploads are paused.
   * - `uploading`
   * - `finished`: the backend has the file, and the message can be sent.
   * - `failed`: the server has failed several times. `retry` tries again.
   * - `blocked`: it is too large, of a type that is not accepted, or one too many; or the page or the server refuses it.
   */
  readonly state: 'pending' | 'uploading' | 'finished' | 'failed' | 'blocked';
  /** The part that is uploaded, from 0 to 1. */
  readonly progress: number;
  /** Why it waits, has failed or is blocked. */
  readonly error: ChatError | null;
  /** Whether the file survives a reload. If not, the page has to stay open until the message is sent. */
  readonly isOnDevice: boolean;
}

/** A file is about to be added: see the event `chat-before-attach`. */
export interface BeforeAttach {
  readonly roomId: Id;
  readonly file: Blob;
  readonly name: string;
  /** Blocks the file. @param reason a sentence for the user. */
  prevent(reason: string): void;
  /** Uploads the file in another way than the backend's. */
  uploadWith(uploader: Uploader): void;
}

/** Uploads a file in another way than the backend's, for example to the page's own storage. */
export type Uploader = (
  file: Blob,
  options: { signal: AbortSignal; onProgress: (progress: number) => void },
) => Promise<Id>;
