/**
 * Keeps the storage and the database together: a key is in `file_deletions` before its file is stored, and leaves when a
 * row refers to it. So a process may end at any time, and the storage may fail: nothing is lost, and nothing forgotten.
 * The key of a presigned upload stays there: its client can store the file until the address has expired, also after its
 * row is gone.
 */
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import { StorageUnavailable } from './file-storage.js';

const DAY_MS = 86_400_000;
const BATCH = 100;

/** How long the address is valid to which a client sends a file. */
export const PUT_SECONDS = 3_600;

/** When the last file has arrived at the addresses that were signed until `now`: one that is sent in time may take long. */
export const putEnd = (now: number): Date => new Date(now + 2 * PUT_SECONDS * 1_000);

/** As {@link putEnd}, while the upload is neither complete nor discarded: it is kept for a day. */
export const unfinishedEnd = (now: number): Date => new Date(putEnd(now).getTime() + DAY_MS);

type Source = Pick<Context, 'database' | 'storage' | 'options' | 'log'>;

/** Stores a local file under a new key. Until {@link keepFile}, it is deleted after a day. */
export async function storeFile(
  { database, storage, options }: Source,
  file: { path: string; mediaType: string },
): Promise<string> {
  const key = crypto.randomUUID();
  await database.query('insert into file_deletions (storage_key, delete_after) values ($1, $2)', [
    key,
    new Date(options.clock.now() + DAY_MS),
  ]);
  await storage.put(key, file.path, file.mediaType);
  return key;
}

/** A row refers to the file now. In the transaction that writes the row. */
export const keepFile = (inside: Queryable, key: string): Promise<object[]> =>
  inside.query('delete from file_deletions where storage_key = $1', [key]);

/** No row refers to the file any more. */
export const releaseFile = (inside: Queryable, key: string, after: Date): Promise<object[]> =>
  inside.query(
    `insert into file_deletions (storage_key, delete_after) values ($1, $2)
     on conflict (storage_key) do update set delete_after = excluded.delete_after`,
    [key, after],
  );

/** Deletes the stored files that are due. Those that cannot be deleted now stay due. */
export async function deleteDueFiles({ database, storage, options, log }: Source): Promise<void> {
  for (;;) {
    const due = await database.query<{ key: string }>(
      `select storage_key as key from file_deletions where delete_after <= $1 order by delete_after limit ${BATCH}`,
      [new Date(options.clock.now())],
    );
    for (const { key } of due) {
      try {
        await storage.delete(key);
      } catch (error) {
        if (!(error instanceof StorageUnavailable)) throw error;
        return log.warn({ err: error }, 'files cannot be deleted now: the storage does not work');
      }
      await database.query('delete from file_deletions where storage_key = $1', [key]);
    }
    if (due.length < BATCH) return;
  }
}

/** At once, in the background. What fails is done by the next pruning. */
export const deleteDueFilesSoon = (source: Source): void =>
  void deleteDueFiles(source).catch((error: unknown) => source.log.error({ err: error }, 'deleting files failed'));
