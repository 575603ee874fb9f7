/** The files of unsent messages: loads the upload queue when the first one is needed. Loaded with delivery-fallback.ts. */
import { lazyImport } from '../../internal/lazy-import.js';
import { noop } from '../../internal/noop.js';
import type { Id } from '../../protocol/index.js';
import { ChatError, throwNotLoaded, type SendMessageOptions } from '../../transport/index.js';
import type { StoredMessage } from '../../model/index.js';
import type { UploadHost } from '../uploads/upload-entry.js';
import type { UploadQueue } from '../uploads/upload-queue.js';
import type { MessageQueues } from './message-queues.js';

const importQueue = lazyImport(() => import('../uploads/upload-queue.js'));

/** The time for which a file without a message is kept, in milliseconds: it may belong to a draft in another tab. */
const KEEP_MS = 86_400_000;

interface FilesHost extends UploadHost {
  readonly queues: MessageQueues;
}

export class MessageFiles {
  readonly #outbox: FilesHost;
  readonly #refused: () => readonly StoredMessage[];
  #queue: UploadQueue | undefined;

  /** @param refused the refused messages, whose files are still needed. */
  constructor(outbox: FilesHost, refused: () => readonly StoredMessage[]) {
    this.#outbox = outbox;
    this.#refused = refused;
  }

  /** @throws {ChatError} `unreachable` if the code cannot be loaded. */
  async load(): Promise<UploadQueue> {
    if (this.#queue) return this.#queue;
    const loaded = await importQueue().catch(throwNotLoaded);
    if (this.#queue) return this.#queue;
    const outbox = this.#outbox;
    const queue = (this.#queue = new loaded.UploadQueue(outbox));
    const isNeeded = (id: string): boolean =>
      [...outbox.queues.queuedMessages, ...this.#refused()].some(({ files }) =>
        files?.some(({ uploadId }) => uploadId === id),
      );
    void queue.sweep(isNeeded, outbox.session.clock.now() - KEEP_MS);
    return queue;
  }

  /**
   * Uploads the files of a message.
   * @returns the options of the request that sends it.
   * @throws {ChatError}
   */
  async optionsFor(
    { files, roomId }: StoredMessage,
    signal: AbortSignal,
  ): Promise<Pick<SendMessageOptions, 'attachments' | 'file'>> {
    const [file] = files ?? [];
    if (!files || !file) return {};
    const queue = await this.load();
    const { backend } = this.#outbox.session;
    if (backend.has('uploads') || (await queue.isUploadedByPage(files)))
      return { attachments: await Promise.all(files.map((each) => queue.remoteIdOf(each, roomId, signal))) };
    if (!backend.isKnown) throw new ChatError('unreachable', 'The backend has not reported its capabilities yet.');
    if (files.length > 1) throw new ChatError('too_many', 'The server accepts one file per message.');
    const content = await queue.contentOf(file, roomId);
    return { file: { content, name: file.name, onProgress: (progress) => queue.onProgress(file, progress) } };
  }

  /** The server does not know the uploads of a message any more. */
  async expire({ files = [] }: StoredMessage): Promise<void> {
    (await this.load()).expire(files);
  }

  /** Discards all files of this user, from memory and from the device. */
  clear(): void {
    this.#queue?.clear();
  }

  /** The room of a message was created. */
  moveTo(roomId: Id, localRoomId: Id): void {
    this.#queue?.moveTo(roomId, localRoomId);
  }

  /** The message is stored or discarded. */
  forget({ files }: StoredMessage): void {
    if (files) void this.load().then((queue) => queue.forget(files), noop);
  }
}
