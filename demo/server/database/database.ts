/** Postgres behind two functions: embedded (PGlite) or a server (`pg`). The same SQL runs on both. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import type { DatabaseKind } from '../options.js';

export interface Queryable {
  query<Row extends object>(sql: string, params?: unknown[]): Promise<Row[]>;
}

export interface Database extends Queryable {
  /** All or nothing. Inside, use only the `Queryable` that is handed in. */
  transaction<T>(run: (inside: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** One step of the schema. */
export interface Migration {
  id: number;
  name: string;
  statements: string[];
}

export function openDatabase(kind: DatabaseKind): Promise<Database> | Database {
  return kind.kind === 'url' ? openServer(kind.url) : openEmbedded(kind.kind === 'folder' ? kind.path : undefined);
}

async function openEmbedded(folder?: string): Promise<Database> {
  const unlock = folder ? await lock(folder) : undefined;
  const { PGlite } = await embedded();
  const data = folder && join(folder, 'postgres');
  const isNew = !data || !(await exists(join(data, 'PG_VERSION')));
  const lite = await PGlite.create({ ...(data && { dataDir: data }), ...(isNew && { loadDataDir: await emptyCluster() }) });
  const on = (inner: Pick<PGlite, 'query'>): Queryable => ({
    query: async <Row extends object>(sql: string, params?: unknown[]) => (await inner.query<Row>(sql, params)).rows,
  });
  return {
    ...on(lite),
    transaction: (run) => lite.transaction((inside) => run(on(inside as unknown as PGlite))),
    close: async () => {
      await lite.close();
      await unlock?.();
    },
  };
}

/** Loaded only where it is used: that takes longer than all the rest. */
const embedded = () => import('@electric-sql/pglite');

function openServer(url: string): Database {
  const pool = new pg.Pool({ connectionString: url, max: 10 });
  // An idle connection that dies is replaced; without a listener it would end the process.
  pool.on('error', () => {});
  const on = (inner: Pick<pg.Pool, 'query'>): Queryable => ({
    query: async <Row extends object>(sql: string, params?: unknown[]) => (await inner.query<Row>(sql, params)).rows,
  });
  return {
    ...on(pool),
    transaction: async (run) => {
      const client = await pool.connect();
      // The pool listens to those at rest alone: one that dies at work would end the process. Its query says so.
      let died = false;
      const onError = (): void => void (died = true);
      client.on('error', onError);
      try {
        await client.query('begin');
        const result = await run(on(client));
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback').catch(() => {});
        throw error;
      } finally {
        client.off('error', onError);
        client.release(died);
      }
    },
    close: () => pool.end(),
  };
}

/**
 * A freshly made, empty Postgres cluster. Making one takes seconds, loading one a fraction of that, so the first is
 * kept beside the packages (or, where that is read-only, with the temporary files).
 */
export async function emptyCluster(): Promise<Blob> {
  const manifest = join(dirname(fileURLToPath(import.meta.resolve('@electric-sql/pglite'))), '../package.json');
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  const name = `pglite-${version}.tar`;
  const places = [join(import.meta.dirname, '../../node_modules/.cache/unified-chat'), join(tmpdir(), 'unified-chat')];
  for (const place of places) {
    const kept = await readFile(join(place, name)).catch(() => null);
    if (kept) return new Blob([kept]);
  }
  const { PGlite } = await embedded();
  const lite = await PGlite.create();
  const dump = await lite.dumpDataDir('none');
  await lite.close();
  const bytes = Buffer.from(await dump.arrayBuffer());
  for (const place of places) {
    try {
      await mkdir(place, { recursive: true });
      // Renamed into place, so that nobody ever reads half a file.
      const draft = join(place, `${name}.${crypto.randomUUID()}`);
      await writeFile(draft, bytes);
      await rename(draft, join(place, name));
      break;
    } catch {
      continue;
    }
  }
  return dump;
}

/** Two processes on one folder would destroy it. @returns the way to unlock. */
async function lock(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'server.pid');
  await mkdir(dirname(file), { recursive: true });
  const take = (): Promise<void> => writeFile(file, String(process.pid), { flag: 'wx' });
  try {
    await take();
  } catch {
    const owner = Number(await readFile(file, 'utf8'));
    if (isAlive(owner)) throw new Error(`${folder} is in use by process ${owner}. Stop that one, or use another folder.`);
    await rm(file, { force: true });
    await take();
  }
  return () => rm(file, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

const exists = (path: string): Promise<boolean> => readFile(path).then(() => true, () => false);
