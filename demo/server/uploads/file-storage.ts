/** The contract of a storage of files. test/server/file-storage.node.test.ts checks it for each. */
import type { Readable } from 'node:stream';
import { RequestError } from '../errors.js';

/** The first and the last byte, as in the header `Range`. */
export interface ByteRange {
  start: number;
  end: number;
}

/** What a client needs to store a file by itself. */
export interface SignedPut {
  url: string;
  headers: Record<string, string>;
}

/** Keys are UUIDs. Every method throws {@link StorageUnavailable} if the storage does not work. */
export interface FileStorage {
  /** Stores a local file. Afterwards it is there completely, or not at all. */
  put(key: string, path: string, mediaType: string): Promise<void>;
  /** The bytes of a file; undefined if it is not there. */
  get(key: string, range?: ByteRange): Promise<Readable | undefined>;
  /** The size in bytes; undefined if it is not there. */
  size(key: string): Promise<number | undefined>;
  /** Deletes a file. One that is not there is no error. */
  delete(key: string): Promise<void>;
  /** Only if clients can store files by themselves. */
  signPut?(key: string, file: { mediaType: string; size: number; seconds: number }): Promise<SignedPut>;
}

export class StorageUnavailable extends RequestError {
  constructor(override readonly cause: unknown) {
    super('unavailable', 'Files cannot be stored or read at the moment. Try again later.', { retryAfter: 30 });
  }
}
