/**
 * Thousands of stories: whatever people and networks do, in any order, what is promised holds (docs/RELIABILITY.md names
 * it). test/model/run.mjs says how to tell more of them, or one again.
 */
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChatConnection } from '../../src/client/index.js';
// Loaded on demand otherwise, and how long that takes is nothing that a clock could wait for.
import '../../src/session/deferred.js';
import { settle } from '../support/fake-clock.js';
import { CAT, mark, ME, OTHER, ROOMS_OF, type FrameFault, type RestFault, type SocketFault } from '../support/model-server.js';
import { World, type Tab, type Tenant } from './simulation.js';

const RUNS = Number(process.env['RUNS'] ?? 2_000);
const SOAK_MINUTES = Number(process.env['SOAK'] ?? 0);
const SEED = process.env['SEED'];

const FULL = ['idempotent_send', 'ack', 'user_channel', 'sync', 'token_refresh', 'receipts'];
const UNCOUNTED = ['idempotent_send', 'ack', 'user_channel'];
const NAMED_ONLY = ['idempotent_send'];

/** Something that happens. */
type Act = (world: World) => void | Promise<void>;

class Happens implements fc.AsyncCommand<object, World> {
  constructor(
    private readonly name: string,
    private readonly act: Act,
  ) {}
  check(): boolean {
    return true;
  }
  async run(_model: object, world: World): Promise<void> {
    world.steps++;
    await this.act(world);
    await settle();
    world.checkAlways();
  }
  toString(): string {
    return this.name;
  }
}

const happens = <T>(name: string, arbitrary: fc.Arbitrary<T>, act: (world: World, value: T) => void | Promise<void>): fc.Arbitrary<Happens> =>
  arbitrary.map((value) => new Happens(`${name}(${JSON.stringify(value)})`, (world) => act(world, value)));
const always = (name: string, act: Act): fc.Arbitrary<Happens> => fc.constant(new Happens(name, act));
/** The first or the second of a person's rooms. */
const room = fc.constantFrom(0, 1);
/** Which of several: a number that is taken modulo how many there are. */
const which = fc.nat(20);
const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];

/** The user as the tab shows it; the site's user where it shows none. */
const personIn = (world: World, tab: Tab | undefined): number => Number(tab?.chat.user?.id ?? world.person);
const roomIn = (world: World, tab: Tab | undefined, at: number): number => ROOMS_OF[personIn(world, tab)]![at]!;
/** Of the first tab, or of the site's person where there is none. */
const roomHere = (world: World, at: number): number => roomIn(world, world.tabs[0], at);
const waiting = (world: World, isFailed: boolean) =>
  world.tabs.flatMap(({ chat }) =>
    [...chat.data.threads.keys()].flatMap((each) => chat.messages(each).filter(({ delivery }) => (isFailed ? delivery === 'failed' : delivery !== 'sent')).map((message) => ({ chat, message }))),
  );

function send(world: World, at: number, which: number, text: string): void {
  const tab = pick(world.tabs, which);
  if (!tab) return;
  const { tenant, chat } = tab;
  const person = personIn(world, tab);
  const inRoom = ROOMS_OF[person]![at]!;
  // Written while the user is not known: the next user who is known counts as its author.
  const content = `${text} ${chat.user ? mark(tenant, person) : '[??]'} ${world.story.sent.length}`;
  if (chat.user) world.story.sent.push({ content, room: inRoom, tenant, person, tab });
  chat.sendChatMessage(inRoom, content).catch(world.hear);
}

const ours = (isMany: boolean): fc.Arbitrary<Happens>[] => [
  happens('send', fc.tuple(room, isMany ? which : fc.constant(0)), (world, [inRoom, tab]) => send(world, inRoom, tab, 'mine')),
  happens('send three', room, (world, inRoom) => [1, 2, 3].forEach(() => send(world, inRoom, 0, 'mine'))),
  happens('send what is refused', room, (world, inRoom) => send(world, inRoom, 0, 'forbidden')),
  happens('retry', which, (world, at) => {
    const found = pick(waiting(world, true), at);
    if (!found) return;
    world.story.retried.add(found.message.content);
    found.chat.retry(found.message.localId!).catch(world.hear);
  }),
  happens('discard', which, (world, at) => {
    const found = pick(waiting(world, false), at);
    if (!found) return;
    world.story.discarded.add(found.message.content);
    found.chat.discard(found.message.localId!);
  }),
  happens('load older', room, (world, inRoom) => void world.tabs[0]?.chat.loadOlder(roomHere(world, inRoom)).catch(world.hear)),
  happens('read', room, (world, inRoom) => void world.tabs[0]?.chat.markRead(roomHere(world, inRoom)).catch(world.hear)),
  happens('draft', fc.tuple(room, which), (world, [at, tab]) => {
    const found = pick(world.tabs, tab);
    if (found?.chat.user) found.chat.saveDraft(roomIn(world, found, at), `half a thought ${mark(found.tenant, personIn(world, found))}`);
  }),
];

function say(world: World, at: number): void {
  const { server } = world;
  const person = personIn(world, world.tabs[0]);
  server.store(ROOMS_OF[person]![at]!, OTHER, `theirs ${mark(server.tenant, person)} ${server.rows.length}`);
}

const theirs: fc.Arbitrary<Happens>[] = [
  happens('they say', fc.tuple(room, fc.integer({ min: 1, max: 7 })), (world, [inRoom, count]) => {
    for (let n = 0; n < count; n++) say(world, inRoom);
  }),
  happens('they say a lot', room, (world, inRoom) => {
    for (let n = 0; n < 60; n++) say(world, inRoom);
  }),
  happens('they read', room, (world, inRoom) => world.server.read(roomHere(world, inRoom), OTHER)),
];

/** What only a backend that counts can tell of to somebody who was away. */
const changes: fc.Arbitrary<Happens>[] = [
  happens('they edit', which, (world, at) => {
    const row = pick(world.server.rows.filter(({ sender }) => sender === OTHER), at);
    if (row) world.server.edit(row, `edited ${mark(world.server.tenant, row.room <= 2 ? ME : CAT)} ${row.id}`);
  }),
  happens('they delete', which, (world, at) => {
    const row = pick(world.server.rows.filter(({ sender }) => sender === OTHER), at);
    if (row) world.server.delete(row);
  }),
  happens('they react', which, (world, at) => {
    const row = pick(world.server.rows, at);
    if (row) world.server.react(row, '👍');
  }),
  happens('frames', fc.array(fc.constantFrom<FrameFault>('drop', 'twice', 'late'), { maxLength: 4 }), (world, faults) => world.all.forEach((server) => server.frameFaults.push(...faults))),
  always('changes forgotten', (world) => world.all.forEach((server) => server.deleteChanges())),
];

const faults: fc.Arbitrary<Happens>[] = [
  happens('time', fc.constantFrom(50, 1_000, 7_000, 20_000, 60_000), (world, ms) => world.clock.advance(ms)),
  happens('time', fc.constantFrom(300, 3_000, 12_000), (world, ms) => world.clock.advance(ms)),
  always('sleep', (world) => world.clock.sleep(8 * 3_600_000)),
  happens('cut', fc.constantFrom(1000, 1001, 1006, 1008, 1009, 1011, 1012), (world, code) => world.all.forEach((server) => server.cut(code))),
  happens('sockets', fc.constantFrom<SocketFault>('none', 'refuse', 'hang', 'silent'), (world, fault) => world.all.forEach((server) => (server.socketFault = fault))),
  happens('rest', fc.constantFrom<RestFault>('none', 'down', 'broken', 'hang', 'answer-lost', 'busy', 'portal'), (world, fault) => world.all.forEach((server) => (server.restFault = fault))),
  happens('deaf', fc.boolean(), (world, on) => world.all.forEach((server) => (server.isDeaf = on))),
  happens('mute', fc.boolean(), (world, on) => world.all.forEach((server) => (server.isMute = on))),
  always('all is well', (world) => world.all.forEach((server) => server.heal())),
  always('retry now', (world) => world.tabs[0]?.chat.retryNow()),
];

const tokens: fc.Arbitrary<Happens>[] = [
  always('token refused', (world) => world.refuseToken()),
  happens('provider', fc.constantFrom('good', 'hangs', 'throws', 'stale'), (world, how) => void (world.provider = how)),
  always('another token', (world) => world.tabs[0] && world.signIn(world.tabs[0])),
];

const pages: fc.Arbitrary<Happens>[] = [
  always('reload', (world) => {
    const isBlocked = world.tabs[0]?.isBlocked ?? false;
    world.crash(0);
    world.openTab({ isBlocked });
  }),
  always('removed and put back', async (world) => {
    world.tabs[0]?.chat.disconnect();
    await settle();
    world.tabs[0]?.chat.connect();
  }),
  happens('moved', which, (world, at) => {
    const tab = pick(world.tabs, at);
    tab?.chat.disconnect();
    tab?.chat.connect();
  }),
  happens('leaves a room', fc.tuple(room, which), (world, [at, tab]) => {
    const found = pick(world.tabs, tab);
    if (found) world.leave(found, roomIn(world, found, at));
  }),
  happens('opens its rooms', which, (world, at) => {
    const tab = pick(world.tabs, at);
    if (tab) world.show(tab, ROOMS_OF[personIn(world, tab)]);
  }),
];

/** Another user at the same machine; another backend on the same origin. */
const owners: fc.Arbitrary<Happens>[] = [
  happens('another person', fc.tuple(fc.constantFrom(ME, CAT), which), (world, [person, at]) => {
    const tab = pick(world.tabs, at);
    if (tab) world.signIn(tab, { person });
  }),
  happens('another tenant', fc.tuple(fc.constantFrom<Tenant>('a', 'b'), which), (world, [tenant, at]) => {
    const tab = pick(world.tabs, at);
    if (tab) world.signIn(tab, { tenant });
  }),
];

const tabs: fc.Arbitrary<Happens>[] = [
  always('another tab', (world) => void (world.tabs.length < 3 && world.openTab())),
  always('a tab that may keep nothing', (world) => void (world.tabs.length < 3 && world.openTab({ isBlocked: true }))),
  happens('a tab crashes', which, (world, at) => world.crash(at % Math.max(1, world.tabs.length))),
];

async function story(commands: Iterable<fc.AsyncCommand<object, World>>, capabilities: readonly string[], seed: number, isBlocked = false): Promise<void> {
  const world = new World(ChatConnection, capabilities, seed);
  world.openTab({ isBlocked });
  await settle();
  await fc.asyncModelRun(() => ({ model: {}, real: world }), commands as never);
  await world.checkInTheEnd();
  await world.checkAfter();
}

const KINDS = [
  { name: 'on a backend that can do everything', capabilities: FULL, acts: [...ours(true), ...theirs, ...changes, ...faults, ...tokens, ...pages, ...owners, ...tabs], share: 0.4 },
  { name: 'on a backend that does not count', capabilities: UNCOUNTED, acts: [...ours(false), ...theirs, ...faults, ...tokens, ...pages, ...owners], share: 0.15 },
  { name: 'on a backend that only knows messages by their names', capabilities: NAMED_ONLY, acts: [...ours(false), ...theirs, ...faults, ...pages, ...owners], share: 0.15 },
  { name: 'on a baseline backend', capabilities: [], acts: [...ours(false), ...theirs, ...faults, ...pages, ...owners], share: 0.15 },
  { name: 'in a browser that blocks cookies', capabilities: FULL, acts: [...ours(true), ...theirs, ...changes, ...faults, ...tokens, ...pages, ...owners], share: 0.15, isBlocked: true },
];

describe('whatever happens, in whatever order', () => {
  for (const { name, capabilities, acts, share, isBlocked } of KINDS) {
    it(name, async () => {
      const property = fc.asyncProperty(fc.commands(acts, { maxCommands: 40, size: 'max' }), fc.nat(2 ** 31 - 2), (commands, seed) => story(commands, capabilities, seed, isBlocked));
      await fc.assert(property, {
        numRuns: SOAK_MINUTES > 0 ? Number.MAX_SAFE_INTEGER : Math.ceil(RUNS * share),
        ...(SOAK_MINUTES > 0 && { interruptAfterTimeLimit: SOAK_MINUTES * 60_000 * share, markInterruptAsFailure: false }),
        ...(SEED !== undefined && { seed: Number(SEED) }),
        endOnFailure: process.env['SHRINK'] === '0',
      });
    });
  }
});
