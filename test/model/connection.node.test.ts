/**
 * Thousands of stories: whatever people and networks do, in any order, what is promised holds (docs/RELIABILITY.md names
 * it). test/model/run.mjs says how to tell more of them, or one again.
 */
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ChatConnection } from '../../src/store/index.js';
// Loaded on demand otherwise, and how long that takes is nothing that a clock could wait for.
import '../../src/session/later.js';
import { settle } from '../support/fake-clock.js';
import { OTHER, ROOMS, type FrameFault, type RestFault, type SocketFault } from '../support/model-server.js';
import { World } from './world.js';

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
const room = fc.constantFrom(...ROOMS);
/** Which of several: a number that is taken modulo how many there are. */
const which = fc.nat(20);
const pick = <T>(list: readonly T[], at: number): T | undefined => list[at % Math.max(1, list.length)];

function send(world: World, inRoom: number, tab: number, text: string): void {
  const chat = pick(world.tabs, tab)?.chat;
  if (!chat) return;
  const content = `${text} ${world.story.sent.length}`;
  world.story.sent.push({ content, room: inRoom });
  chat.sendChatMessage(inRoom, content).catch(world.hear);
}

const ours = (isMany: boolean): fc.Arbitrary<Happens>[] => [
  happens('send', fc.tuple(room, isMany ? which : fc.constant(0)), (world, [inRoom, tab]) => send(world, inRoom, tab, 'mine')),
  happens('send three', room, (world, inRoom) => [1, 2, 3].forEach(() => send(world, inRoom, 0, 'mine'))),
  happens('send what is refused', room, (world, inRoom) => send(world, inRoom, 0, 'forbidden')),
  happens('retry', which, (world, at) => {
    const failed = world.tabs.flatMap(({ chat }) => ROOMS.flatMap((each) => chat.messages(each).filter(({ delivery }) => delivery === 'failed').map((message) => ({ chat, message }))));
    const found = pick(failed, at);
    if (!found) return;
    world.story.retried.add(found.message.content);
    found.chat.retry(found.message.localId!).catch(world.hear);
  }),
  happens('discard', which, (world, at) => {
    const waiting = world.tabs.flatMap(({ chat }) => ROOMS.flatMap((each) => chat.messages(each).filter(({ delivery }) => delivery !== 'sent').map((message) => ({ chat, message }))));
    const found = pick(waiting, at);
    if (!found) return;
    world.story.discarded.add(found.message.content);
    found.chat.discard(found.message.localId!);
  }),
  happens('load older', room, (world, inRoom) => void world.tabs[0]?.chat.loadOlder(inRoom).catch(world.hear)),
  happens('read', room, (world, inRoom) => void world.tabs[0]?.chat.markRead(inRoom).catch(world.hear)),
];

const theirs: fc.Arbitrary<Happens>[] = [
  happens('they say', fc.tuple(room, fc.integer({ min: 1, max: 7 })), (world, [inRoom, count]) => {
    for (let n = 0; n < count; n++) world.server.store(inRoom, OTHER, `theirs ${world.server.rows.length}`);
  }),
  happens('they say a lot', room, (world, inRoom) => {
    for (let n = 0; n < 60; n++) world.server.store(inRoom, OTHER, `theirs ${world.server.rows.length}`);
  }),
  happens('they read', room, (world, inRoom) => world.server.read(inRoom, OTHER)),
];

/** What only a backend that counts can tell of to somebody who was away. */
const changes: fc.Arbitrary<Happens>[] = [
  happens('they edit', which, (world, at) => {
    const row = pick(world.server.rows.filter(({ sender }) => sender === OTHER), at);
    if (row) world.server.edit(row, `edited ${row.id}`);
  }),
  happens('they delete', which, (world, at) => {
    const row = pick(world.server.rows.filter(({ sender }) => sender === OTHER), at);
    if (row) world.server.delete(row);
  }),
  happens('they react', which, (world, at) => {
    const row = pick(world.server.rows, at);
    if (row) world.server.react(row, '👍');
  }),
  happens('frames', fc.array(fc.constantFrom<FrameFault>('drop', 'twice', 'late'), { maxLength: 4 }), (world, faults) => void world.server.frameFaults.push(...faults)),
  always('changes forgotten', (world) => world.server.forgetChanges()),
];

const faults: fc.Arbitrary<Happens>[] = [
  happens('time', fc.constantFrom(50, 1_000, 7_000, 20_000, 60_000), (world, ms) => world.clock.advance(ms)),
  happens('time', fc.constantFrom(300, 3_000, 12_000), (world, ms) => world.clock.advance(ms)),
  always('sleep', (world) => world.clock.sleep(8 * 3_600_000)),
  happens('cut', fc.constantFrom(1000, 1001, 1006, 1008, 1009, 1011, 1012), (world, code) => world.server.cut(code)),
  happens('sockets', fc.constantFrom<SocketFault>('none', 'refuse', 'hang', 'silent'), (world, fault) => void (world.server.socketFault = fault)),
  happens('rest', fc.constantFrom<RestFault>('none', 'down', 'broken', 'hang', 'answer-lost', 'busy', 'portal'), (world, fault) => void (world.server.restFault = fault)),
  happens('deaf', fc.boolean(), (world, on) => void (world.server.isDeaf = on)),
  happens('mute', fc.boolean(), (world, on) => void (world.server.isMute = on)),
  always('all is well', (world) => world.server.heal()),
  always('retry now', (world) => world.tabs[0]?.chat.retryNow()),
];

const tokens: fc.Arbitrary<Happens>[] = [
  always('token refused', (world) => world.refuseToken()),
  happens('provider', fc.constantFrom('good', 'hangs', 'throws', 'stale'), (world, how) => void (world.provider = how)),
  always('another token', (world) => world.tabs[0]?.chat.configure({ token: world.newToken() })),
];

const pages: fc.Arbitrary<Happens>[] = [
  always('reload', (world) => {
    world.crash(0);
    world.openTab();
  }),
  always('removed and put back', async (world) => {
    world.tabs[0]?.chat.disconnect();
    await settle();
    world.tabs[0]?.chat.connect();
  }),
];

const tabs: fc.Arbitrary<Happens>[] = [
  always('another tab', (world) => void (world.tabs.length < 3 && world.openTab())),
  happens('a tab crashes', which, (world, at) => world.crash(at % Math.max(1, world.tabs.length))),
];

async function story(commands: Iterable<fc.AsyncCommand<object, World>>, capabilities: readonly string[], seed: number): Promise<void> {
  const world = new World(ChatConnection, capabilities, seed);
  world.openTab();
  await settle();
  await fc.asyncModelRun(() => ({ model: {}, real: world }), commands as never);
  await world.checkInTheEnd();
  await world.checkAfter();
}

const KINDS = [
  { name: 'on a backend that can do everything', capabilities: FULL, acts: [...ours(true), ...theirs, ...changes, ...faults, ...tokens, ...pages, ...tabs], share: 0.5 },
  { name: 'on a backend that does not count', capabilities: UNCOUNTED, acts: [...ours(false), ...theirs, ...faults, ...tokens, ...pages], share: 0.2 },
  { name: 'on a backend that only knows messages by their names', capabilities: NAMED_ONLY, acts: [...ours(false), ...theirs, ...faults, ...pages], share: 0.15 },
  { name: 'on a baseline backend', capabilities: [], acts: [...ours(false), ...theirs, ...faults, ...pages], share: 0.15 },
];

describe('whatever happens, in whatever order', () => {
  for (const { name, capabilities, acts, share } of KINDS) {
    it(name, async () => {
      const property = fc.asyncProperty(fc.commands(acts, { maxCommands: 40, size: 'max' }), fc.nat(2 ** 31 - 2), (commands, seed) => story(commands, capabilities, seed));
      await fc.assert(property, {
        numRuns: SOAK_MINUTES > 0 ? Number.MAX_SAFE_INTEGER : Math.ceil(RUNS * share),
        ...(SOAK_MINUTES > 0 && { interruptAfterTimeLimit: SOAK_MINUTES * 60_000 * share, markInterruptAsFailure: false }),
        ...(SEED !== undefined && { seed: Number(SEED) }),
        endOnFailure: process.env['SHRINK'] === '0',
      });
    });
  }
});
