/**
 * The files of unsent messages, stored on this device beside the messages: see message-storage.ts. A failure affects
 * files only: they then stay in memory. Loaded on demand, with upload-queue.ts.
 */
import { noop } from '../../internal/noop.js';
import type { OutgoingFile } from '../../model/index.js';
import type { Id } from '../../protocol/index.js';
import { DATABASE, done, inStore, keysOf } from '../outbox/indexeddb.js';

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

/** Files in the database of indexeddb-storage.ts, which creates their object store. */
export class IndexedDbFiles implements FileStorage {
  async put(scope: string, row: FileRow): Promise<boolean> {
    try {
      await putRow({ scope, ...row });
      return true;
    } catch (thrown) {
      if ((thrown as Error).name === 'QuotaExceededError') return false;
    }
    // Private windows of WebKit store no `Blob`, but its bytes.
    const bytes = await row.file.arrayBuffer();
    return putRow({ scope, ...row, file: undefined, bytes }).then(
      () => true,
      () => false,
    );
  }

  async get(scope: string, uploadId: string): Promise<FileRow | undefined> {
    const row = await inFiles((store) => done(store.get([scope, uploadId])) as Promise<StoredRow | undefined>).catch(
      noop,
    );
    const file = row?.file ?? (row?.bytes && new Blob([row.bytes], { type: row.mediaType }));
    return row && file ? { ...row, file } : undefined;
  }

  async delete(scope: string, uploadId: string): Promise<void> {
    await inFiles((store) => done(store.delete([scope, uploadId]))).catch(noop);
  }

  async list(scope: string): Promise<Pick<FileRow, 'uploadId' | 'at'>[]> {
    const rows = await inFiles((store) => done(store.getAll(keysOf(scope))) as Promise<StoredRow[]>).catch(noop);
    return (rows ?? []).map(({ uploadId, at }) => ({ uploadId, at }));
  }
}

const putRow = (row: StoredRow): Promise<unknown> => inFiles((store) => done(store.put(row)));

/**
 * Opens the database for one operation: writing a large file may take long, and an open database would block an upgrade
 * in another tab.
 * @throws any error of the browser.
 */
async function inFiles<T>(run: (store: IDBObjectStore) => Promise<T>): Promise<T> {
  const request = indexedDB.open(DATABASE);
  // There is no database yet: this must not create one without its stores.
  request.onupgradeneeded = () => request.transaction!.abort();
  const database = await done(request);
  database.onversionchange = () => database.close();
  return inStore(database, 'files', run).finally(() => database.close());
}

/** For a device without storage. */
export const NO_FILES: FileStorage = {
  put: () => Promise.resolve(false),
  get: () => Promise.resolve(undefined),
  delete: () => Promise.resolve(),
  list: () => Promise.resolve([]),
};
