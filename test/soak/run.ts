/**
 * `npm run soak`: two people, each with a page in a real Chromium and a network that breaks all the time, write ten
 * thousand messages through a reference backend that is restarted and killed under them. In the end all of it must be there: once,
 * in its order, on the server and on both pages, and no page may have grown by more than what it shows.
 *
 *   npm run soak -- --minutes 1        a quick look
 *   npm run soak -- --seed 7           the same troubles and the same messages as before
 *   npm run soak -- --messages 2000    (a thousand for each minute)
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import puppeteer from 'puppeteer-core';
import { signToken } from '../../demo/server/auth.js';
import { findBrowsers } from '../support/browsers.mjs';
import { judgeGrowth, judgeLeft, takeSample, type Sample } from './heap.js';
import { servePages } from './pages.js';
import { Person } from './user.js';
import { makePlan, PEOPLE, type Name } from './plan.js';
import { Chance } from './random.js';
import { Server } from './server.js';
import { Troubles } from './fault-injector.js';
import { judge } from './invariants.js';
import { Writer } from './load-generator.js';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, messages: { type: 'string' }, seed: { type: 'string' } },
});
const MINUTES = Number(values.minutes);
const MESSAGES = Number(values.messages ?? Math.round(MINUTES * 1_000));
const SEED = Number(values.seed ?? Math.floor(Math.random() * 1e6));
const LAST_MS = MINUTES * 60_000;

/** Rooms of the seed data in which both are; ids of the two. */
const ROOMS = [1, 2, 4];
const USERS: Record<Name, number> = { ana: 1, ben: 2 };
const DAY_S = 86_400;

const SAY_EVERY_MS = 5_000;
const SAMPLE_EVERY_MS = Math.min(30_000, LAST_MS / 8);
/** After the last trouble. */
const SETTLE_MS = 180_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Reset when all is set. */
let begun = Date.now();
const say = (what: string): void => console.log(`${((Date.now() - begun) / 1_000).toFixed(0).padStart(4)} s  ${what}`);

/** What is broken from outside proves nothing. */
function giveUp(why: string): never {
  console.error(`\nGiven up: ${why}. Seed ${SEED}; the database and the server’s log are in ${home}.`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => giveUp(signal));

// ————— The stage

const executablePath = findBrowsers().chromium;
if (!executablePath) throw new Error('No Chrome, Chromium or Edge was found. Set CHROME_PATH to one.');
console.log(`soak: ${MINUTES} min, ${MESSAGES} messages, seed ${SEED}`);
const home = await mkdtemp(join(tmpdir(), 'unified-chat-soak-'));
const secret = crypto.randomUUID() + crypto.randomUUID();
const server = new Server({ folder: join(home, 'data'), log: join(home, 'server.log'), port: 0, secret }, giveUp);
const [pages] = await Promise.all([servePages(join(home, 'dist')), server.start()]);
const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox', '--disable-background-networking', '--disable-gpu'] });
browser.once('disconnected', () => giveUp('the browser ended by itself'));
const meet = async (name: Name): Promise<Person> => {
  const token = await signToken(secret, USERS[name], { expiresIn: DAY_S });
  return Person.join(name, { browser, pageUrl: pages.url, serverUrl: `http://127.0.0.1:${server.port}`, token, rooms: ROOMS });
};
const people: Record<Name, Person> = { ana: await meet('ana'), ben: await meet('ben') };
const writer = new Writer(people, ROOMS, new Chance(SEED + 1));
const troubles = new Troubles(people, server, writer);
const wrong: string[] = [];

// ————— Looking

const samples: Record<Name, Sample[]> = { ana: [], ben: [] };

async function sample(): Promise<void> {
  for (const name of PEOPLE) {
    const taken = await takeSample(people[name], begun);
    if (taken) samples[name].push(taken);
  }
}

const accepted = (): number => PEOPLE.reduce((sum, name) => sum + people[name].accepted.size, 0);

async function sayHowItGoes(): Promise<void> {
  const each: string[] = [];
  for (const name of PEOPLE) {
    const { state = 'loading', waiting = 0, held = 0 } = (await people[name].look()) ?? {};
    const matter = troubles.now[name] && ` (${troubles.now[name]})`;
    each.push(`${name} ${state}, ${waiting} waiting, ${held} shown, ${((samples[name].at(-1)?.heap ?? 0) / 1e6).toFixed(1)} MB${matter}`);
  }
  say(`${writer.written.size} written, ${accepted()} accepted; ${each.join('; ')}${troubles.now.server && `; ${troubles.now.server}`}`);
}

/** @returns how to stop: when that is done, nothing runs any more. */
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

/** Until both are connected, and nothing is on its way. @returns how long that took, in milliseconds. */
async function settle(when: string): Promise<number> {
  const from = Date.now();
  for (; Date.now() - from < SETTLE_MS; await sleep(500)) {
    const looks = await Promise.all(PEOPLE.map((name) => people[name].look()));
    if (looks.every((look) => look?.state === 'connected' && look.waiting === 0)) return Date.now() - from;
  }
  for (const name of PEOPLE) wrong.push(`${name} has not settled ${SETTLE_MS / 1_000} s ${when}: ${JSON.stringify(await people[name].look())}`);
  return SETTLE_MS;
}

// ————— The run

begun = Date.now();
const stopSaying = every(SAY_EVERY_MS, sayHowItGoes);
const stopSampling = every(SAMPLE_EVERY_MS, sample);
await Promise.all([writer.write(MESSAGES, LAST_MS), troubles.run(makePlan(new Chance(SEED), LAST_MS), LAST_MS)]);
for (const name of PEOPLE) await people[name].proxy.heal();
say('no more trouble: waiting until all is settled');
const settledMs = await settle('after the last trouble');
// What was lost with the last frames shows with the next ones.
await writer.lastWords();
await sleep(1_000);
await settle('after the last words');
await Promise.all([stopSaying(), stopSampling()]);
await sample();

// ————— The verdict

for (const name of PEOPLE) await people[name].loadAll();
const rows = await server.rows(ROOMS);
const authors = await Promise.all(
  PEOPLE.map(async (name) => ({ name, userId: USERS[name], accepted: people[name].accepted, refused: people[name].refused, shown: await people[name].ids() })),
);
wrong.push(...judge(rows, authors, writer.written), ...PEOPLE.flatMap((name) => people[name].wrong.map((what) => `${name}: ${what}`)));

// Ana's page has lived through all of it. What the same page takes when it is loaded anew, all of its messages too, is meant to be there.
const old = await takeSample(people.ana, begun);
await people.ana.reload();
await settle('after it was loaded anew');
const short = await takeSample(people.ana, begun);
await people.ana.loadAll();
const anew = await takeSample(people.ana, begun);
if (!old || !short || !anew) throw new Error('Ana’s page is gone.');
const perMessage = (anew.heap - short.heap) / Math.max(1, anew.held - short.held);
const findings = [judgeLeft('ana', old, anew), ...PEOPLE.map((name) => judgeGrowth(name, samples[name], perMessage, name === 'ana'))];
wrong.push(...findings.flatMap((finding) => finding.wrong));

const counted = (counts: ReadonlyMap<string, number>): string => [...counts].map(([what, times]) => `${times} × ${what}`).join(', ');
console.log(`
${accepted()} of ${writer.written.size} written messages were accepted, ${rows.filter(({ content }) => writer.written.has(content)).length} are stored. All was settled ${(settledMs / 1_000).toFixed(1)} s after the last trouble.
Trouble: ${counted(troubles.happened)}.
${PEOPLE.map((name) => `${name}: ${counted(people[name].counts)}; ${people[name].refused.size} messages refused, and sent again.`).join('\n')}
${findings.flatMap(({ told }) => told).join('\n')}`);

await Promise.all(PEOPLE.map((name) => people[name].leave()));
browser.removeAllListeners('disconnected');
await browser.close();
await server.stop();
pages.close();
if (wrong.length === 0) {
  await rm(home, { recursive: true, force: true });
  console.log(`\nEverything is there, once and in its order. Seed ${SEED}.`);
} else {
  console.log(`\n${wrong.length} wrong (seed ${SEED}; the database and the server’s log are in ${home}):\n${wrong.map((what) => `  - ${what}`).join('\n')}`);
  process.exitCode = 1;
}
