/**
 * The files of unsent messages, stored on this device beside the messages: see message-storage.ts. A failure affects
 * files only: they then stay in memory. Loaded on demand, with upload-queue.ts.
 */
import type { Id } from '../../protocol/index.js';
import type { OutgoingFile } from '../../model/index.js';

/** A file as it is stored. */
export interface FileRow extends OutgoingFile {
  readonly roomId: Id;
  readonly file: Blob;
  /** When it was added, in milliseconds since 1970. */
  readonly at: number;
  /** Whether the page uploads it, instead of the backend. */
  readonly isUploadedByPage?: boolean;
  /** The backend's id, once the file is uploaded. */
  readonly remoteId?: Id | undefined;
}

export interface FileStorage {
  /** @returns false if the device does not store it: no space, or no storage. Never rejects. */
  put(scope: string, row: FileRow): Promise<boolean>;
  /** @returns undefined if there is none, or it cannot be read. Never rejects. */
  get(scope: string, uploadId: string): Promise<FileRow | undefined>;
  delete(scope: string, uploadId: string): Promise<void>;
  /** Ids and times of all files of a scope. */
  list(scope: string): Promise<Pick<FileRow, 'uploadId' | 'at'>[]>;
}

/** A file as it is in the database: with its bytes, if the browser stores no `Blob`. */
type StoredRow = Omit<FileRow, 'file'> & { scope: string; file?: Blob | undefined; bytes?: ArrayBuffer };

const NAME = 'unified-chat';
const STORE = 'files';

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error!);
  });

/**
 * Files in the database of indexeddb-storage.ts, which creates the object store. The database is opened for each
 * operation: writing a large file may take long, and an open database would block an upgrade in another tab.
 */
export class IndexedDbFiles implements FileStorage {
  async put(scope: string, row: FileRow): Promise<boolean> {
    // Private windows of WebKit store no `Blob`, but its bytes.
    return (
      (await this.#put({ scope, ...row })) ||
      (await this.#put({ scope, ...row, file: undefined, bytes: await row.file.arrayBuffer() }))
    );
  }

  #put(row: StoredRow): Promise<boolean> {
    return this.#run(async (store) => {
      await done(store.put(row));
      return true;
    }, false);
  }

  async get(scope: string, uploadId: string): Promise<FileRow | undefined> {
    const row = await this.#run(
      (store) => done(store.get([scope, uploadId]) as IDBRequest<StoredRow | undefined>),
      undefined,
    );
    const file = row?.file ?? (row?.bytes && new Blob([row.bytes], { type: row.mediaType }));
    return row && file && { ...row, file };
  }

  delete(scope: string, uploadId: string): Promise<void> {
    return this.#run((store) => done(store.delete([scope, uploadId])), undefined);
  }

  list(scope: string): Promise<Pick<FileRow, 'uploadId' | 'at'>[]> {
    return this.#run(async (store) => {
      // In IndexedDB, an array sorts after every string.
      const rows = await done(store.getAll(IDBKeyRange.bound([scope], [scope, []])) as IDBRequest<FileRow[]>);
      return rows.map(({ uploadId, at }) => ({ uploadId, at }));
    }, []);
  }

  /** @param otherwise the result if the device stores nothing. */
  async #run<T>(work: (store: IDBObjectStore) => Promise<T>, otherwise: T): Promise<T> {
    let database: IDBDatabase | undefined;
    try {
      const request = indexedDB.open(NAME);
      // There is no database yet: this must not create one without its stores.
      request.onupgradeneeded = () => request.transaction!.abort();
      const opened = (database = await done(request));
      opened.onversionchange = () => opened.close();
      const transaction = opened.transaction(STORE, 'readwrite');
      const complete = new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error ?? new DOMException('', 'AbortError'));
      });
      const [result] = await Promise.all([work(transaction.objectStore(STORE)), complete]);
      return result;
    } catch {
      return otherwise;
    } finally {
      database?.close();
    }
  }
}

/** For a device without storage. */
export const NO_FILES: FileStorage = {
  put: () => Promise.resolve(false),
  get: () => Promise.resolve(undefined),
  delete: () => Promise.resolve(),
  list: () => Promise.resolve([]),
};
