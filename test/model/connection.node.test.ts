/**
 * Runs thousands of random scenarios against a simulated server, and asserts the guarantees of docs/RELIABILITY.md.
 * test/model/run.mjs describes how to run more of them, or repeat one.
 */
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChatConnection } from '../../src/client/index.js';
// Otherwise loaded on demand, which a fake clock cannot wait for.
import '../../src/session/deferred.js';
import { settle } from '../support/fake-clock.js';
import { CAT, mark, ME, OTHER, ROOMS_OF, type FrameFault, type RestFault, type SocketFault } from '../support/model-server.js';
import { Simulation, type Tab, type Tenant } from './simulation.js';

const RUNS = Number(process.env['RUNS'] ?? 2_000);
const SOAK_MINUTES = Number(process.env['SOAK'] ?? 0);
const SEED = process.env['SEED'];

const FULL = ['idempotent_send', 'ack', 'user_channel', 'sync', 'token_refresh', 'receipts'];
const WITHOUT_SYNC = ['idempotent_send', 'ack', 'user_channel'];
const IDEMPOTENT_ONLY = ['idempotent_send'];

/** An event. */
type Action = (world: Simulation) => void | Promise<void>;

class Event implements fc.AsyncCommand<object, Simulation> {
  constructor(
    private readonly name: string,
    private readonly act: Action,
  ) {}
  check(): boolean {
    return true;
  }
  async run(_model: object, world: Simulation): Promise<void> {
    world.events++;
    await this.act(world);
    await settle();
    world.checkInvariants();
  }
  toString(): string {
    return this.name;
  }
}

const event = <T>(name: string, arbitrary: fc.Arbitrary<T>, act: (world: Simulation, value: T) => void | Promise<void>): fc.Arbitrary<Event> =>
  arbitrary.map((value) => new Event(`${name}(${JSON.stringify(value)})`, (world) => act(world, value)));
const plainEvent = (name: string, act: Action): fc.Arbitrary<Event> => fc.constant(new Event(name, act));
/** The first or second room of a user. */
const room = fc.constantFrom(0, 1);
/** Selects from a list: a number taken modulo the list's length. */
const index = fc.nat(20);
const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];

/** The user displayed by the tab; otherwise the signed-in user. */
const personIn = (world: Simulation, tab: Tab | undefined): number => Number(tab?.chat.user?.id ?? world.person);
const roomIn = (world: Simulation, tab: Tab | undefined, at: number): number => ROOMS_OF[personIn(world, tab)]![at]!;
/** In the first tab; without a tab, of the signed-in user. */
const roomInFirstTab = (world: Simulation, at: number): number => roomIn(world, world.tabs[0], at);
const waiting = (world: Simulation, isFailed: boolean) =>
  world.tabs.flatMap(({ chat }) =>
    [...chat.data.threads.keys()].flatMap((each) => chat.messages(each).filter(({ delivery }) => (isFailed ? delivery === 'failed' : delivery !== 'sent')).map((message) => ({ chat, message }))),
  );

function send(world: Simulation, at: number, which: number, text: string): void {
  const tab = pick(world.tabs, which);
  if (!tab) return;
  const { tenant, chat } = tab;
  const person = personIn(world, tab);
  const inRoom = ROOMS_OF[person]![at]!;
  // While the user is unknown, the message belongs to the next known user.
  const content = `${text} ${chat.user ? mark(tenant, person) : '[??]'} ${world.scenario.sent.length}`;
  if (chat.user) world.scenario.sent.push({ content, room: inRoom, tenant, person, tab });
  chat.sendChatMessage(inRoom, content).catch(world.recordRejection);
}

const ownEvents = (isMany: boolean): fc.Arbitrary<Event>[] => [
  event('send', fc.tuple(room, isMany ? index : fc.constant(0)), (world, [inRoom, tab]) => send(world, inRoom, tab, 'mine')),
  event('send three', room, (world, inRoom) => [1, 2, 3].forEach(() => send(world, inRoom, 0, 'mine'))),
  event('send rejected', room, (world, inRoom) => send(world, inRoom, 0, 'forbidden')),
  event('retry', index, (world, at) => {
    const found = pick(waiting(world, true), at);
    if (!found) return;
    world.scenario.retried.add(found.message.content);
    found.chat.retry(found.message.localId!).catch(world.recordRejection);
  }),
  event('discard', index, (world, at) => {
    const found = pick(waiting(world, false), at);
    if (!found) return;
    world.scenario.discarded.add(found.message.content);
    found.chat.discard(found.message.localId!);
  }),
  event('load older', room, (world, inRoom) => void world.tabs[0]?.chat.loadOlder(roomInFirstTab(world, inRoom)).catch(world.recordRejection)),
  event('read', room, (world, inRoom) => void world.tabs[0]?.chat.markRead(roomInFirstTab(world, inRoom)).catch(world.recordRejection)),
  event('draft', fc.tuple(room, index), (world, [at, tab]) => {
    const found = pick(world.tabs, tab);
    if (found?.chat.user) found.chat.saveDraft(roomIn(world, found, at), `half a thought ${mark(found.tenant, personIn(world, found))}`);
  }),
];

function storeFromOther(world: Simulation, at: number): void {
  const { server } = world;
  const person = personIn(world, world.tabs[0]);
  server.store(ROOMS_OF[person]![at]!, OTHER, `theirs ${mark(server.tenant, person)} ${server.rows.length}`);
}

const otherUserEvents: fc.Arbitrary<Event>[] = [
  event('others send', fc.tuple(room, fc.integer({ min: 1, max: 7 })), (world, [inRoom, count]) => {
    for (let n = 0; n < count; n++) storeFromOther(world, inRoom);
  }),
  event('others send many', room, (world, inRoom) => {
    for (let n = 0; n < 60; n++) storeFromOther(world, inRoom);
  }),
  event('others read', room, (world, inRoom) => world.server.read(roomInFirstTab(world, inRoom), OTHER)),
];

/** Only a backend with `sync` can report these to a client that was disconnected. */
const changeEvents: fc.Arbitrary<Event>[] = [
  event('others edit', index, (world, at) => {
    const row = pick(world.server.rows.filter(({ sender }) => sender === OTHER), at);
    if (row) world.server.edit(row, `edited ${mark(world.server.tenant, row.room <= 2 ? ME : CAT)} ${row.id}`);
  }),
  event('others delete', index, (world, at) => {
    const row = pick(world.server.rows.filter(({ sender }) => sender === OTHER), at);
    if (row) world.server.delete(row);
  }),
  event('others react', index, (world, at) => {
    const row = pick(world.server.rows, at);
    if (row) world.server.react(row, '👍');
  }),
  event('frames', fc.array(fc.constantFrom<FrameFault>('drop', 'twice', 'late'), { maxLength: 4 }), (world, faultEvents) => world.all.forEach((server) => server.frameFaults.push(...faultEvents))),
  plainEvent('change log deleted', (world) => world.all.forEach((server) => server.deleteChanges())),
];

const faults: fc.Arbitrary<Event>[] = [
  event('time', fc.constantFrom(50, 1_000, 7_000, 20_000, 60_000), (world, ms) => world.clock.advance(ms)),
  event('time', fc.constantFrom(300, 3_000, 12_000), (world, ms) => world.clock.advance(ms)),
  plainEvent('sleep', (world) => world.clock.sleep(8 * 3_600_000)),
  event('cut', fc.constantFrom(1000, 1001, 1006, 1008, 1009, 1011, 1012), (world, code) => world.all.forEach((server) => server.cut(code))),
  event('sockets', fc.constantFrom<SocketFault>('none', 'refuse', 'hang', 'silent'), (world, fault) => world.all.forEach((server) => (server.socketFault = fault))),
  event('rest', fc.constantFrom<RestFault>('none', 'down', 'broken', 'hang', 'answer-lost', 'busy', 'portal'), (world, fault) => world.all.forEach((server) => (server.restFault = fault))),
  event('deaf', fc.boolean(), (world, on) => world.all.forEach((server) => (server.isDeaf = on))),
  event('mute', fc.boolean(), (world, on) => world.all.forEach((server) => (server.isMute = on))),
  plainEvent('heal', (world) => world.all.forEach((server) => server.heal())),
  plainEvent('retry now', (world) => world.tabs[0]?.chat.retryNow()),
];

const tokenEvents: fc.Arbitrary<Event>[] = [
  plainEvent('token rejected', (world) => world.refuseToken()),
  event('provider', fc.constantFrom('good', 'hangs', 'throws', 'stale'), (world, how) => void (world.provider = how)),
  plainEvent('another token', (world) => world.tabs[0] && world.signIn(world.tabs[0])),
];

const pageEvents: fc.Arbitrary<Event>[] = [
  plainEvent('reload', (world) => {
    const isBlocked = world.tabs[0]?.isBlocked ?? false;
    world.crash(0);
    world.openTab({ isBlocked });
  }),
  plainEvent('removed and reinserted', async (world) => {
    world.tabs[0]?.chat.disconnect();
    await settle();
    world.tabs[0]?.chat.connect();
  }),
  event('moved', index, (world, at) => {
    const tab = pick(world.tabs, at);
    tab?.chat.disconnect();
    tab?.chat.connect();
  }),
  event('leave a room', fc.tuple(room, index), (world, [at, tab]) => {
    const found = pick(world.tabs, tab);
    if (found) world.leave(found, roomIn(world, found, at));
  }),
  event('open all rooms', index, (world, at) => {
    const tab = pick(world.tabs, at);
    if (tab) world.show(tab, ROOMS_OF[personIn(world, tab)]);
  }),
];

/** Other users on the same machine, and other backends on the same origin. */
const ownerEvents: fc.Arbitrary<Event>[] = [
  event('other user', fc.tuple(fc.constantFrom(ME, CAT), index), (world, [person, at]) => {
    const tab = pick(world.tabs, at);
    if (tab) world.signIn(tab, { person });
  }),
  event('other tenant', fc.tuple(fc.constantFrom<Tenant>('a', 'b'), index), (world, [tenant, at]) => {
    const tab = pick(world.tabs, at);
    if (tab) world.signIn(tab, { tenant });
  }),
];

const tabEvents: fc.Arbitrary<Event>[] = [
  plainEvent('new tab', (world) => void (world.tabs.length < 3 && world.openTab())),
  plainEvent('new tab without storage', (world) => void (world.tabs.length < 3 && world.openTab({ isBlocked: true }))),
  event('tab crash', index, (world, at) => world.crash(at % Math.max(1, world.tabs.length))),
];

async function runScenario(commands: Iterable<fc.AsyncCommand<object, Simulation>>, capabilities: readonly string[], seed: number, isBlocked = false): Promise<void> {
  const world = new Simulation(ChatConnection, capabilities, seed);
  world.openTab({ isBlocked });
  await settle();
  await fc.asyncModelRun(() => ({ model: {}, real: world }), commands as never);
  await world.checkFinalState();
  await world.checkDisposed();
}

const SETUPS = [
  { name: 'on a backend with all capabilities', capabilities: FULL, acts: [...ownEvents(true), ...otherUserEvents, ...changeEvents, ...faults, ...tokenEvents, ...pageEvents, ...ownerEvents, ...tabEvents], share: 0.4 },
  { name: 'on a backend without sync', capabilities: WITHOUT_SYNC, acts: [...ownEvents(false), ...otherUserEvents, ...faults, ...tokenEvents, ...pageEvents, ...ownerEvents], share: 0.15 },
  { name: 'on a backend with idempotent_send only', capabilities: IDEMPOTENT_ONLY, acts: [...ownEvents(false), ...otherUserEvents, ...faults, ...pageEvents, ...ownerEvents], share: 0.15 },
  { name: 'on a baseline backend', capabilities: [], acts: [...ownEvents(false), ...otherUserEvents, ...faults, ...pageEvents, ...ownerEvents], share: 0.15 },
  { name: 'in a browser that blocks cookies', capabilities: FULL, acts: [...ownEvents(true), ...otherUserEvents, ...changeEvents, ...faults, ...tokenEvents, ...pageEvents, ...ownerEvents], share: 0.15, isBlocked: true },
];

describe('random scenarios', () => {
  for (const { name, capabilities, acts, share, isBlocked } of SETUPS) {
    it(name, async () => {
      const property = fc.asyncProperty(fc.commands(acts, { maxCommands: 40, size: 'max' }), fc.nat(2 ** 31 - 2), (commands, seed) => runScenario(commands, capabilities, seed, isBlocked));
      await fc.assert(property, {
        numRuns: SOAK_MINUTES > 0 ? Number.MAX_SAFE_INTEGER : Math.ceil(RUNS * share),
        ...(SOAK_MINUTES > 0 && { interruptAfterTimeLimit: SOAK_MINUTES * 60_000 * share, markInterruptAsFailure: false }),
        ...(SEED !== undefined && { seed: Number(SEED) }),
        endOnFailure: process.env['SHRINK'] === '0',
      });
    });
  }
});
