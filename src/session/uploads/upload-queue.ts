/**
 * The files of unsent messages, and their uploads. A file is kept on the device until its message is stored, and
 * uploaded once: by one tab at a time (Web Locks), under one idempotency key. Loaded on first use.
 */
import { evictOldest } from '../../internal/evict-oldest.js';
import { noop } from '../../internal/noop.js';
import type { Id } from '../../protocol/index.js';
import type { OutgoingFile, Upload, Uploader } from '../../model/index.js';
import { ChatError, throwIfAborted, toChatError } from '../../transport/index.js';
import { backoff } from '../backoff.js';
import { IndexedDbFiles, NO_FILES, type FileRow, type FileStorage } from './file-storage.js';
import { askPage, createEntry, type PageAnswer, type UploadEntry, type UploadHost } from './upload-entry.js';
import { finalError, isTemporary, LOST, NOT_STORED } from './upload-errors.js';
import { Turns } from './turns.js';
import { uploadOnce } from './upload-once.js';
import { whileLocked } from './while-locked.js';

/** Files that one tab uploads at the same time. */
const PARALLEL = 2;
/** The number of failures in a row that may concern the file, after which an upload fails. */
const MAX_OWN_FAILURES = 5;
/** Files that are kept at the same time. */
export const MAX_FILES = 100;
/** The queues of unknown users that are kept, as many as outboxes are. */
const MAX_UNKNOWN = 8;
/** A progress report costs a rendering. */
const PROGRESS_STEP = 0.01;

/**
 * The queues of users who were not known yet, by session: a file that was added then belongs to the user who is known
 * now, who alone knows its id.
 */
const UNKNOWN_USER = new WeakMap<object, Set<UploadQueue>>();

export class UploadQueue {
  readonly #host: UploadHost;
  readonly #files: FileStorage;
  readonly #entries = new Map<string, UploadEntry>();
  /** Files that another tab has uploaded before their message arrived here: the backend's ids. */
  readonly #uploadedElsewhere = new Map<string, Id>();
  readonly #turns = new Turns(PARALLEL);
  /** Whether no upload starts: on a metered connection, for example. */
  #isPaused = false;

  constructor(host: UploadHost) {
    this.#host = host;
    const unknown = UNKNOWN_USER.get(host.session) ?? new Set();
    UNKNOWN_USER.set(host.session, unknown);
    if (host.scope === '') unknown.add(this);
    const [oldest] = unknown;
    if (unknown.size > MAX_UNKNOWN && oldest) unknown.delete(oldest);
    const stored = host.session.platform.storage;
    this.#files = host.scope === '' ? NO_FILES : stored ? (stored.files ?? NO_FILES) : new IndexedDbFiles();
  }

  get size(): number {
    return this.#entries.size;
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
    // Not kept: the number of files is the reason.
    if (error?.code === 'too_many') return upload;
    const entry = this.#createEntry(upload, file, uploader);
    this.#host.report({ type: 'upload', upload });
    if (error) return upload;
    await this.#keep(entry, file);
    this.#start(entry);
    return entry.upload;
  }

  /** Stores a file on the device. */
  async #keep(entry: UploadEntry, file: Blob): Promise<void> {
    const { uploadId, roomId, name, mediaType, size } = entry.upload;
    const at = this.#host.session.clock.now();
    const row: FileRow = { uploadId, roomId, name, mediaType, size, file, at, isUploadedByPage: !!entry.uploader };
    const isOnDevice = await this.#files.put(this.#host.scope, row);
    if (!this.#entries.has(uploadId)) void this.#files.delete(this.#host.scope, uploadId);
    else if (isOnDevice) this.#update(entry, { isOnDevice });
    else this.#host.report({ type: 'problem', problem: NOT_STORED });
  }

  #ask(roomId: Id, file: Blob, name: string): PageAnswer {
    return askPage(this.#host.session.platform.onAttach, { roomId, file, name });
  }

  #createEntry(upload: Upload, file?: Blob, uploader?: Uploader): UploadEntry {
    const entry = createEntry(upload, file, uploader);
    this.#entries.set(upload.uploadId, entry);
    return entry;
  }

  /**
   * Stops an upload, and discards the file: here at once, then on the server, which deletes unused files anyway.
   * @returns when the server has answered, or cannot be reached.
   */
  async discard(uploadId: string): Promise<void> {
    const remoteId = this.#find(uploadId)?.remoteId;
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

  /** Discards all files of this user, from memory and from the device. */
  clear(): void {
    this.forget([...this.#entries.values()].map(({ upload }) => upload));
    this.#uploadedElsewhere.clear();
  }

  /** The room of these files was created. */
  moveTo(roomId: Id, localRoomId: Id): void {
    for (const entry of this.#entries.values())
      if (entry.upload.roomId === localRoomId) this.#update(entry, { roomId });
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

  /**
   * Tries waiting uploads again now: the connection works again.
   * @param uploadIds files that were perhaps added before the user was known.
   */
  wake(uploadIds: Iterable<string> = []): void {
    for (const uploadId of uploadIds) this.#find(uploadId);
    for (const entry of this.#entries.values()) if (entry.upload.state === 'pending') this.#start(entry);
  }

  /**
   * Tries a failed or blocked upload again, or asks the page again about one that it has prevented.
   * @param blocked why the file still cannot be sent.
   * @returns whether there is such a file.
   */
  retry(uploadId: string, blocked?: ChatError): boolean {
    const entry = this.#find(uploadId);
    if (!entry?.file && !entry?.upload.isOnDevice) return false;
    entry.ownFailures = 0;
    if (!entry.upload.isOnDevice && entry.file) {
      const { prevented, uploader } = this.#ask(entry.upload.roomId, entry.file, entry.upload.name);
      entry.uploader = uploader;
      const error = blocked ?? prevented;
      this.#update(entry, error ? { state: 'blocked', error } : { state: 'pending', error: null });
      if (!error) void this.#keep(entry, entry.file).then(() => this.#start(entry));
      return true;
    }
    this.#update(entry, { state: 'pending', error: null });
    this.#start(entry);
    return true;
  }

  #start(entry: UploadEntry): void {
    // A backend without uploads gets the file together with the message.
    if (this.#isPaused || this.#host.untilClosed.aborted) return;
    if (!(entry.uploader || this.#host.session.backend.has('uploads'))) return;
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
      throw finalError(error);
    }
    if (this.#isPaused && entry.remoteId === undefined) throw new ChatError('aborted', 'Uploads are paused.');
    const aborted = new Promise<never>((_, reject) => {
      const onAbort = (): void => reject(new ChatError('aborted', 'The request was aborted.'));
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { signal: entry.discarding.signal });
    });
    return Promise.race([this.#attempt(entry), aborted]).catch((thrown: unknown) => {
      entry.wasReported = entry.upload.state !== 'pending';
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
    if (entry) return this.#finish(entry, remoteId);
    // Its message arrives later.
    this.#uploadedElsewhere.set(uploadId, remoteId);
    evictOldest(this.#uploadedElsewhere);
  }

  /** Whether the page uploads one of these files itself. */
  async isUploadedByPage(files: readonly OutgoingFile[]): Promise<boolean> {
    for (const { uploadId } of files) {
      if (this.#find(uploadId)?.uploader) return true;
      if ((await this.#files.get(this.#host.scope, uploadId))?.isUploadedByPage) return true;
    }
    return false;
  }

  /** The entry of a file, perhaps taken over from the time before the user was known. */
  #find(uploadId: string): UploadEntry | undefined {
    const known = this.#entries.get(uploadId);
    if (known) return known;
    for (const queue of UNKNOWN_USER.get(this.#host.session) ?? []) {
      const entry = queue === this ? undefined : queue.#entries.get(uploadId);
      if (!entry) continue;
      queue.#entries.delete(uploadId);
      entry.cancelRetry();
      this.#entries.set(uploadId, entry);
      if (entry.file && entry.upload.state !== 'blocked') void this.#keep(entry, entry.file);
      return entry;
    }
    return undefined;
  }

  /** A file of a message that was restored, or comes from another tab. */
  #entryOf({ uploadId, name, mediaType, size }: OutgoingFile, roomId: Id): UploadEntry {
    const known = this.#find(uploadId);
    if (known) return known;
    const upload = { uploadId, roomId, name, mediaType, size };
    const entry = this.#createEntry({ ...upload, state: 'pending', progress: 0, error: null, isOnDevice: true });
    entry.remoteId = this.#uploadedElsewhere.get(uploadId);
    return entry;
  }

  #attempt(entry: UploadEntry): Promise<Id> {
    entry.cancelRetry();
    return (entry.attempt ??= this.#turns.run(() => this.#tryOnce(entry)).finally(() => (entry.attempt = undefined)));
  }

  async #tryOnce(entry: UploadEntry): Promise<Id> {
    const { session, untilClosed } = this.#host;
    // Ends with the sign-in, with its generation, or with the file.
    const signal = AbortSignal.any([session.signal, untilClosed, entry.discarding.signal]);
    try {
      throwIfAborted(signal);
      const remoteId = entry.remoteId ?? (await this.#uploadLocked(entry, signal));
      this.#finish(entry, remoteId);
      return remoteId;
    } catch (thrown) {
      const error = signal.aborted ? new ChatError('aborted', 'The upload was cancelled.') : toChatError(thrown);
      throw this.#onFailure(entry, error);
    }
  }

  async #uploadLocked(entry: UploadEntry, signal: AbortSignal): Promise<Id> {
    const { session } = this.#host;
    const { uploadId } = entry.upload;
    const report = (progress: number): void => {
      if (progress === 0) this.#update(entry, { state: 'uploading', progress, error: null });
      else this.#progress(entry, progress);
    };
    return whileLocked(session.platform.tabs.locks, `unified-chat upload ${uploadId}`, signal, async () => {
      const remoteId = await uploadOnce(this.#host, this.#files, entry, signal, report);
      await this.#saveRemoteId(uploadId, remoteId);
      this.#host.broadcast({ kind: 'uploaded', uploadId, remoteId });
      return remoteId;
    });
  }

  async #saveRemoteId(uploadId: string, remoteId: Id | undefined): Promise<void> {
    const row = await this.#files.get(this.#host.scope, uploadId);
    if (row && this.#entries.has(uploadId)) await this.#files.put(this.#host.scope, { ...row, remoteId });
  }

  #finish(entry: UploadEntry, remoteId: Id): void {
    entry.remoteId = remoteId;
    entry.failures = entry.ownFailures = 0;
    this.#update(entry, { state: 'finished', progress: 1, error: null });
  }

  /** @returns the error for a message that waits for this file. */
  #onFailure(entry: UploadEntry, error: ChatError): ChatError {
    const { session, untilClosed } = this.#host;
    if (entry.discarding.signal.aborted) return error;
    // These may concern this file: the others concern the connection.
    if (error.status === 500 || error.code === 'unexpected_answer' || error.code === 'file_lost') entry.ownFailures++;
    const hasFailed = entry.ownFailures >= MAX_OWN_FAILURES;
    if (hasFailed || !isTemporary(error)) {
      entry.failures = entry.ownFailures = 0;
      this.#update(entry, { state: hasFailed ? 'failed' : 'blocked', progress: 0, error });
      return finalError(error);
    }
    // Another tab may have the file.
    const shown = error.code === 'file_lost' ? new ChatError('unreachable', error.message) : error;
    this.#update(entry, { state: 'pending', progress: 0, error: shown });
    // Without a connection, nothing is scheduled: `wake` continues.
    if (session.rest && !untilClosed.aborted) {
      const waitMs = Math.max(backoff(++entry.failures, session.platform.random), error.retryAfterMs ?? 0);
      entry.cancelRetry = session.clock.after(waitMs, () => this.#start(entry));
    }
    return shown;
  }

  #progress(entry: UploadEntry, progress: number): void {
    if (progress - entry.upload.progress >= PROGRESS_STEP) this.#update(entry, { state: 'uploading', progress });
  }

  #update(entry: UploadEntry, changes: Partial<Upload>): void {
    const { upload } = entry;
    if (!this.#entries.has(upload.uploadId)) return;
    entry.upload = { ...upload, ...changes };
    this.#host.report({ type: 'upload', upload: entry.upload });
  }
}
