/** Deletes files that are not needed: uploads that were never sent, files of deleted messages, and interrupted uploads. */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import { deleteDueFiles } from './stored-files.js';

const DAY_MS = 86_400_000;
const BATCH = 1_000;

/** After 24 h, an upload that was not sent. Its stored file follows: see `deleteDueFiles`. */
export async function deleteUnsent(database: Queryable, now: number): Promise<void> {
  for (let deleted = BATCH; deleted === BATCH;) {
    const gone = await database.query(
      // Without an owner, it is a file of an earlier version, which a message may have.
      `delete from attachments where message_id is null and id = any(array(
         select id from attachments where message_id is null and owner_id is not null and created_at < $1
         order by created_at limit ${BATCH})) returning 1`,
      [new Date(now - DAY_MS)],
    );
    deleted = gone.length;
  }
}

type Source = Pick<Context, 'database' | 'storage' | 'options' | 'log' | 'incoming'>;

export async function pruneFiles(source: Source): Promise<void> {
  await deleteDueFiles(source);
  await deleteInterrupted(source);
}

/** Parts of files whose request, or whose process, ended while they were received. */
async function deleteInterrupted({ incoming, options }: Source): Promise<void> {
  const names = await readdir(incoming).catch(() => []);
  for (const name of names) {
    const path = join(incoming, name);
    const found = await stat(path).catch(() => undefined);
    if (found && found.mtimeMs < options.clock.now() - DAY_MS) await rm(path, { force: true });
  }
}
