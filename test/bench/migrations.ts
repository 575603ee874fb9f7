/**
 * `npm run bench:server -- --migrations`: the migrations from version 11 to the present one, in a large database. The
 * statements of a process of version 11 run meanwhile. Then the backend is killed during a migration, and started again.
 */
import { setInterval as every } from 'node:timers/promises';
import pg from 'pg';
import { openDatabase } from '../../demo/server/database/database.js';
import { migrate } from '../../demo/server/database/migrations.js';
import { makeFolder, run, until, type Program } from '../support/processes.js';
import { startPostgres, startProcess } from '../support/services.js';
import { AGENT, copyDatabase, fillDatabase, LARGE_ROOM, largeRoomMember, type Size } from './large-data.js';

const OLD_VERSION = 11;
/** As in the server: a statement that waits longer has failed. */
const STATEMENT_TIMEOUT_MS = 10_000;
const LOCKS_INTERVAL_MS = 10;

/** The statements of version 11, shortened to what they read. */
const OLD_STATEMENTS: Record<string, { text: string; values: () => unknown[] }> = {
  send: {
    text: `select s.is_allowed, s.message, s.change, s.sent_at, s.member_ids, s.unread, s.quote, u.username
      from store_message($1, $2, 'text', 'sent during a migration', null, null, $3, null, '{}') s
      left join users u on u.id = $2`,
    values: () => [LARGE_ROOM, largeRoomMember(0), crypto.randomUUID()],
  },
  page: {
    text: `select r.seq, m.*, u.username, a.name, q.content as quote, qu.username as quoted,
        is_read(m.room_id, m.id, m.created_at, m.sender_id, $1) as is_read
      from rooms r left join lateral (
        select id, room_id, sender_id, content, created_at, attachment_id, reply_to_id from messages m
        where m.room_id = r.id order by m.created_at desc, m.id desc limit 50) m on true
      left join users u on u.id = m.sender_id left join attachments a on a.id = m.attachment_id
      left join messages q on q.id = m.reply_to_id left join users qu on qu.id = q.sender_id where r.id = $2`,
    values: () => [AGENT, LARGE_ROOM],
  },
  list: {
    text: `select r.id, r.name, r.message_count - r.read_count as unread, last.content, author.username
      from (select r.id, r.name, r.message_count, r.updated_at, me.read_count from members me
            join rooms r on r.id = me.room_id where me.user_id = $1 and r.is_active
            order by r.updated_at desc, r.id limit 50) r
      left join lateral (select m.content, m.sender_id from messages m where m.room_id = r.id and m.deleted_at is null
        order by m.created_at desc, m.id desc limit 1) last on true
      left join users author on author.id = last.sender_id order by r.updated_at desc, r.id`,
    values: () => [AGENT],
  },
};

interface Stall {
  /** The longest time of one statement, in ms. */
  longest: number;
  errors: string[];
}

interface Progress {
  /** The migration that runs now. */
  id: number;
  /** The migrations that had to wait for a lock and tried again. */
  blocked: number[];
  isDone: boolean;
  /** By migration and kind of statement. */
  stalls: Map<string, Stall>;
  /** Time in ms for which a migration has held a lock that others wait for, by migration, table and mode. */
  locks: Map<string, number>;
}

/** One user of version 11: executes a statement again and again. */
async function useOldVersion(url: string, kind: string, progress: Progress): Promise<void> {
  const client = new pg.Client({ connectionString: url, statement_timeout: STATEMENT_TIMEOUT_MS });
  await client.connect();
  const { text, values } = OLD_STATEMENTS[kind]!;
  while (!progress.isDone) {
    const key = `${progress.id} ${kind}`;
    const stall = progress.stalls.get(key) ?? { longest: 0, errors: [] };
    progress.stalls.set(key, stall);
    const startedAt = performance.now();
    await client
      .query({ name: kind, text, values: values() })
      .catch((error: unknown) => stall.errors.push(error instanceof Error ? error.message : String(error)));
    stall.longest = Math.max(stall.longest, performance.now() - startedAt);
  }
  await client.end();
}

/** Observes the locks of the migration, which holds an advisory lock. */
async function observeLocks(url: string, progress: Progress): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let before = performance.now();
  for await (const _ of every(LOCKS_INTERVAL_MS)) {
    if (progress.isDone) break;
    const { id } = progress;
    const { rows } = await client.query<{ name: string; mode: string }>({
      name: 'locks',
      text: `select c.relname as name, l.mode from pg_locks l join pg_class c on c.oid = l.relation
        where l.granted and c.relkind = 'r' and l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'AccessExclusiveLock')
          and l.pid in (select a.pid from pg_locks a where a.locktype = 'advisory' and a.granted)
          and c.relname in ('users', 'rooms', 'members', 'messages', 'attachments')`,
    });
    const now = performance.now();
    for (const { name, mode } of rows) {
      const key = `${id} ${name} ${mode.replace('Lock', '')}`;
      progress.locks.set(key, (progress.locks.get(key) ?? 0) + now - before);
    }
    before = now;
  }
  await client.end();
}

const ms = (time: number): string => `${time.toFixed(0)} ms`;

/** Migrates while version 11 is in use. @returns the rows of a table. */
async function migrateInUse(url: string): Promise<string[]> {
  const database = await openDatabase({ kind: 'url', url });
  const progress: Progress = { id: OLD_VERSION + 1, blocked: [], isDone: false, stalls: new Map(), locks: new Map() };
  const times: { id: number; name: string; time: number }[] = [];
  const kinds = Object.keys(OLD_STATEMENTS);
  const users = kinds.map((kind) => useOldVersion(url, kind, progress));
  const observer = observeLocks(url, progress);
  try {
    await migrate(database, Infinity, {
      onApplied({ id, name }, time) {
        times.push({ id, name, time });
        progress.id = id + 1;
      },
      onBlocked: ({ id }) => progress.blocked.push(id),
    });
  } finally {
    progress.isDone = true;
    await Promise.all([...users, observer]);
    await database.close();
  }
  return times.map(({ id, name, time }) => {
    const of = <Value>(map: Map<string, Value>): [string, Value][] =>
      [...map].filter(([key]) => key.startsWith(`${id} `)).map(([key, value]) => [key.slice(`${id} `.length), value]);
    const stalls = kinds.map((kind) => ms(progress.stalls.get(`${id} ${kind}`)?.longest ?? 0));
    const errors = of(progress.stalls).flatMap(([kind, stall]) => stall.errors.map((error) => `${kind}: ${error}`));
    const locks = of(progress.locks).map(([lock, held]) => `${lock} ${ms(held)}`);
    const repeated = progress.blocked.filter((blocked) => blocked === id).length;
    return `| ${[`${id}: ${name}`, ms(time), repeated, ...stalls, errors.join('; ') || 'none', locks.join(', ') || 'short'].join(' | ')} |`;
  });
}

/** Whether a migration has changed something and is not committed. */
async function isMigrating(client: pg.Client, id: number): Promise<boolean> {
  const { rows } = await client.query(
    `select 1 from pg_stat_activity s join pg_locks l on l.pid = s.pid and l.locktype = 'advisory' and l.granted
     where s.backend_xid is not null and s.datname = current_database() and (select max(id) from migrations) = $1`,
    [id - 1],
  );
  return rows.length > 0;
}

const versionOf = async (client: pg.Client): Promise<number> =>
  (await client.query<{ id: number }>('select max(id) as id from migrations')).rows[0]!.id;

/** Kills the backend during each of the migrations, and starts it again at the end. */
async function interrupt(url: string, secret: string, log: (text: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const env = { DATABASE_URL: url, JWT_SECRET: secret, UPLOADS_DIR: makeFolder() };
  try {
    for (const id of [12, 13]) {
      const program: Program = run(process.execPath, ['--import', 'tsx', 'demo/server/main.ts'], {
        env: { ...process.env, PORT: '0', LOG_LEVEL: 'warn', ...env },
      });
      await until(program, () => isMigrating(client, id));
      await program.end('SIGKILL');
      log(`killed during migration ${id}; the schema is version ${await versionOf(client)}`);
    }
    const startedAt = performance.now();
    const server = await startProcess(env);
    log(`started again: version ${await versionOf(client)} after ${ms(performance.now() - startedAt)}`);
    await server.stop();
    const { rows } = await client.query<{ users: number; files: number }>(
      `select (select count(*)::int from users where search_name = '') as users,
         (select count(*)::int from attachments where size is null or message_id is null) as files`,
    );
    if (rows[0]!.users + rows[0]!.files > 0) throw new Error('An interrupted migration has left rows unchanged.');
  } finally {
    await client.end();
  }
}

export async function measureMigrations(secret: string, size: Size, log: (text: string) => void): Promise<void> {
  const postgres = await startPostgres({ durable: true });
  try {
    const database = await openDatabase({ kind: 'url', url: postgres.url });
    await migrate(database, OLD_VERSION);
    await database.close();
    await fillDatabase(postgres.url, size, log);
    const copy = await copyDatabase(postgres.url);
    const rows = await migrateInUse(postgres.url);
    console.log(
      `\n| migration | time | steps repeated | longest send | longest page | longest list | errors | locks, sampled |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`,
    );
    await interrupt(copy, secret, log);
  } finally {
    await postgres.stop();
  }
}
