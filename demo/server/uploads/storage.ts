/** Where the bytes of files are: a folder of this machine, or a bucket of an S3-compatible service. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResolvedOptions } from '../options.js';
import { openDisk } from './disk-storage.js';
import type { FileStorage } from './file-storage.js';
import { openS3 } from './s3-storage.js';

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
