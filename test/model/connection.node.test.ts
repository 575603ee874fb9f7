/**
 * Runs thousands of random scenarios against a simulated server, and asserts the guarantees of docs/RELIABILITY.md.
 * test/model/run.mjs describes how to run more of them, or repeat one.
 */
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChatConnection } from '../../src/client/index.js';
// Otherwise loaded on demand, which a fake clock cannot wait for.
import '../../src/session/deferred.js';
import '../../src/client/people-methods.js';
import '../../src/client/room-methods.js';
import '../../src/client/upload-methods.js';
import '../../src/session/uploads/upload-queue.js';
import '../../src/transport/upload-request.js';
import { settle } from '../support/fake-clock.js';
import {
  CAT,
  mark,
  ME,
  OTHER,
  ROOMS_OF,
  type FrameFault,
  type RestFault,
  type SocketFault,
} from '../support/model-server.js';
import { event, index, personIn, pick, plainEvent, room, roomIn, roomInFirstTab, type Event } from './events.js';
import { conversationEvents } from './conversation-events.js';
import { fileEvents } from './file-events.js';
import { othersPeopleEvents, peopleEvents } from './people-events.js';
import { checkDisposed, checkFinalState } from './final-state.js';
import {
  changeEvents,
  jumpEvents,
  othersChangeEvents,
  othersReceiptEvents,
  receiptEvents,
  rightsEvents,
  sendIn,
} from './room-events.js';
import { identityOf, type Tenant } from './scenario.js';
import { Simulation } from './simulation.js';

const RUNS = Number(process.env['RUNS'] ?? 2_000);
const SOAK_MINUTES = Number(process.env['SOAK'] ?? 0);
const SEED = process.env['SEED'];
const ONLY = process.env['ONLY'] ?? '';
const FAILURE_PATH = process.env['FAILURE_PATH'];
const REPLAY_PATH = process.env['REPLAY_PATH'];

const FULL = [
  'idempotent_send',
  'ack',
  'user_channel',
  'sync',
  'token_refresh',
  'receipts',
  'edit',
  'delete',
  'reactions',
  'permissions',
  'around',
  'mark_unread',
  'delivered',
  'hide_receipts',
  'create_room',
  'people',
  'manage_room',
  'room_settings',
  'uploads',
];
const WITHOUT_SYNC = ['idempotent_send', 'ack', 'user_channel'];
const IDEMPOTENT_ONLY = ['idempotent_send'];

const waiting = (sim: Simulation, isFailed: boolean) =>
  sim.tabs.flatMap(({ chat }) =>
    [...chat.data.threads.keys()].flatMap((each) =>
      chat
        .messages(each)
        .filter(({ delivery }) => (isFailed ? delivery === 'failed' : delivery !== 'sent'))
        .map((message) => ({ chat, message })),
    ),
  );

function send(sim: Simulation, at: number, which: number, text: string): void {
  const tab = pick(sim.tabs, which);
  if (!tab) return;
  sendIn(sim, tab, ROOMS_OF[personIn(sim, tab)]![at]!, text);
}

const ownEvents = (isMany: boolean): fc.Arbitrary<Event>[] => [
  event('send', fc.tuple(room, isMany ? index : fc.constant(0)), (sim, [inRoom, tab]) =>
    send(sim, inRoom, tab, 'mine'),
  ),
  event('send three', room, (sim, inRoom) => [1, 2, 3].forEach(() => send(sim, inRoom, 0, 'mine'))),
  event('send rejected', room, (sim, inRoom) => send(sim, inRoom, 0, 'forbidden')),
  event('retry', index, (sim, at) => {
    const found = pick(waiting(sim, true), at);
    if (!found) return;
    sim.scenario.retried.add(identityOf(found.message.content));
    found.chat.retry(found.message.localId!).catch(sim.recordRejection);
  }),
  event('discard', index, (sim, at) => {
    const found = pick(waiting(sim, false), at);
    if (!found) return;
    sim.scenario.discarded.add(identityOf(found.message.content));
    found.chat.discard(found.message.localId!);
  }),
  event(
    'load older',
    room,
    (sim, inRoom) => void sim.tabs[0]?.chat.loadOlder(roomInFirstTab(sim, inRoom)).catch(sim.recordRejection),
  ),
  event(
    'read',
    room,
    (sim, inRoom) => void sim.tabs[0]?.chat.markRead(roomInFirstTab(sim, inRoom)).catch(sim.recordRejection),
  ),
  event('draft', fc.tuple(room, index), (sim, [at, tab]) => {
    const found = pick(sim.tabs, tab);
    if (found?.chat.user)
      found.chat.saveDraft(roomIn(sim, found, at), `half a thought ${mark(found.tenant, personIn(sim, found))}`);
  }),
];

function storeFromOther(sim: Simulation, at: number): void {
  const { server } = sim;
  const person = personIn(sim, sim.tabs[0]);
  server.store(ROOMS_OF[person]![at]!, OTHER, `theirs ${mark(server.tenant, person)} ${server.rows.length}`);
}

const otherUserEvents: fc.Arbitrary<Event>[] = [
  event('others send', fc.tuple(room, fc.integer({ min: 1, max: 7 })), (sim, [inRoom, count]) => {
    for (let n = 0; n < count; n++) storeFromOther(sim, inRoom);
  }),
  event('others send many', room, (sim, inRoom) => {
    for (let n = 0; n < 60; n++) storeFromOther(sim, inRoom);
  }),
  event('others read', room, (sim, inRoom) => sim.server.read(roomInFirstTab(sim, inRoom), OTHER)),
];

/** Only a backend with `sync` can report changes to a client that was disconnected. */
const syncEvents: fc.Arbitrary<Event>[] = [
  ...othersChangeEvents,
  ...othersReceiptEvents,
  event(
    'frames',
    fc.array(fc.constantFrom<FrameFault>('drop', 'twice', 'late'), { maxLength: 4 }),
    (sim, faultEvents) => sim.all.forEach((server) => server.frameFaults.push(...faultEvents)),
  ),
  plainEvent('change log deleted', (sim) => sim.all.forEach((server) => server.deleteChanges())),
];

const faults: fc.Arbitrary<Event>[] = [
  event('time', fc.constantFrom(50, 1_000, 7_000, 20_000, 60_000), (sim, ms) => sim.clock.advance(ms)),
  event('time', fc.constantFrom(300, 3_000, 12_000), (sim, ms) => sim.clock.advance(ms)),
  plainEvent('sleep', (sim) => sim.clock.sleep(8 * 3_600_000)),
  event('cut', fc.constantFrom(1000, 1001, 1006, 1008, 1009, 1011, 1012), (sim, code) =>
    sim.all.forEach((server) => server.cut(code)),
  ),
  event('sockets', fc.constantFrom<SocketFault>('none', 'refuse', 'hang', 'silent'), (sim, fault) =>
    sim.all.forEach((server) => (server.socketFault = fault)),
  ),
  event(
    'rest',
    fc.constantFrom<RestFault>('none', 'down', 'broken', 'hang', 'answer-lost', 'busy', 'portal'),
    (sim, fault) => sim.all.forEach((server) => (server.restFault = fault)),
  ),
  event('deaf', fc.boolean(), (sim, on) => sim.all.forEach((server) => (server.isDeaf = on))),
  event('mute', fc.boolean(), (sim, on) => sim.all.forEach((server) => (server.isMute = on))),
  plainEvent('heal', (sim) => sim.all.forEach((server) => server.heal())),
  plainEvent('retry now', (sim) => sim.tabs[0]?.chat.retryNow()),
];

const tokenEvents: fc.Arbitrary<Event>[] = [
  plainEvent('token rejected', (sim) => sim.refuseToken()),
  event('provider', fc.constantFrom('good', 'hangs', 'throws', 'stale'), (sim, how) => void (sim.provider = how)),
  plainEvent('another token', (sim) => sim.tabs[0] && sim.signIn(sim.tabs[0])),
];

const pageEvents: fc.Arbitrary<Event>[] = [
  plainEvent('reload', (sim) => {
    const isBlocked = sim.tabs[0]?.isBlocked ?? false;
    sim.crash(0);
    sim.openTab({ isBlocked });
  }),
  plainEvent('removed and reinserted', async (sim) => {
    sim.tabs[0]?.chat.disconnect();
    await settle();
    sim.tabs[0]?.chat.connect();
  }),
  event('moved', index, (sim, at) => {
    const tab = pick(sim.tabs, at);
    tab?.chat.disconnect();
    tab?.chat.connect();
  }),
  event('leave a room', fc.tuple(room, index), (sim, [at, tab]) => {
    const found = pick(sim.tabs, tab);
    if (found) sim.leave(found, roomIn(sim, found, at));
  }),
  event('open all rooms', index, (sim, at) => {
    const tab = pick(sim.tabs, at);
    if (tab) sim.show(tab, ROOMS_OF[personIn(sim, tab)]);
  }),
];

/** Other users on the same machine, and other backends on the same origin. */
const ownerEvents: fc.Arbitrary<Event>[] = [
  event('other user', fc.tuple(fc.constantFrom(ME, CAT), index), (sim, [person, at]) => {
    const tab = pick(sim.tabs, at);
    if (tab) sim.signIn(tab, { person });
  }),
  event('other tenant', fc.tuple(fc.constantFrom<Tenant>('a', 'b'), index), (sim, [tenant, at]) => {
    const tab = pick(sim.tabs, at);
    if (tab) sim.signIn(tab, { tenant });
  }),
];

const tabEvents: fc.Arbitrary<Event>[] = [
  plainEvent('new tab', (sim) => void (sim.tabs.length < 3 && sim.openTab())),
  plainEvent('new tab without storage', (sim) => void (sim.tabs.length < 3 && sim.openTab({ isBlocked: true }))),
  event('tab crash', index, (sim, at) => sim.crash(at % Math.max(1, sim.tabs.length))),
];

/** Of a backend that cannot report all changes to several tabs. */
const singleTabEvents: fc.Arbitrary<Event>[] = [
  ...ownEvents(false),
  ...changeEvents,
  ...changeEvents,
  ...jumpEvents,
  ...conversationEvents,
  ...fileEvents,
  ...receiptEvents,
  ...otherUserEvents,
  ...faults,
];

async function runScenario(
  commands: Iterable<fc.AsyncCommand<object, Simulation>>,
  capabilities: readonly string[],
  seed: number,
  isBlocked = false,
): Promise<void> {
  const sim = new Simulation(ChatConnection, capabilities, seed);
  sim.openTab({ isBlocked });
  await settle();
  await fc.asyncModelRun(() => ({ model: {}, real: sim }), commands as never);
  await checkFinalState(sim);
  await checkDisposed(sim);
}

const SETUPS = [
  {
    name: 'on a backend with all capabilities',
    capabilities: FULL,
    acts: [
      ...ownEvents(true),
      ...otherUserEvents,
      ...syncEvents,
      ...changeEvents,
      ...changeEvents,
      ...jumpEvents,
      ...conversationEvents,
      ...fileEvents,
      ...receiptEvents,
      ...rightsEvents,
      ...peopleEvents,
      ...othersPeopleEvents,
      ...faults,
      ...tokenEvents,
      ...pageEvents,
      ...ownerEvents,
      ...tabEvents,
    ],
    share: 0.4,
  },
  {
    name: 'on a backend without sync',
    capabilities: WITHOUT_SYNC,
    acts: [...singleTabEvents, ...tokenEvents, ...pageEvents, ...ownerEvents],
    share: 0.15,
  },
  {
    name: 'on a backend with idempotent_send only',
    capabilities: IDEMPOTENT_ONLY,
    acts: [...singleTabEvents, ...pageEvents, ...ownerEvents],
    share: 0.15,
  },
  {
    name: 'on a baseline backend',
    capabilities: [],
    acts: [...singleTabEvents, ...pageEvents, ...ownerEvents],
    share: 0.15,
  },
  {
    name: 'in a browser that blocks cookies',
    capabilities: FULL,
    acts: [
      ...ownEvents(true),
      ...otherUserEvents,
      ...syncEvents,
      ...changeEvents,
      ...changeEvents,
      ...jumpEvents,
      ...conversationEvents,
      ...fileEvents,
      ...receiptEvents,
      ...rightsEvents,
      ...peopleEvents,
      ...othersPeopleEvents,
      ...faults,
      ...tokenEvents,
      ...pageEvents,
      ...ownerEvents,
    ],
    share: 0.15,
    isBlocked: true,
  },
];

describe('random scenarios', () => {
  for (const { name, capabilities, acts, share, isBlocked } of SETUPS) {
    it(name, { skip: !name.includes(ONLY) }, async () => {
      const property = fc.asyncProperty(
        fc.commands(acts, { maxCommands: 40, size: 'max', ...(REPLAY_PATH && { replayPath: REPLAY_PATH }) }),
        fc.nat(2 ** 31 - 2),
        (commands, seed) => runScenario(commands, capabilities, seed, isBlocked),
      );
      await fc.assert(property, {
        numRuns: SOAK_MINUTES > 0 ? Number.MAX_SAFE_INTEGER : Math.ceil(RUNS * share),
        ...(SOAK_MINUTES > 0 && {
          interruptAfterTimeLimit: SOAK_MINUTES * 60_000 * share,
          markInterruptAsFailure: false,
        }),
        ...(SEED !== undefined && { seed: Number(SEED) }),
        ...(FAILURE_PATH && { path: FAILURE_PATH }),
        endOnFailure: process.env['SHRINK'] === '0',
      });
    });
  }
});
