/** Files of messages. See method-groups.ts. */
import type { Upload } from '../model/index.js';
import type { Id } from '../protocol/index.js';
import type { SendOptions, SendResult } from './pending-sends.js';

/** Options of {@link ChatUploads.add}. */
export interface AddOptions {
  /** @default the name of the file; `file` if it has none */
  name?: string | undefined;
}

/** Options of {@link ChatUploads.send}. */
export interface SendFilesOptions extends SendOptions {
  /** The uploads, in the order in which they are shown. */
  attachments: readonly string[];
}

/**
 * The files of messages, by `connection.uploads`. A file is uploaded when it is added, kept on this device until its
 * message is stored, and uploaded once, also after a reload or from another tab. Its state is in `data.uploads`, by
 * `uploadId`.
 *
 * Every method throws a {@link ChatError}: `unreachable` if its code cannot be loaded.
 *
 * @example
 * const uploads = await Promise.all([...input.files].map((file) => connection.uploads.add(7, file)));
 * const attachments = uploads.map(({ uploadId }) => uploadId);
 * await connection.sendChatMessage(7, 'The plans', { attachments });
 */
export interface ChatUploads {
  /**
   * Adds a file, and starts to upload it. Fires `chat-before-attach` first.
   * @returns the upload. `blocked`, with an `error`, if the file cannot be sent: `too_large`, `unsupported_type`,
   * `too_many`, or `forbidden`.
   */
  add(roomId: Id, file: Blob, options?: AddOptions): Promise<Upload>;
  /**
   * Sends a message with files, like `connection.sendChatMessage`. It is sent when all files are uploaded; later
   * messages of the room wait for it. The text may be empty.
   * @throws {ChatError} `too_many`; `not_found` if there is no such upload; the error of a blocked one; and those of
   * `sendChatMessage`.
   */
  send(roomId: Id, content: string, options: SendFilesOptions): Promise<SendResult>;
  /**
   * Stops an upload, and discards the file.
   * @throws {ChatError} `conflict` if an unsent message needs it: discard the message instead.
   */
  discard(uploadId: string): Promise<void>;
  /**
   * Tries a failed or blocked upload again.
   * @throws {ChatError} `not_found` if there is none.
   */
  retry(uploadId: string): Promise<void>;
  /** Starts no further uploads, for example on a metered connection. Messages with files wait. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}
