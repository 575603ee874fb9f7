/**
 * `npm run bench:server`: what a message costs PostgreSQL (postgres-cost.ts); latency in a large database (latency.ts);
 * then throughput and latency of the reference backend, as 1, 2 and 4 processes behind nginx, with Redis and a PostgreSQL
 * that waits for its disk. Everything, including the clients, shares the cores of this machine.
 *
 *   npm run bench:server -- --processes 1,2 --seconds 3
 *   npm run bench:server -- --messages 5000 --history 0 --processes none
 *   npm run bench:server -- --messages 0 --history 100000 --rooms 1000 --processes none
 *   npm run bench:server -- --migrations    only the migrations of a large database (migrations.ts)
 */
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { WebSocket } from 'ws';
import { signToken } from '../../demo/server/auth.js';
import { missingPrograms } from '../support/find-programs.mjs';
import { measureLatency, type Latency } from './latency.js';
import { measureMigrations } from './migrations.js';
import { measureCosts } from './postgres-cost.js';
import { startNginx, startPostgres, startProcess, startRedis, type Service } from '../support/services.js';

const { values: flags } = parseArgs({
  options: {
    /** How many messages to measure the cost with; 0: not at all. */
    messages: { type: 'string', default: '2000' },
    /** Messages and rooms of the large database; 0 messages: without it. */
    history: { type: 'string', default: '1000000' },
    rooms: { type: 'string', default: '10000' },
    migrations: { type: 'boolean', default: false },
    processes: { type: 'string', default: '1,2,4' },
    seconds: { type: 'string', default: '6' },
  },
});
const seconds = Number(flags.seconds);
const size = { rooms: Number(flags.rooms), messages: Number(flags.history) };
const SECRET = 'a secret of the bench alone, long enough';
const ROOMS = 40;
const MEMBERS = 5;
/** Messages per second for the latency measurement. */
const STEADY = 60;
/** Sending takes at most so many times as long as its SQL alone. */
const MAX_SEND_RATIO = 2;
const WARM_UP_MS = 2_000;

const missing = missingPrograms();
if (missing.length > 0) {
  console.error(`PostgreSQL, Redis and nginx are required; not found: ${missing.join(', ')}.`);
  process.exit(1);
}
const log = (text: string): void => console.log(`  ${text}`);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Person {
  room: number;
  socket: WebSocket;
}

/** Times from sending to each receiver, in the current measurement. */
let deliveries: number[] = [];
let acknowledged = 0;
const sentAt = new Map<string, number>();

async function connect(url: string, userId: number, room: number): Promise<Person> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws/chat/?token=${await signToken(SECRET, userId)}`);
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as { type: string; message?: { content: string } };
      if (frame.type === 'connection_established') return resolve();
      if (frame.type === 'new_message')
        deliveries.push(performance.now() - (sentAt.get(frame.message!.content) ?? NaN));
      else if (frame.type === 'message_ack') {
        acknowledged++;
        socket.emit('acknowledged');
      } else if (frame.type === 'error') throw new Error(String(data));
    });
  });
  return { room, socket };
}

let number = 0;
function send({ socket, room }: Person): void {
  const content = `message ${++number} of the benchmark, about as long as a typical chat message`;
  sentAt.set(content, performance.now());
  socket.send(JSON.stringify({ type: 'send_message', room_id: room, content, _tempId: `bench-${number}` }));
}

function begin(): number {
  deliveries = [];
  acknowledged = 0;
  return performance.now();
}

/** Throughput: each sender sends again as soon as it gets the acknowledgement. @returns rates per second. */
async function atMost(senders: Person[]): Promise<{ messages: number; delivered: number }> {
  let going = true;
  for (const person of senders) {
    person.socket.on('acknowledged', () => going && send(person));
    send(person);
  }
  await sleep(WARM_UP_MS);
  const startedAt = begin();
  await sleep(seconds * 1_000);
  const took = (performance.now() - startedAt) / 1_000;
  const result = { messages: acknowledged / took, delivered: deliveries.length / took };
  going = false;
  for (const { socket } of senders) socket.removeAllListeners('acknowledged');
  await sleep(1_000);
  return result;
}

/** Latency at a constant rate, with alternating senders. @returns ms from sending to receiving. */
async function steadily(senders: Person[]): Promise<{ p50: number; p99: number }> {
  begin();
  for (let n = 0, startedAt = performance.now(); n < STEADY * seconds; n++) {
    send(senders[n % senders.length]!);
    await sleep(Math.max(0, startedAt + ((n + 1) * 1_000) / STEADY - performance.now()));
  }
  await sleep(1_000);
  const times = deliveries.sort((a, b) => a - b);
  if (times.length !== STEADY * seconds * MEMBERS)
    throw new Error(`${times.length} of ${STEADY * seconds * MEMBERS} deliveries`);
  return { p50: times[Math.floor(times.length * 0.5)]!, p99: times[Math.floor(times.length * 0.99)]! };
}

async function populate(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `insert into users (id, email, username) select n, n || '@example.com', 'bench' || n from generate_series(1000, 999 + ${ROOMS * MEMBERS}) n`,
  );
  await client.query(
    `insert into rooms (id, name, room_type) select n, 'Bench ' || n, 'job' from generate_series(1000, 999 + ${ROOMS}) n`,
  );
  await client.query(
    `insert into members (room_id, user_id) select 1000 + n / ${MEMBERS}, 1000 + n from generate_series(0, ${ROOMS * MEMBERS - 1}) n`,
  );
  await client.end();
}

async function measure(count: number): Promise<string> {
  const services: Service[] = [];
  try {
    const [postgres, redis] = await Promise.all([startPostgres({ durable: true }), startRedis()]);
    services.push(postgres, redis);
    const env = { DATABASE_URL: postgres.url, REDIS_URL: redis.url, JWT_SECRET: SECRET };
    const processes = await Promise.all(Array.from({ length: count }, () => startProcess(env, '--rate', '1000000')));
    const nginx = await startNginx(processes.map(({ port }) => port));
    services.unshift(nginx, ...processes);
    await populate(postgres.url);
    log(`${count}: ${ROOMS * MEMBERS} users connect`);
    const people = await Promise.all(
      Array.from({ length: ROOMS * MEMBERS }, (_, n) => connect(nginx.url, 1_000 + n, 1_000 + Math.floor(n / MEMBERS))),
    );
    const senders = people.filter((_, n) => n % MEMBERS === 0);
    log(`${count}: maximum throughput`);
    const { messages, delivered } = await atMost(senders);
    log(`${count}: ${STEADY} messages per second`);
    const { p50, p99 } = await steadily(senders);
    for (const { socket } of people) socket.terminate();
    return `| ${count} | ${Math.round(messages)} | ${Math.round(delivered)} | ${p50.toFixed(1)} ms | ${p99.toFixed(1)} ms |`;
  } finally {
    for (const service of services) await service.stop();
  }
}

function printLatencies(latencies: Latency[]): void {
  console.log(
    `\n| ${size.messages.toLocaleString('en')} messages, ${size.rooms.toLocaleString('en')} rooms | p50 | p99 | SQL alone, p50 | p99 | ratio, p50 | p99 |`,
  );
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const { what, isLimited, server, sql } of latencies) {
    const ratios = [server.p50 / sql.p50, server.p99 / sql.p99];
    const times = [server.p50, server.p99, sql.p50, sql.p99].map((ms) => `${ms.toFixed(2)} ms`);
    const cells = [...times, ...ratios.map((ratio) => ratio.toFixed(2))];
    console.log(`| ${[what, ...cells].join(' | ')} |`);
    if (!isLimited || ratios[0]! <= MAX_SEND_RATIO) continue;
    console.error(
      `${what}: it takes ${ratios[0]!.toFixed(2)} times as long as its SQL alone; ${MAX_SEND_RATIO} is allowed.`,
    );
    process.exitCode = 1;
  }
}

console.log(
  `\n${cpus().length} cores (${cpus()[0]!.model}), ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.versions.node}`,
);
if (flags.migrations) {
  await measureMigrations(SECRET, size, log);
  process.exit();
}
if (Number(flags.messages) > 0) {
  const statementsOnly = await measureCosts(SECRET, Number(flags.messages), false);
  const withDisk = await measureCosts(SECRET, Number(flags.messages), true);
  console.log(
    '\n| CPU time of PostgreSQL per message | without fsync | with fsync | statements |\n| --- | --- | --- | --- |',
  );
  for (const [index, { what, cpuMs, statements }] of statementsOnly.entries()) {
    const durable = withDisk[index]!.cpuMs;
    console.log(`| ${what} | ${cpuMs.toFixed(2)} ms | ${durable.toFixed(2)} ms | ${statements.toFixed(2)} |`);
  }
}
if (Number(flags.history) > 0) printLatencies(await measureLatency(SECRET, size, log));
const rows: string[] = [];
if (flags.processes !== 'none') {
  console.log(`\n${ROOMS * MEMBERS} sockets in rooms of ${MEMBERS}, through nginx; ${ROOMS} users send\n`);
  for (const count of flags.processes.split(',').map(Number)) rows.push(await measure(count));
  console.log(
    `\n| processes | messages/s | deliveries/s | p50 | p99, at ${STEADY} messages/s |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`,
  );
}
