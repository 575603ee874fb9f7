/**
 * What one message costs PostgreSQL: the CPU time of all its processes, from /proc, and the number of statements, from
 * `pg_stat_statements`. Beside it, the cost of a bare insert of the same row: the least that a message can cost.
 */
import { readdirSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { WebSocket } from 'ws';
import { signToken } from '../../demo/server/auth.js';
import { startPostgres, startProcess, type PostgresService } from '../support/services.js';

const HISTORY = 100_000;
const SIZES = [5, 300];
/** Rooms of each size. One user sends to each of them, all at once; the other members are not connected. */
const ROOMS = 5;
const FIRST_USER = 1_000;
const CONTENT = 'a message of the benchmark, about as long as a typical chat message';
const WARM_UP = 300;
/** Every measurement is repeated, and the lowest result counts: anything else on the machine only adds to it. */
const ROUNDS = 3;
/** Clock ticks per second of the times in /proc. */
const TICKS = 100;

const roomsOf = (members: number): number[] => Array.from({ length: ROOMS }, (_, n) => members * 10 + n);

export interface Cost {
  what: string;
  /** Milliseconds of CPU time per message. */
  cpuMs: number;
  statements: number;
}

/** CPU time of a PostgreSQL server in ms: its first process, and all of its children, living and ended. */
function cpuMs(pid: number): number {
  let ticks = 0;
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    let stat: string;
    try {
      stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    } catch {
      continue; // It has ended.
    }
    // The name of the program, in parentheses, may contain spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [parent, own, ended] = [Number(fields[1]), fields.slice(11, 13), fields.slice(13, 15)];
    if (Number(name) === pid) ticks += sum([...own, ...ended]);
    else if (parent === pid) ticks += sum(own);
  }
  return (ticks * 1_000) / TICKS;
}

const sum = (numbers: string[]): number => numbers.reduce((total, number) => total + Number(number), 0);

const POPULATE = [
  `insert into users (id, email, username) select n, n, 'bench' || n
     from generate_series(${FIRST_USER}, ${FIRST_USER + Math.max(...SIZES) - 1}) n`,
  ...SIZES.flatMap((members) =>
    roomsOf(members).flatMap((id) => [
      `insert into rooms (id, name, room_type) values (${id}, 'Cost ${id}', 'job')`,
      `insert into members (room_id, user_id)
         select ${id}, ${FIRST_USER} + n from generate_series(0, ${members - 1}) n`,
    ]),
  ),
  // The table of the bare insert: the same columns and indexes, no triggers and no references.
  'create table bare (like messages including all)',
  'create extension pg_stat_statements',
  'vacuum analyze',
];

const ADD_HISTORY = [
  ...SIZES.flatMap(roomsOf).map(
    (id) => `insert into messages (room_id, sender_id, content, viewers, created_at)
      select ${id}, ${FIRST_USER} + n % 5, 'message ' || n, '{}', now() - interval '1 day' * random()
      from generate_series(1, ${HISTORY}) n`,
  ),
  'vacuum analyze',
  'checkpoint',
];

/** The statements that clients executed since the last reset. */
async function callsOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ calls: number }>(
    `select coalesce(sum(calls), 0)::int as calls from pg_stat_statements where query !~ 'pg_stat_statements'`,
  );
  return rows[0]!.calls;
}

/** Sends some messages, one to each room at a time. @returns their cost. */
async function measure(
  what: string,
  postgres: PostgresService,
  client: pg.Client,
  messages: number,
  send: (room: number) => Promise<unknown>,
): Promise<Cost> {
  const sendMany = (count: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: ROOMS }, async (_, room) => {
        for (let n = 0; n < count / ROOMS; n++) await send(room);
      }),
    );
  await sendMany(WARM_UP);
  const costs: Cost[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await client.query('select pg_stat_statements_reset()');
    const before = cpuMs(postgres.pid);
    await sendMany(messages);
    const cpu = cpuMs(postgres.pid) - before;
    costs.push({ what, cpuMs: cpu / messages, statements: (await callsOf(client)) / messages });
  }
  return costs.reduce((lowest, cost) => (cost.cpuMs < lowest.cpuMs ? cost : lowest));
}

/** Opens a chat socket. @returns a function that sends a message and waits for its acknowledgement. */
async function open(url: string, secret: string, userId: number): Promise<(room: number) => Promise<void>> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/chat/?token=${await signToken(secret, userId)}`);
  let acknowledge = (): void => {};
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data) => {
      const { type } = JSON.parse(String(data)) as { type: string };
      if (type === 'connection_established') resolve();
      else if (type === 'message_ack') acknowledge();
      else if (type === 'error') throw new Error(String(data));
    });
  });
  return (room) =>
    new Promise((resolve) => {
      acknowledge = resolve;
      const frame = { type: 'send_message', room_id: room, content: CONTENT, _tempId: crypto.randomUUID() };
      socket.send(JSON.stringify(frame));
    });
}

/**
 * Measures one process of the backend.
 * @param durable whether PostgreSQL waits for its disk. The kernel's work for that is part of the CPU time, the same for
 *   every commit, and differs between machines: without it, the cost of the statements remains.
 */
export async function measureCosts(secret: string, messages: number, durable: boolean): Promise<Cost[]> {
  const postgres = await startPostgres({ durable, settings: { shared_preload_libraries: 'pg_stat_statements' } });
  const client = new pg.Client({ connectionString: postgres.url });
  let server: Awaited<ReturnType<typeof startProcess>> | undefined;
  try {
    server = await startProcess({ DATABASE_URL: postgres.url, JWT_SECRET: secret }, '--rate', '1000000');
    await client.connect();
    for (const statement of POPULATE) await client.query(statement);
    const pool = new pg.Pool({ connectionString: postgres.url, max: ROOMS });
    const text = 'insert into bare (room_id, sender_id, content, temp_id) values ($1, $2, $3, $4) returning id';
    const insert = (room: number): Promise<unknown> =>
      pool.query({ name: 'bare', text, values: [room, room, CONTENT, crypto.randomUUID()] });
    const costs = [await measure('a bare insert', postgres, client, messages, insert)];
    await pool.end();
    const { url } = server;
    const senders = await Promise.all(Array.from({ length: ROOMS }, (_, n) => open(url, secret, FIRST_USER + n)));
    for (const history of [0, HISTORY]) {
      if (history > 0) for (const statement of ADD_HISTORY) await client.query(statement);
      for (const members of SIZES) {
        const what = `a message in a room of ${members} with ${history.toLocaleString('en')} others`;
        const rooms = roomsOf(members);
        costs.push(await measure(what, postgres, client, messages, (n) => senders[n]!(rooms[n]!)));
      }
    }
    return costs;
  } finally {
    await client.end();
    await server?.stop();
    await postgres.stop();
  }
}
