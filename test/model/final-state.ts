/** The end of a scenario: asserts that every tab shows what the server has, and that nothing was lost. */
import assert from 'node:assert/strict';
import { ROOMS_OF, type Row } from '../support/model-server.js';
import { checkConversations, roomOfSent } from './conversation-events.js';
import { checkFiles, resumeUploads } from './file-events.js';
import { checkRoomList } from './people-events.js';
import { checkUnconfirmed, compareRoom } from './screen.js';
import { identityOf, type Owner } from './scenario.js';
import type { Simulation } from './simulation.js';

/** The longest backoff, plus 15 s: by then the client is connected. */
const MAX_RECONNECT_MS = 30_000 + 15_000;
/** The longest time until a lost frame is noticed (`checkMs`) and read again. */
const CHECK_MS = 61_000;
/** The longest time in which a room is loaded. */
const LOAD_MS = 5_000;

/** After all faults are removed, for every user so far. */
export async function checkFinalState(sim: Simulation): Promise<void> {
  for (const server of sim.all) server.heal();
  sim.provider = 'good';
  // Stored messages need a tab that can read the storage.
  if (sim.tabs.every(({ isBlocked }) => isBlocked)) sim.openTab();
  // Pending token requests and dead sockets must time out first.
  if (sim.pendingTokenRequests > 0 || sim.all.some(({ hasDeadSocket }) => hasDeadSocket))
    await sim.clock.advance(36_000);
  const { tenant } = sim.tabs[0]!;
  const isHere = (owner: Owner): boolean => owner.tenant === tenant && owner.person === sim.person;
  const owners = [...sim.owners.values()].sort((one, other) => Number(isHere(other)) - Number(isHere(one)));
  for (const owner of owners) await checkFor(sim, owner);
}

async function checkFor(sim: Simulation, owner: Owner): Promise<void> {
  const { tenant, person } = owner;
  for (const tab of sim.tabs) {
    const isHere = tab.tenant === tenant && tab.chat.user?.id === person && tab.chat.state !== 'unauthorized';
    sim.person = person;
    if (!isHere) sim.signIn(tab, owner);
    sim.show(tab);
  }
  await sim.clock.advance(MAX_RECONNECT_MS);
  for (const { chat } of sim.tabs) assert.equal(chat.state, 'connected', chat.reason.message);
  const server = sim.servers[tenant];
  resumeUploads(sim);
  const showAll = (): void => sim.tabs.forEach((tab) => sim.show(tab, server.roomsOf(person)));
  showAll();
  await sim.clock.advance(CHECK_MS);
  // Rooms that were created meanwhile.
  showAll();
  await sim.clock.advance(LOAD_MS);
  sim.checkInvariants();
  for (const tab of sim.tabs) {
    assert.equal(tab.chat.user?.id, person, 'user');
    checkUnconfirmed(tab);
    checkRoomList(tab, server);
    for (const room of server.roomsOf(person)) compareRoom(tab, server, room);
  }
  checkConversations(sim, owner);
  checkSent(sim, owner);
  await checkFiles(sim, owner);
}

/** Asserts that every message is stored, failed or discarded; stored at most once, in order, and as its author. */
function checkSent(sim: Simulation, { tenant, person }: Owner): void {
  const { discarded, retried } = sim.scenario;
  const rows = sim.servers[tenant].rows.filter(({ sender }) => sender === person);
  const identityOfRow = ({ versions }: Row): string => identityOf(versions[0]!);
  const sent = sim.scenario.sent.filter((message) => message.tenant === tenant && message.person === person);
  const shown = sim.tabs.flatMap(({ chat }) => [...chat.data.threads.keys()].flatMap((room) => chat.messages(room)));
  for (const { identity, tab } of sent) {
    const stored = rows.filter((row) => identityOfRow(row) === identity).length;
    assert.ok(stored <= 1, `stored ${stored} times: ${identity}`);
    if (stored === 1 || discarded.has(identity)) continue;
    // Messages that were never shown, or exist in the memory of a closed tab only, may be lost.
    if (tab.isGone && (tab.isBlocked || !tab.shown.has(identity))) continue;
    const found = shown.find((message) => message.delivery !== 'sent' && identityOf(message.content) === identity);
    assert.ok(found?.delivery === 'failed', `lost: ${identity} is ${found?.delivery ?? 'missing'}`);
  }
  // An edit that the client has confirmed.
  for (const [at, { tab, content }] of sim.scenario.edits.entries()) {
    // Messages from before the test have the same text in every room.
    const candidates = rows.filter((row) => identityOfRow(row) === identityOf(content));
    const isStored = candidates.some(({ versions }) => versions.includes(content));
    // In the outbox, a later edit replaces the text of an earlier one.
    const isReplaced = sim.scenario.edits
      .slice(at + 1)
      .some((later) => identityOf(later.content) === identityOf(content));
    assert.ok(candidates.length === 0 || tab.isGone || isStored || isReplaced, `lost edit: ${content}`);
  }
  // With latency between tabs, the order is only defined per tab.
  const writers =
    sim.hasLatency || sent.some(({ tab }) => tab.isBlocked) ? [...new Set(sent.map(({ tab }) => tab))] : [undefined];
  for (const room of new Set(sent.map((message) => message.room))) {
    const id = roomOfSent(sim.scenario, sim.servers[tenant], room);
    // Each tab may have a queue for the same new conversation.
    for (const writer of ROOMS_OF[person]!.includes(id!) ? writers : new Set(sent.map(({ tab }) => tab))) {
      const mine = sent.filter(
        (message) => message.room === room && (!writer || message.tab === writer) && !retried.has(message.identity),
      );
      const asked = mine.map(({ identity }) => identity);
      const got = rows.filter((row) => row.room === id && asked.includes(identityOfRow(row))).map(identityOfRow);
      assert.deepEqual(
        got,
        asked.filter((identity) => got.includes(identity)),
        `order in room ${room}`,
      );
    }
  }
}

/** Asserts that nothing is left after disconnecting. */
export async function checkDisposed(sim: Simulation): Promise<void> {
  for (const { chat, open } of sim.tabs) {
    chat.disconnect();
    // Time for pending operations; the other tabs continue meanwhile.
    await sim.clock.advance(sim.hasLatency ? 3_000 : 0);
    assert.deepEqual(open(), { channels: 0, locks: 0 }, 'a tab has left a channel or lock');
  }
  for (const { open } of sim.all) assert.equal(open.length, 0, 'a socket is left');
  assert.equal(sim.clock.pending, 0, 'a timer is left');
  assert.deepEqual(sim.browser.open, { channels: 0, locks: 0 }, 'a channel or lock is left');
  assert.deepEqual([sim.storage.holders, sim.storage.pending], [0, 0], 'the storage is still in use');
}
