/**
 * The files of unsent messages, and their uploads. A file is kept on the device until its message is stored, and
 * uploaded once: by one tab at a time (Web Locks), under one idempotency key. Loaded on first use.
 */
import { noop } from '../../internal/noop.js';
import type { Id } from '../../protocol/index.js';
import type { OutgoingFile, SessionEvent, Upload, Uploader } from '../../model/index.js';
import { ChatError, throwIfAborted, toChatError, type UploadRequest } from '../../transport/index.js';
import { backoff } from '../backoff.js';
import type { SessionContext } from '../session-context.js';
import type { TabMessage } from '../tabs/tab-channel.js';
import { IndexedDbFiles, NO_FILES, type FileRow, type FileStorage } from './file-storage.js';
import { isTemporary, LOST } from './upload-errors.js';
import { whileLocked } from './while-locked.js';

/** The outbox to which the files belong. */
export interface UploadHost {
  readonly scope: string;
  readonly session: Pick<SessionContext, 'backend' | 'clock' | 'platform' | 'rest' | 'signal'>;
  readonly sender: { flush(): void };
  report(event: SessionEvent): void;
  broadcast(message: TabMessage): void;
}

interface Entry {
  upload: Upload;
  file?: Blob | undefined;
  remoteId?: Id | undefined;
  /** The current attempt. */
  attempt?: Promise<Id> | undefined;
  /** Failed attempts in a row. */
  failures: number;
  /** Answers HTTP 500 in a row: they may concern this file. */
  serverErrors: number;
  cancelRetry: () => void;
  /** Aborted when the file is discarded. */
  readonly discarding: AbortController;
  uploader?: Uploader | undefined;
  /** Whether a message was refused because of this file: the next attempt is a decision of its author. */
  wasReported?: boolean;
}

/** Files that one tab uploads at the same time. */
const PARALLEL = 2;
/** The number of server errors after which an upload fails. */
const MAX_SERVER_ERRORS = 5;
/** Attempts at a file that is neither here nor on the device: another tab may have it. */
const MAX_SEARCHES = 5;
/** Files that are kept at the same time. */
export const MAX_FILES = 100;
/** A progress report costs a rendering. */
const PROGRESS_STEP = 0.01;

const NOT_STORED = {
  code: 'file_not_stored',
  detail: 'Keep this page open until your files are sent: this device has no space for them.',
} as const;

export class UploadQueue {
  readonly #host: UploadHost;
  readonly #files: FileStorage;
  readonly #entries = new Map<string, Entry>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Whether no upload starts: on a metered connection, for example. */
  #isPaused = false;

  constructor(host: UploadHost) {
    this.#host = host;
    const stored = host.session.platform.storage;
    this.#files = host.scope === '' ? NO_FILES : stored ? (stored.files ?? NO_FILES) : new IndexedDbFiles();
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether the page uploads a file itself. */
  hasUploader({ uploadId }: OutgoingFile): boolean {
    return this.#entries.get(uploadId)?.uploader !== undefined;
  }

  // ————— Adding and discarding

  /**
   * Keeps a file, and starts to upload it.
   * @param blocked why it cannot be sent: then it is neither kept nor uploaded.
   * @returns when the file is on the device, or it is clear that it stays in memory.
   */
  async add(
    file: Blob,
    { uploadId, roomId, name, mediaType, size }: OutgoingFile & { roomId: Id },
    blocked?: ChatError,
  ): Promise<Upload> {
    const { prevented, uploader } = this.#ask(roomId, file, name);
    const error = blocked ?? prevented;
    const upload: Upload = {
      ...{ uploadId, roomId, name, mediaType, size },
      state: error ? 'blocked' : 'pending',
      progress: 0,
      error: error ?? null,
      isOnDevice: false,
    };
    const entry = this.#createEntry(upload, file, uploader);
    this.#host.report({ type: 'upload', upload });
    if (error) return upload;
    const at = this.#host.session.clock.now();
    const row: FileRow = { uploadId, roomId, name, mediaType, size, file, at, isUploadedByPage: !!uploader };
    const isOnDevice = await this.#files.put(this.#host.scope, row);
    if (!this.#entries.has(uploadId)) void this.#files.delete(this.#host.scope, uploadId);
    else if (isOnDevice) this.#update(entry, { isOnDevice });
    else this.#host.report({ type: 'problem', problem: NOT_STORED });
    this.#start(entry);
    return entry.upload;
  }

  /** Asks the page whether a file may be sent, and how it is uploaded. */
  #ask(roomId: Id, file: Blob, name: string): { prevented?: ChatError; uploader?: Uploader } {
    const answer: { prevented?: ChatError; uploader?: Uploader } = {};
    this.#host.session.platform.onAttach?.({
      ...{ roomId, file, name },
      prevent: (reason) => (answer.prevented = new ChatError('forbidden', reason)),
      uploadWith: (uploader) => (answer.uploader = uploader),
    });
    return answer;
  }

  #createEntry(upload: Upload, file?: Blob, uploader?: Uploader): Entry {
    const entry: Entry = {
      ...{ upload, file, uploader, failures: 0, serverErrors: 0 },
      cancelRetry: noop,
      discarding: new AbortController(),
    };
    this.#entries.set(upload.uploadId, entry);
    return entry;
  }

  /**
   * Stops an upload, and discards the file: here at once, then on the server, which deletes unused files anyway.
   * @returns when the server was told, or could not be.
   */
  async discard(uploadId: string): Promise<void> {
    const remoteId = this.#entries.get(uploadId)?.remoteId;
    this.forget([{ uploadId }]);
    if (remoteId === undefined) return;
    const requests = await this.#host.session.rest?.deferred().catch(noop);
    await requests?.discardUpload?.(remoteId).catch(noop);
  }

  /** Deletes files from the device: their message is stored or discarded. */
  forget(files: readonly Pick<OutgoingFile, 'uploadId'>[]): void {
    for (const { uploadId } of files) {
      const entry = this.#entries.get(uploadId);
      this.#entries.delete(uploadId);
      entry?.cancelRetry();
      entry?.discarding.abort();
      void this.#files.delete(this.#host.scope, uploadId);
      if (entry) this.#host.report({ type: 'upload-ended', uploadId });
    }
  }

  /** Deletes files that no message needs any more, because their tab was closed before they were sent. */
  async sweep(isNeeded: (uploadId: string) => boolean, olderThan: number): Promise<void> {
    for (const { uploadId, at } of await this.#files.list(this.#host.scope))
      if (at < olderThan && !isNeeded(uploadId) && !this.#entries.has(uploadId))
        void this.#files.delete(this.#host.scope, uploadId);
  }

  // ————— Uploading

  /** Starts or stops all uploads. One that is running is not interrupted. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (isPaused) return;
    this.wake();
    this.#host.sender.flush();
  }

  /** Tries waiting uploads again now: the connection works again. */
  wake(): void {
    for (const entry of this.#entries.values()) if (entry.upload.state === 'pending') this.#start(entry);
  }

  /** Tries a failed or blocked upload again. @returns whether there is one. */
  retry(uploadId: string): boolean {
    const entry = this.#entries.get(uploadId);
    if (!entry?.file && !entry?.upload.isOnDevice) return false;
    this.#update(entry, { state: 'pending', error: null });
    this.#start(entry);
    return true;
  }

  #start(entry: Entry): void {
    // A backend without uploads gets the file together with the message.
    if (this.#isPaused || !(entry.uploader || this.#host.session.backend.has('uploads'))) return;
    this.#attempt(entry).catch(noop);
  }

  /**
   * Waits until a file is uploaded.
   * @param signal ends the wait, not the upload.
   * @returns the backend's id.
   * @throws {ChatError} why it is not uploaded now, or never will be.
   */
  async remoteIdOf(file: OutgoingFile, roomId: Id, signal: AbortSignal): Promise<Id> {
    const entry = this.#entryOf(file, roomId);
    const { state, error } = entry.upload;
    if (error && (state === 'blocked' || state === 'failed') && !entry.wasReported) {
      entry.wasReported = true;
      throw error;
    }
    if (this.#isPaused && entry.remoteId === undefined) throw new ChatError('aborted', 'Uploads are paused.');
    const aborted = new Promise<never>((_, reject) => {
      const onAbort = (): void => reject(new ChatError('aborted', 'The request was aborted.'));
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { signal: entry.discarding.signal });
    });
    return Promise.race([this.#attempt(entry), aborted]).catch((thrown: unknown) => {
      entry.wasReported = true;
      throw thrown;
    });
  }

  /** The content of a file. @throws {ChatError} `file_lost`. */
  async contentOf(file: OutgoingFile, roomId: Id): Promise<Blob> {
    const entry = this.#entryOf(file, roomId);
    const content = entry.file ?? (await this.#files.get(this.#host.scope, file.uploadId))?.file;
    if (!content) throw LOST();
    return content;
  }

  /** Reports how far a file is sent together with its message. */
  onProgress({ uploadId }: OutgoingFile, progress: number): void {
    const entry = this.#entries.get(uploadId);
    if (entry) this.#progress(entry, progress);
  }

  /** The server has forgotten these uploads: they are uploaded again. */
  expire(files: readonly OutgoingFile[]): void {
    for (const { uploadId } of files) {
      const entry = this.#entries.get(uploadId);
      if (!entry) continue;
      entry.remoteId = undefined;
      this.#update(entry, { state: 'pending', progress: 0 });
      void this.#saveRemoteId(uploadId, undefined);
    }
  }

  /** Another tab has uploaded a file. */
  onUploaded(uploadId: string, remoteId: Id): void {
    const entry = this.#entries.get(uploadId);
    if (entry) this.#finish(entry, remoteId);
  }

  /** A file of a message that was restored, or comes from another tab. */
  #entryOf({ uploadId, name, mediaType, size }: OutgoingFile, roomId: Id): Entry {
    return (
      this.#entries.get(uploadId) ??
      this.#createEntry({
        ...{ uploadId, roomId, name, mediaType, size },
        state: 'pending',
        progress: 0,
        error: null,
        isOnDevice: true,
      })
    );
  }

  #attempt(entry: Entry): Promise<Id> {
    entry.cancelRetry();
    return (entry.attempt ??= this.#inTurn(() => this.#tryOnce(entry)).finally(() => (entry.attempt = undefined)));
  }

  /** Limits the number of parallel uploads. */
  async #inTurn<T>(run: () => Promise<T>): Promise<T> {
    if (this.#running >= PARALLEL) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      return await run();
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #tryOnce(entry: Entry): Promise<Id> {
    const { session } = this.#host;
    // Ends with the sign-in, or with the file.
    const signal = AbortSignal.any([session.signal, entry.discarding.signal]);
    const { uploadId } = entry.upload;
    try {
      throwIfAborted(signal);
      const remoteId =
        entry.remoteId ??
        (await whileLocked(session.platform.tabs.locks, `unified-chat upload ${uploadId}`, signal, () =>
          this.#upload(entry, signal),
        ));
      this.#finish(entry, remoteId);
      return remoteId;
    } catch (thrown) {
      const error = signal.aborted ? new ChatError('aborted', 'The upload was cancelled.') : toChatError(thrown);
      this.#onFailure(entry, error);
      throw error;
    }
  }

  async #upload(entry: Entry, signal: AbortSignal): Promise<Id> {
    const { session, scope } = this.#host;
    const { uploadId, name, mediaType } = entry.upload;
    const row = await this.#files.get(scope, uploadId);
    throwIfAborted(signal);
    // Another tab may have uploaded it while this one waited for the lock.
    const uploaded = entry.remoteId ?? row?.remoteId;
    if (uploaded !== undefined) return uploaded;
    const file = entry.file ?? row?.file;
    if (!file) throw LOST();
    if (row?.isUploadedByPage && !entry.uploader) {
      // It was added before a reload, or in another tab.
      entry.uploader = this.#ask(entry.upload.roomId, file, name).uploader;
      if (!entry.uploader) throw new ChatError('unreachable', 'The page does not upload this file now.');
    }
    this.#update(entry, { state: 'uploading', progress: 0, error: null });
    const onProgress = (progress: number): void => this.#progress(entry, progress);
    const remoteId = entry.uploader
      ? await entry.uploader(file, { signal, onProgress })
      : await this.#uploadToBackend({ file, name, mediaType, uploadId, signal, onProgress });
    throwIfAborted(signal);
    if (session.backend.has('uploads') || entry.uploader) await this.#saveRemoteId(uploadId, remoteId);
    this.#host.broadcast({ kind: 'uploaded', uploadId, remoteId });
    return remoteId;
  }

  async #uploadToBackend(request: Omit<UploadRequest, 'isPresigned'>): Promise<Id> {
    const { rest, backend } = this.#host.session;
    const requests = await rest?.deferred();
    if (!requests?.uploadFile) throw new ChatError('disconnected', 'Not connected. Sign in first.');
    const attachment = await requests.uploadFile({ ...request, isPresigned: backend.limits.upload === 'presigned' });
    if (attachment.state === 'blocked') throw new ChatError('forbidden', 'The server does not accept this file.');
    return attachment.id;
  }

  async #saveRemoteId(uploadId: string, remoteId: Id | undefined): Promise<void> {
    const row = await this.#files.get(this.#host.scope, uploadId);
    if (row && this.#entries.has(uploadId)) await this.#files.put(this.#host.scope, { ...row, remoteId });
  }

  #finish(entry: Entry, remoteId: Id): void {
    entry.remoteId = remoteId;
    entry.failures = entry.serverErrors = 0;
    this.#update(entry, { state: 'finished', progress: 1, error: null });
  }

  #onFailure(entry: Entry, error: ChatError): void {
    const { session } = this.#host;
    if (entry.discarding.signal.aborted) return;
    if (error.status === 500) entry.serverErrors++;
    const isLost = error.code === 'file_lost' && ++entry.failures >= MAX_SEARCHES;
    const hasFailed = entry.serverErrors >= MAX_SERVER_ERRORS;
    if (isLost || hasFailed || !isTemporary(error)) {
      entry.failures = entry.serverErrors = 0;
      return this.#update(entry, { state: hasFailed ? 'failed' : 'blocked', progress: 0, error });
    }
    this.#update(entry, { state: 'pending', progress: 0, error });
    // Without a connection, nothing is scheduled: `wake` continues.
    if (!session.rest) return;
    const waitMs = Math.max(backoff(++entry.failures, session.platform.random), error.retryAfterMs ?? 0);
    entry.cancelRetry = session.clock.after(waitMs, () => this.#start(entry));
  }

  #progress(entry: Entry, progress: number): void {
    if (progress - entry.upload.progress >= PROGRESS_STEP) this.#update(entry, { state: 'uploading', progress });
  }

  #update(entry: Entry, changes: Partial<Upload>): void {
    const { upload } = entry;
    if (!this.#entries.has(upload.uploadId)) return;
    entry.upload = { ...upload, ...changes };
    this.#host.report({ type: 'upload', upload: entry.upload });
  }
}
