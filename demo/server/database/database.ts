/** A minimal Postgres interface: embedded (PGlite) or a server (`pg`). Both run the same SQL. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import type { DatabaseKind } from '../options.js';

export interface Queryable {
  /**
   * @param name A name for this SQL text, which never changes under it: a server parses and plans the statement once
   * per connection. The embedded database ignores it.
   */
  query<Row extends object>(sql: string, params?: unknown[], name?: string): Promise<Row[]>;
}

export interface Database extends Queryable {
  /** Runs in one transaction. Inside it, use only the given `Queryable`. */
  transaction<T>(run: (inside: Queryable) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** One schema migration. */
export interface Migration {
  id: number;
  name: string;
  /**
   * One transaction, or a list of steps, each a transaction of its own. A step changes one busy table at most: it holds
   * that lock for a short time, and waits for no other lock meanwhile. Older servers keep running between the steps.
   */
  statements: string[] | string[][];
}

/** In ms. A request that exceeds one of them fails, and its client tries again later. */
export interface DatabaseTimeouts {
  /** How long a statement may run, also while it waits for a lock; and how long a transaction may wait for its next. */
  statementMs: number;
  /** How long a request waits for a free connection. */
  connectionMs: number;
}

const TIMEOUTS: DatabaseTimeouts = { statementMs: 10_000, connectionMs: 5_000 };

export function openDatabase(kind: DatabaseKind, timeouts = TIMEOUTS): Promise<Database> | Database {
  return kind.kind === 'url'
    ? openServer(kind.url, timeouts)
    : openEmbedded(kind.kind === 'folder' ? kind.path : undefined);
}

async function openEmbedded(folder?: string): Promise<Database> {
  const unlock = folder ? await lock(folder) : undefined;
  const { PGlite } = await embedded();
  const data = folder && join(folder, 'postgres');
  const isNew = !data || !(await exists(join(data, 'PG_VERSION')));
  const lite = await PGlite.create({
    ...(data && { dataDir: data }),
    ...(isNew && { loadDataDir: await emptyCluster() }),
  });
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

/** Imported on demand: PGlite takes longer to load than everything else. */
const embedded = () => import('@electric-sql/pglite');

/**
 * A message keeps a connection busy for about a millisecond. With more connections than cores, PostgreSQL spends its
 * time switching between its processes.
 */
const MAX_CONNECTIONS = 5;

function openServer(url: string, { statementMs, connectionMs }: DatabaseTimeouts): Database {
  const pool = new pg.Pool({
    connectionString: url,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: connectionMs,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: statementMs,
  });
  // The pool replaces idle connections that fail. Without a listener the error would end the process.
  pool.on('error', () => {});
  const on = (inner: Pick<pg.Pool, 'query'>): Queryable => ({
    query: async <Row extends object>(text: string, values: unknown[] = [], name?: string) =>
      (await inner.query<Row>(name === undefined ? { text, values } : { name, text, values })).rows,
  });
  return {
    ...on(pool),
    transaction: async (run) => {
      const client = await pool.connect();
      // The pool handles errors of idle connections only. The running query reports an error of this one.
      let isBroken = false;
      const onError = (): void => void (isBroken = true);
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
        client.release(isBroken);
      }
    },
    close: () => pool.end(),
  };
}

/**
 * An empty Postgres cluster. Creating one takes seconds, loading one is much faster, so the first is cached in
 * node_modules (or in the temporary directory, if that is read-only).
 */
export async function emptyCluster(): Promise<Blob> {
  const manifest = join(dirname(fileURLToPath(import.meta.resolve('@electric-sql/pglite'))), '../package.json');
  const { version } = JSON.parse(await readFile(manifest, 'utf8')) as { version: string };
  const name = `pglite-${version}.tar`;
  const places = [join(import.meta.dirname, '../../node_modules/.cache/unified-chat'), join(tmpdir(), 'unified-chat')];
  for (const place of places) {
    const cached = await readFile(join(place, name)).catch(() => null);
    if (cached) return new Blob([cached]);
  }
  const { PGlite } = await embedded();
  const lite = await PGlite.create();
  const dump = await lite.dumpDataDir('none');
  await lite.close();
  const bytes = Buffer.from(await dump.arrayBuffer());
  for (const place of places) {
    try {
      await mkdir(place, { recursive: true });
      // Written under a temporary name and renamed, so that readers never see a partial file.
      const temporary = join(place, `${name}.${crypto.randomUUID()}`);
      await writeFile(temporary, bytes);
      await rename(temporary, join(place, name));
      break;
    } catch {
      continue;
    }
  }
  return dump;
}

/** Locks the folder: two processes on one folder would corrupt it. @returns the unlock function. */
async function lock(folder: string): Promise<() => Promise<void>> {
  const file = join(folder, 'server.pid');
  await mkdir(dirname(file), { recursive: true });
  const acquire = (): Promise<void> => writeFile(file, String(process.pid), { flag: 'wx' });
  try {
    await acquire();
  } catch {
    const owner = Number(await readFile(file, 'utf8'));
    if (isAlive(owner))
      throw new Error(`${folder} is in use by process ${owner}. Stop that process, or use another folder.`);
    await rm(file, { force: true });
    await acquire();
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

const exists = (path: string): Promise<boolean> =>
  readFile(path).then(
    () => true,
    () => false,
  );
