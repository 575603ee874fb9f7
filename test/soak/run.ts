/**
 * `npm run soak`: two users, each with a page in a real Chromium and a network with constant faults, send ten thousand
 * messages through a reference backend that is restarted and killed meanwhile. At the end everything must be there once
 * and in order, on the server and on both pages, and no page may have leaked memory.
 *
 *   npm run soak -- --minutes 1        a short run
 *   npm run soak -- --seed 7           repeats the faults and messages of a seed
 *   npm run soak -- --messages 2000    (default: a thousand per minute)
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import puppeteer from 'puppeteer-core';
import { signToken } from '../../demo/server/auth.js';
import { findBrowsers } from '../support/browsers.mjs';
import { judgeGrowth, judgeLeak, takeSample, type Sample } from './heap.js';
import { servePages } from './pages.js';
import { Person } from './user.js';
import { makePlan, USER_NAMES, type Name } from './plan.js';
import { Random } from './random.js';
import { Server } from './server.js';
import { FaultInjector } from './fault-injector.js';
import { findViolations } from './invariants.js';
import { LoadGenerator } from './load-generator.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, messages: { type: 'string' }, seed: { type: 'string' } },
});
const MINUTES = Number(values.minutes);
const MESSAGES = Number(values.messages ?? Math.round(MINUTES * 1_000));
const SEED = Number(values.seed ?? Math.floor(Math.random() * 1e6));
const LAST_MS = MINUTES * 60_000;

/** Common rooms of both users in the seed data; ids of the users. */
const ROOMS = [1, 2, 4];
const USERS: Record<Name, number> = { ana: 1, ben: 2 };
const DAY_S = 86_400;

const PROGRESS_EVERY_MS = 5_000;
const SAMPLE_EVERY_MS = Math.min(30_000, LAST_MS / 8);
/** Maximum time to settle after the last fault. */
const SETTLE_MS = 180_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Reset at the start of the run. */
let startedAt = Date.now();
const log = (what: string): void =>
  console.log(`${((Date.now() - startedAt) / 1_000).toFixed(0).padStart(4)} s  ${what}`);

/** External failures invalidate the run. */
function abort(why: string): never {
  console.error(`\nAborted: ${why}. Seed ${SEED}; the database and the server’s log are in ${home}.`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => abort(signal));

// ————— Setup

const executablePath = findBrowsers().chromium;
if (!executablePath) throw new Error('No Chrome, Chromium or Edge was found. Set CHROME_PATH to one.');
console.log(`soak: ${MINUTES} min, ${MESSAGES} messages, seed ${SEED}`);
const home = await mkdtemp(join(tmpdir(), 'unified-chat-soak-'));
const secret = crypto.randomUUID() + crypto.randomUUID();
const server = new Server({ folder: join(home, 'data'), log: join(home, 'server.log'), port: 0, secret }, abort);
const [pages] = await Promise.all([servePages(join(home, 'dist')), server.start()]);
const browser = await puppeteer.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-background-networking', '--disable-gpu'],
});
browser.once('disconnected', () => abort('the browser exited unexpectedly'));
const openUser = async (name: Name): Promise<Person> => {
  const token = await signToken(secret, USERS[name], { expiresIn: DAY_S });
  return Person.join(name, {
    browser,
    pageUrl: pages.url,
    serverUrl: `http://127.0.0.1:${server.port}`,
    token,
    rooms: ROOMS,
  });
};
const people: Record<Name, Person> = { ana: await openUser('ana'), ben: await openUser('ben') };
const load = new LoadGenerator(people, ROOMS, new Random(SEED + 1));
const faults = new FaultInjector(people, server, load);
const violations: string[] = [];

// ————— Monitoring

const samples: Record<Name, Sample[]> = { ana: [], ben: [] };

async function sample(): Promise<void> {
  for (const name of USER_NAMES) {
    const taken = await takeSample(people[name], startedAt);
    if (taken) samples[name].push(taken);
  }
}

const accepted = (): number => USER_NAMES.reduce((sum, name) => sum + people[name].accepted.size, 0);

async function logProgress(): Promise<void> {
  const each: string[] = [];
  for (const name of USER_NAMES) {
    const { state = 'loading', waiting = 0, held = 0 } = (await people[name].snapshot()) ?? {};
    const matter = faults.active[name] && ` (${faults.active[name]})`;
    each.push(
      `${name} ${state}, ${waiting} waiting, ${held} shown, ${((samples[name].at(-1)?.heap ?? 0) / 1e6).toFixed(1)} MB${matter}`,
    );
  }
  log(
    `${load.sent.size} sent, ${accepted()} accepted; ${each.join('; ')}${faults.active.server && `; ${faults.active.server}`}`,
  );
}

/** @returns a function that stops the loop, and resolves when it has ended. */
function every(ms: number, run: () => Promise<void>): () => Promise<void> {
  let isOver = false;
  const loop = (async () => {
    for (; ; await run()) {
      await sleep(ms);
      if (isOver) return;
    }
  })();
  return () => {
    isOver = true;
    return loop;
  };
}

/** Waits until both users are connected without pending messages. @returns the duration in ms. */
async function settle(when: string): Promise<number> {
  const from = Date.now();
  for (; Date.now() - from < SETTLE_MS; await sleep(500)) {
    const snapshots = await Promise.all(USER_NAMES.map((name) => people[name].snapshot()));
    if (snapshots.every((snapshot) => snapshot?.state === 'connected' && snapshot.waiting === 0))
      return Date.now() - from;
  }
  for (const name of USER_NAMES)
    violations.push(
      `${name} has not settled ${SETTLE_MS / 1_000} s ${when}: ${JSON.stringify(await people[name].snapshot())}`,
    );
  return SETTLE_MS;
}

// ————— The run

startedAt = Date.now();
const stopProgress = every(PROGRESS_EVERY_MS, logProgress);
const stopSampling = every(SAMPLE_EVERY_MS, sample);
await Promise.all([load.write(MESSAGES, LAST_MS), faults.run(makePlan(new Random(SEED), LAST_MS), LAST_MS)]);
for (const name of USER_NAMES) await people[name].proxy.heal();
log('no more faults: waiting until everything has settled');
const settledMs = await settle('after the last fault');
// Losses of the last frames become visible with the next ones.
await load.sendFinal();
await sleep(1_000);
await settle('after the final messages');
await Promise.all([stopProgress(), stopSampling()]);
await sample();

// ————— Verdict

for (const name of USER_NAMES) await people[name].loadAll();
const rows = await server.rows(ROOMS);
const authors = await Promise.all(
  USER_NAMES.map(async (name) => ({
    name,
    userId: USERS[name],
    accepted: people[name].accepted,
    refused: people[name].refused,
    shown: await people[name].ids(),
  })),
);
violations.push(
  ...findViolations(rows, authors, load.sent),
  ...USER_NAMES.flatMap((name) => people[name].violations.map((what) => `${name}: ${what}`)),
);

// Ana's page was never reloaded. Its size after a reload, with all messages, is the expected size.
const old = await takeSample(people.ana, startedAt);
await people.ana.reload();
await settle('after a reload');
const beforeHistory = await takeSample(people.ana, startedAt);
await people.ana.loadAll();
const reloaded = await takeSample(people.ana, startedAt);
if (!old || !beforeHistory || !reloaded) throw new Error('Ana’s page is closed.');
const perMessage = (reloaded.heap - beforeHistory.heap) / Math.max(1, reloaded.held - beforeHistory.held);
const findings = [
  judgeLeak('ana', old, reloaded),
  ...USER_NAMES.map((name) => judgeGrowth(name, samples[name], perMessage, name === 'ana')),
];
violations.push(...findings.flatMap((finding) => finding.violations));

const counted = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([what, times]) => `${times} × ${what}`).join(', ');
console.log(`
${accepted()} of ${load.sent.size} sent messages were accepted, ${rows.filter(({ content }) => load.sent.has(content)).length} are stored. Everything settled ${(settledMs / 1_000).toFixed(1)} s after the last fault.
Faults: ${counted(faults.occurrences)}.
${USER_NAMES.map((name) => `${name}: ${counted(people[name].counts)}; ${people[name].refused.size} messages rejected and retried.`).join('\n')}
${findings.flatMap(({ report }) => report).join('\n')}`);

await Promise.all(USER_NAMES.map((name) => people[name].leave()));
browser.removeAllListeners('disconnected');
await browser.close();
await server.stop();
pages.close();
if (violations.length === 0) {
  await rm(home, { recursive: true, force: true });
  console.log(`\nEverything is there, once and in its order. Seed ${SEED}.`);
} else {
  console.log(
    `\n${violations.length} violations (seed ${SEED}; the database and the server’s log are in ${home}):\n${violations.map((what) => `  - ${what}`).join('\n')}`,
  );
  process.exitCode = 1;
}
