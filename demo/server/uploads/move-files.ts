/**
 * Moves the files that earlier versions have kept in the database to the storage: in the background, one at a time, each
 * for good. They are served meanwhile, from wherever they are.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Context } from '../context.js';
import { discard } from './receive-form.js';
import { keepFile, releaseFile, storeFile } from './stored-files.js';

const BATCH = 50;
export const MOVE_RETRY_MS = 60_000;

type Source = Pick<Context, 'database' | 'storage' | 'options' | 'log' | 'incoming'>;

export interface Moving {
  /** Settled once nothing is left to move, or after `stop`. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

export function startMoving(source: Source): Moving {
  const { options, log } = source;
  let isStopped = false;
  let cancelWaiting = (): void => {};

  async function run(): Promise<void> {
    let moved = 0;
    while (!isStopped) {
      try {
        const count = await moveBatch(source, () => isStopped);
        if (count === 0) break;
        moved += count;
        log.info({ moved, left: await countLeft(source) }, 'moving files from the database to the storage');
      } catch (error) {
        log.warn({ err: error, moved }, 'moving files to the storage failed; it goes on in a minute');
        await new Promise<void>((resolve) => {
          const cancel = options.clock.after(MOVE_RETRY_MS, resolve);
          cancelWaiting = () => (cancel(), resolve());
        });
      }
    }
  }
  const done = run();
  return {
    done,
    async stop() {
      isStopped = true;
      cancelWaiting();
      await done;
    },
  };
}

const countLeft = async ({ database }: Source): Promise<number> =>
  (await database.query<{ n: number }>('select count(*)::int as n from attachments where bytes is not null'))[0]!.n;

async function moveBatch(source: Source, isStopped: () => boolean): Promise<number> {
  const files = await source.database.query<{ id: string; mediaType: string }>(
    `select id, media_type as "mediaType" from attachments where bytes is not null order by id limit ${BATCH}`,
  );
  let moved = 0;
  for (const file of files) {
    if (isStopped()) break;
    await move(source, file);
    moved++;
  }
  return moved;
}

async function move(source: Source, { id, mediaType }: { id: string; mediaType: string }): Promise<void> {
  const { database, incoming, options } = source;
  const [row] = await database.query<{ bytes: Uint8Array | null }>('select bytes from attachments where id = $1', [id]);
  // Another process was faster.
  if (!row?.bytes) return;
  await mkdir(incoming, { recursive: true });
  const path = join(incoming, crypto.randomUUID());
  try {
    await writeFile(path, row.bytes);
    const key = await storeFile(source, { path, mediaType });
    await database.transaction(async (inside) => {
      const changed = await inside.query(
        `update attachments set storage_key = $2, size = octet_length(bytes), bytes = null
         where id = $1 and bytes is not null returning 1`,
        [id, key],
      );
      if (changed.length > 0) await keepFile(inside, key);
      else await releaseFile(inside, key, new Date(options.clock.now()));
    });
  } finally {
    await discard({ path });
  }
}
