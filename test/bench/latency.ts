/**
 * Latency in a large database: lists, pages and messages through the server, each beside its SQL statements alone. One
 * request at a time, and the two alternate, so that anything else on the machine delays both.
 */
import { WebSocket } from 'ws';
import { signToken } from '../../demo/server/auth.js';
import { openDatabase, type Database } from '../../demo/server/database/database.js';
import { migrate } from '../../demo/server/database/migrations.js';
import { startServer } from '../../demo/server/server.js';
import { startPostgres, startProcess } from '../support/services.js';
import {
  AGENT,
  copyDatabase,
  fillDatabase,
  LARGE_ROOM,
  LARGE_ROOM_MEMBERS,
  largeRoomMember,
  type Size,
} from './large-data.js';

const WARM_UP = 100;
const SAMPLES = 500;
/** Every measurement is repeated, and the lowest result counts: anything else on the machine only adds to it. */
const ROUNDS = 3;
const PAGE = 50;
/** Every request is recorded so many times. Regular tasks of the server add statements to one of the recordings. */
const RECORDINGS = 3;
const CONTENT = 'a message of the benchmark, about as long as a typical chat message';

const SEND = 'send: only the sender is connected';

/** In ms. */
export interface Percentiles {
  p50: number;
  p99: number;
}

export interface Latency {
  what: string;
  /** Whether it must not take much longer than its SQL alone. Delivering to others is no part of the SQL. */
  isLimited: boolean;
  server: Percentiles;
  sql: Percentiles;
}

function percentilesOf(times: number[]): Percentiles {
  const sorted = times.sort((a, b) => a - b);
  return { p50: sorted[Math.floor(sorted.length * 0.5)]!, p99: sorted[Math.floor(sorted.length * 0.99)]! };
}

const lowest = (rounds: Percentiles[]): Percentiles => ({
  p50: Math.min(...rounds.map(({ p50 }) => p50)),
  p99: Math.min(...rounds.map(({ p99 }) => p99)),
});

interface Statement {
  text: string;
  values: unknown[];
  name: string | undefined;
}

interface Client {
  get(path: string): Promise<void>;
  /** Sends a message to the large room and waits for its acknowledgement. */
  send(): Promise<void>;
  close(): void;
}

async function openSocket(url: string, secret: string, userId: number): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/chat/?token=${await signToken(secret, userId)}`);
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('message', () => resolve());
  });
  return socket;
}

/** The agent reads, a member of the large room sends. */
async function connect(url: string, secret: string): Promise<Client> {
  const token = await signToken(secret, AGENT);
  const socket = await openSocket(url, secret, largeRoomMember(0));
  let acknowledge = (): void => {};
  socket.on('message', (data) => {
    const { type } = JSON.parse(String(data)) as { type: string };
    if (type === 'message_ack') acknowledge();
    else if (type === 'error') throw new Error(String(data));
  });
  return {
    async get(path) {
      const response = await fetch(`${url}/api/chat/${path}`, { headers: { authorization: `Bearer ${token}` } });
      const body = await response.text();
      if (!response.ok) throw new Error(`${path}: ${body}`);
    },
    send: () =>
      new Promise((resolve) => {
        acknowledge = resolve;
        const frame = { type: 'send_message', room_id: LARGE_ROOM, content: CONTENT, _tempId: crypto.randomUUID() };
        socket.send(JSON.stringify(frame));
      }),
    close: () => socket.terminate(),
  };
}

type Request = (client: Client) => Promise<void>;

/** The statements that the server executes for each request. */
async function record(databaseUrl: string, requests: Request[]): Promise<Statement[][]> {
  const server = await startServer({ database: { kind: 'url', url: databaseUrl }, seed: false });
  const client = await connect(server.url, server.secret);
  let recording: Statement[] = [];
  const { query } = server.database;
  server.database.query = (text, values = [], name) => {
    recording.push({ text, values, name });
    return query(text, values, name);
  };
  try {
    const found: Statement[][] = [];
    for (const request of requests) {
      const recordings: Statement[][] = [];
      for (let n = 0; n < RECORDINGS; n++) {
        recording = [];
        await request(client);
        recordings.push(recording);
      }
      found.push(recordings.reduce((shortest, other) => (other.length < shortest.length ? other : shortest)));
    }
    return found;
  } finally {
    client.close();
    await server.close();
  }
}

/** Executes recorded statements; a message under a new id. */
async function replay(database: Database, statements: Statement[]): Promise<void> {
  for (const { text, values, name } of statements) {
    const isMessage = text.includes('store_message(');
    await database.query(text, isMessage ? values.with(6, crypto.randomUUID()) : values, name);
  }
}

interface Listeners {
  count: number;
  /** Waits until all of them have received one more message: the update of the room is its last frame. */
  receive(): Promise<void>;
  close(): void;
}

/** The other members of the large room. */
async function openListeners(url: string, secret: string, count: number): Promise<Listeners> {
  let [received, expected] = [0, 0];
  let resolveAll = (): void => {};
  const sockets = await Promise.all(
    Array.from({ length: count }, (_, n) => openSocket(url, secret, largeRoomMember(n + 1))),
  );
  for (const socket of sockets)
    socket.on('message', (data: Buffer) => {
      if (data.includes('"room_updated"') && ++received === expected) resolveAll();
    });
  return {
    count,
    async receive() {
      expected += count;
      if (received < expected) await new Promise<void>((resolve) => (resolveAll = resolve));
    },
    close: () => sockets.forEach((socket) => socket.terminate()),
  };
}

/** @param settle Awaited after each request, and not measured. */
async function measure(
  what: string,
  throughServer: () => Promise<void>,
  alone: () => Promise<void>,
  settle?: () => Promise<void>,
): Promise<Latency> {
  const run = { server: throughServer, sql: alone };
  const results: Record<'server' | 'sql', Percentiles[]> = { server: [], sql: [] };
  for (let round = 0; round < ROUNDS; round++) {
    const times: Record<'server' | 'sql', number[]> = { server: [], sql: [] };
    for (let n = 0; n < WARM_UP + SAMPLES; n++) {
      // In turns, because one of them may prepare the disk for the next.
      for (const name of n % 2 === 0 ? (['sql', 'server'] as const) : (['server', 'sql'] as const)) {
        const startedAt = performance.now();
        await run[name]();
        if (n >= WARM_UP) times[name].push(performance.now() - startedAt);
        if (name === 'server') await settle?.();
      }
    }
    results.server.push(percentilesOf(times.server));
    results.sql.push(percentilesOf(times.sql));
  }
  return { what, isLimited: what === SEND, server: lowest(results.server), sql: lowest(results.sql) };
}

/** A message in the middle of the large room. */
async function findMiddle(database: Database): Promise<number> {
  const rows = await database.query<{ id: number }>(
    `select id from messages where room_id = $1 order by created_at, id
     offset (select count(*) / 2 from messages where room_id = $1) limit 1`,
    [LARGE_ROOM],
  );
  return rows[0]!.id;
}

const requestsOf = ({ rooms }: Size, middle: number): [what: string, run: Request][] => [
  [`list: ${PAGE} of ${rooms.toLocaleString('en')} rooms`, (client) => client.get(`rooms/?limit=${PAGE}`)],
  [`page: newest ${PAGE} messages`, (client) => client.get(`rooms/${LARGE_ROOM}/messages/?limit=${PAGE}`)],
  [
    `around: ${PAGE} in the middle`,
    (client) => client.get(`rooms/${LARGE_ROOM}/messages/?limit=${PAGE}&around=${middle}`),
  ],
  [SEND, (client) => client.send()],
];

/** Measures one process of the backend, with a PostgreSQL that waits for its disk. */
export async function measureLatency(secret: string, size: Size, log: (text: string) => void): Promise<Latency[]> {
  const postgres = await startPostgres({ durable: true });
  let server: Awaited<ReturnType<typeof startProcess>> | undefined;
  let database: Database | undefined;
  try {
    const empty = await openDatabase({ kind: 'url', url: postgres.url });
    await migrate(empty);
    await empty.close();
    await fillDatabase(postgres.url, size, log);
    // In the same database, the server would find messages that it has not stored, and deliver them.
    const copy = await openDatabase({ kind: 'url', url: await copyDatabase(postgres.url) });
    database = copy;
    const requests = requestsOf(size, await findMiddle(copy));
    const runs = requests.map(([, run]) => run);
    const recorded = await record(postgres.url, runs);
    const limits = ['--rate', '1000000', '--limit', 'listsPerUser=1000000'];
    server = await startProcess({ DATABASE_URL: postgres.url, JWT_SECRET: secret }, ...limits);
    const { url } = server;
    const client = await connect(url, secret);
    const results: Latency[] = [];
    const measureRequest = async (what: string, index: number, listeners?: Listeners): Promise<void> => {
      log(what);
      const alone = (): Promise<void> => replay(copy, recorded[index]!);
      results.push(await measure(what, () => runs[index]!(client), alone, listeners?.receive));
    };
    for (const [index, [what]] of requests.entries()) await measureRequest(what, index);
    const listeners = await openListeners(url, secret, LARGE_ROOM_MEMBERS - 2);
    await measureRequest(`send: ${listeners.count + 1} members are connected`, requests.length - 1, listeners);
    listeners.close();
    client.close();
    return results;
  } finally {
    await database?.close();
    await server?.stop();
    await postgres.stop();
  }
}
