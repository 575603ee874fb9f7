/** Where the bytes of files are: a folder of this machine, or a bucket of an S3-compatible service. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { RequestError } from '../errors.js';
import type { ResolvedOptions } from '../options.js';
import { openDisk } from './disk-storage.js';
import { openS3 } from './s3-storage.js';

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

export interface OpenStorage {
  storage: FileStorage;
  /** A local folder for files that are being received. */
  incoming: string;
  close(): Promise<void>;
}

const NAME = 'unified-chat';

export async function openStorage({ uploads, database }: ResolvedOptions): Promise<OpenStorage> {
  const keep = (): Promise<void> => Promise.resolve();
  if (uploads?.kind === 's3')
    return { storage: openS3(uploads.url), incoming: join(tmpdir(), `${NAME}-incoming`), close: keep };
  const [folder, close] =
    uploads === undefined && database.kind === 'memory' ? await temporaryFolder() : [folderOf(uploads, database), keep];
  return { storage: openDisk(folder), incoming: join(folder, 'incoming'), close };
}

async function temporaryFolder(): Promise<[folder: string, close: () => Promise<void>]> {
  const folder = await mkdtemp(join(tmpdir(), `${NAME}-uploads-`));
  return [folder, () => rm(folder, { recursive: true, force: true })];
}

function folderOf(uploads: { path: string } | undefined, database: ResolvedOptions['database']): string {
  if (uploads) return uploads.path;
  if (database.kind === 'folder') return join(database.path, 'uploads');
  // Processes on one machine that share a database share its files.
  const url = database.kind === 'url' ? database.url : '';
  return join(tmpdir(), `${NAME}-uploads`, createHash('sha256').update(url).digest('hex').slice(0, 16));
}
