/**
 * `npm run bench:reconnect`: a server goes away under a thousand clients and comes back after two seconds. How do they come back:
 * all at once, or one after the other?
 *
 *   npm run bench:reconnect -- --clients 1000 --processes 2 --away 2
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { FromClients, ToClients } from './reconnect-storm-clients.js';
import type { FromServer, ToServer } from './reconnect-storm-server.js';

const { values } = parseArgs({
  options: { clients: { type: 'string', default: '1000' }, processes: { type: 'string', default: '2' }, away: { type: 'string', default: '2' } },
});
const [CLIENTS, PROCESSES, AWAY_S] = [Number(values.clients), Number(values.processes), Number(values.away)];
/** So long the first connects take, in milliseconds: they are not what is measured. */
const GATHER_MS = 4_000;
/** After which we do not wait for the last ones any more, in milliseconds. */
const PATIENCE_MS = 120_000;

interface Child<To, From extends { is: string }> {
  tell(message: To): void;
  hears<Is extends From['is']>(is: Is): Promise<Extract<From, { is: Is }>>;
  process: ChildProcess;
}

async function start<To extends object, From extends { is: string }>(file: string): Promise<Child<To, From>> {
  const child = fork(new URL(file, import.meta.url), { execArgv: ['--import', 'tsx'] });
  // Without one of them nothing that is measured would be true.
  child.on('exit', (code) => code && process.exit(code));
  const hears = <Is extends From['is']>(is: Is): Promise<Extract<From, { is: Is }>> =>
    new Promise((resolve) => {
      const look = (message: From): void => {
        if (message.is !== is) return;
        child.off('message', look);
        resolve(message as Extract<From, { is: Is }>);
      };
      child.on('message', look);
    });
  const started = { tell: (message: To) => void child.send(message), hears, process: child };
  await hears('ready' as From['is']);
  return started;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How many of some times fall into the fullest window of a length. */
function peak(times: readonly number[], windowMs: number): number {
  let [most, first] = [0, 0];
  times.forEach((time, n) => {
    while (times[first]! <= time - windowMs) first++;
    most = Math.max(most, n - first + 1);
  });
  return most;
}

async function run(name: string, leave: (server: Child<ToServer, FromServer>) => void): Promise<Record<string, string>> {
  const startServer = (): Promise<Child<ToServer, FromServer>> => start('./reconnect-storm-server.ts');
  const [old, young] = await Promise.all([startServer(), startServer()]);
  const groups = await Promise.all(Array.from({ length: PROCESSES }, () => start<ToClients, FromClients>('./reconnect-storm-clients.ts')));
  const counts = groups.map(() => 0);
  groups.forEach(({ process }, n) => process.on('message', (message: FromClients) => message.is === 'connected' && (counts[n] = message.count)));
  const sum = (): number => counts.reduce((all, count) => all + count, 0);
  const allWithin = async (ms: number): Promise<void> => {
    for (const deadline = Date.now() + ms; sum() < CLIENTS && Date.now() < deadline; ) await sleep(20);
  };

  old.tell({ do: 'listen', port: 0 });
  const { port } = await old.hears('listening');
  const share = Math.ceil(CLIENTS / PROCESSES);
  groups.forEach(({ tell }, n) => tell({ do: 'connect', url: `http://127.0.0.1:${port}`, first: n * share + 1, count: Math.min(share, CLIENTS - n * share), withinMs: GATHER_MS }));
  await allWithin(GATHER_MS * 10);
  if (sum() < CLIENTS) throw new Error(`Only ${sum()} of ${CLIENTS} clients came in the first place.`);

  const leftAt = Date.now();
  const gone = once(old.process, 'exit');
  leave(old);
  await Promise.all([gone, sleep(AWAY_S * 1_000)]);
  young.tell({ do: 'listen', port });
  const { at: backAt } = await young.hears('listening');
  await allWithin(PATIENCE_MS);

  const reports = await Promise.all(groups.map(({ tell, hears }) => (tell({ do: 'report' }), hears('report'))));
  young.tell({ do: 'report' });
  const { sockets, requests } = await young.hears('report');
  for (const { process } of [...groups, young]) process.kill();

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
    'sockets it was asked for, peak per 0.1 s / 1 s': peaks(sorted(sockets)),
    'REST requests, same': peaks(sorted(requests)),
    'sockets tried, those in vain too': `${peaks(tries)} (${tries.length} in all)`,
    'REST requests made, those in vain too': `${peaks(asked)} (${asked.length} in all)`,
    'requests in the first 0.1 s / 1 s after it went': `${atFirst(asked, 100)} / ${atFirst(asked, 1_000)}`,
    'sockets in the first 0.1 s / 1 s': `${atFirst(tries, 100)} / ${atFirst(tries, 1_000)}`,
    '50 % back after': back(50),
    '95 %': back(95),
    '100 %': back(100),
    'a process of clients stood still for at most': `${Math.max(...reports.map(({ stillMs }) => stillMs)).toFixed(0)} ms`,
  };
}

console.log(`${CLIENTS} clients in ${PROCESSES} processes; the server is away for ${AWAY_S} s. Times run from its return.
The far end is a stand-in (ws, and REST without a database): what is measured is when clients come, not how fast they are let in.
Where a process of clients stood still for long, the machine was busy, and so much later they came.\n`);
const rows = [
  await run('closes with 1012', ({ tell }) => tell({ do: 'leave' })),
  await run('is killed (1006)', ({ process }) => void process.kill('SIGKILL')),
];
for (const name of Object.keys(rows[0]!)) console.log(`${name.padEnd(50)}${rows.map((row) => row[name]!.padEnd(28)).join('')}`);
