/**
 * `npm run bench:reconnect`: a server with a thousand clients stops, and returns after two seconds. Measures how the
 * reconnects are spread over time.
 *
 *   npm run bench:reconnect -- --clients 1000 --processes 2 --away 2
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { FromClients, ToClients } from './reconnect-storm-clients.js';
import type { FromServer, ToServer } from './reconnect-storm-server.js';

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '1000' },
    processes: { type: 'string', default: '2' },
    away: { type: 'string', default: '2' },
  },
});
const [CLIENTS, PROCESSES, AWAY_S] = [Number(values.clients), Number(values.processes), Number(values.away)];
/** Duration of the initial connects, in ms; not part of the measurement. */
const GATHER_MS = 4_000;
/** Timeout for the last clients, in ms. */
const PATIENCE_MS = 120_000;

interface Child<To, From extends { is: string }> {
  send(message: To): void;
  waitFor<Is extends From['is']>(is: Is): Promise<Extract<From, { is: Is }>>;
  process: ChildProcess;
}

async function start<To extends object, From extends { is: string }>(file: string): Promise<Child<To, From>> {
  const child = fork(new URL(file, import.meta.url), { execArgv: ['--import', 'tsx'] });
  // The results are invalid if one process fails.
  child.on('exit', (code) => code && process.exit(code));
  const waitFor = <Is extends From['is']>(is: Is): Promise<Extract<From, { is: Is }>> =>
    new Promise((resolve) => {
      const look = (message: From): void => {
        if (message.is !== is) return;
        child.off('message', look);
        resolve(message as Extract<From, { is: Is }>);
      };
      child.on('message', look);
    });
  const started = { send: (message: To) => void child.send(message), waitFor, process: child };
  await waitFor('ready' as From['is']);
  return started;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The largest number of times within a window. */
function peak(times: readonly number[], windowMs: number): number {
  let [most, first] = [0, 0];
  times.forEach((time, n) => {
    while (times[first]! <= time - windowMs) first++;
    most = Math.max(most, n - first + 1);
  });
  return most;
}

async function run(
  name: string,
  leave: (server: Child<ToServer, FromServer>) => void,
): Promise<Record<string, string>> {
  const startServer = (): Promise<Child<ToServer, FromServer>> => start('./reconnect-storm-server.ts');
  const [first, second] = await Promise.all([startServer(), startServer()]);
  const groups = await Promise.all(
    Array.from({ length: PROCESSES }, () => start<ToClients, FromClients>('./reconnect-storm-clients.ts')),
  );
  const counts = groups.map(() => 0);
  groups.forEach(({ process }, n) =>
    process.on('message', (message: FromClients) => message.is === 'connected' && (counts[n] = message.count)),
  );
  const sum = (): number => counts.reduce((all, count) => all + count, 0);
  const allWithin = async (ms: number): Promise<void> => {
    for (const deadline = Date.now() + ms; sum() < CLIENTS && Date.now() < deadline;) await sleep(20);
  };

  first.send({ do: 'listen', port: 0 });
  const { port } = await first.waitFor('listening');
  const share = Math.ceil(CLIENTS / PROCESSES);
  groups.forEach(({ send }, n) =>
    send({
      do: 'connect',
      url: `http://127.0.0.1:${port}`,
      first: n * share + 1,
      count: Math.min(share, CLIENTS - n * share),
      withinMs: GATHER_MS,
    }),
  );
  await allWithin(GATHER_MS * 10);
  if (sum() < CLIENTS) throw new Error(`Only ${sum()} of ${CLIENTS} clients connected initially.`);

  const leftAt = Date.now();
  const gone = once(first.process, 'exit');
  leave(first);
  await Promise.all([gone, sleep(AWAY_S * 1_000)]);
  second.send({ do: 'listen', port });
  const { at: backAt } = await second.waitFor('listening');
  await allWithin(PATIENCE_MS);

  const reports = await Promise.all(groups.map(({ send, waitFor }) => (send({ do: 'report' }), waitFor('report'))));
  second.send({ do: 'report' });
  const { sockets, requests } = await second.waitFor('report');
  for (const { process } of [...groups, second]) process.kill();

  const sorted = (times: number[]): number[] => times.sort((a, b) => a - b);
  const tries = sorted(reports.flatMap((report) => report.tries)).filter((at) => at >= leftAt);
  const asked = sorted(reports.flatMap((report) => report.requests)).filter((at) => at >= leftAt);
  const atFirst = (times: number[], ms: number): number => times.filter((at) => at < leftAt + ms).length;
  const connected = sorted(reports.flatMap((report) => report.connected)).filter((at) => at >= backAt);
  const back = (percent: number): string => {
    const at = connected[Math.ceil((CLIENTS * percent) / 100) - 1];
    return at === undefined ? `not within ${PATIENCE_MS / 1_000} s` : `${((at - backAt) / 1_000).toFixed(1)} s`;
  };
  const peaks = (times: number[]): string => `${peak(times, 100)} / ${peak(times, 1_000)}`;
  return {
    'the server': name,
    'socket requests at the server, peak per 0.1 s / 1 s': peaks(sorted(sockets)),
    'REST requests at the server, same': peaks(sorted(requests)),
    'socket attempts, including failed ones': `${peaks(tries)} (${tries.length} in total)`,
    'REST attempts, including failed ones': `${peaks(asked)} (${asked.length} in total)`,
    'REST attempts in the first 0.1 s / 1 s after the loss': `${atFirst(asked, 100)} / ${atFirst(asked, 1_000)}`,
    'socket attempts in the first 0.1 s / 1 s': `${atFirst(tries, 100)} / ${atFirst(tries, 1_000)}`,
    '50 % back after': back(50),
    '95 %': back(95),
    '100 %': back(100),
    'longest event loop delay of a client process': `${Math.max(...reports.map(({ stillMs }) => stillMs)).toFixed(0)} ms`,
  };
}

console.log(`${CLIENTS} clients in ${PROCESSES} processes; the server is away for ${AWAY_S} s. Times run from its return.
The server is a stub (ws, and REST without a database): this measures when clients connect, not how fast they are admitted.
A long event loop delay of a client process means a busy machine, and delays its clients by as much.\n`);
const rows = [
  await run('closes with 1012', ({ send }) => send({ do: 'leave' })),
  await run('is killed (1006)', ({ process }) => void process.kill('SIGKILL')),
];
for (const name of Object.keys(rows[0]!))
  console.log(`${name.padEnd(50)}${rows.map((row) => row[name]!.padEnd(28)).join('')}`);
