/** Conversations that are created with their first message: their events, and what holds for them at the end. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isNewRoom } from '../../src/model/index.js';
import type { Id } from '../../src/protocol/index.js';
import { DAN, isPair, isSameTopic, mark, OTHER, type ModelServer, type Topic } from '../support/model-server.js';
import { event, index, personIn, pick, type Event } from './events.js';
import { roomIdOf, sendIn } from './room-events.js';
import { identityOf, type Owner, type Scenario, type Tab } from './scenario.js';
import type { Simulation } from './simulation.js';

const STRANGER = 99;

const TOPICS: Record<string, Topic> = {
  direct: { userIds: [OTHER] },
  job: { userIds: [OTHER], context: { type: 'job', id: 'j1' } },
  'other job': { userIds: [OTHER], context: { type: 'job', id: 'j2' } },
  group: { userIds: [OTHER, DAN], name: 'Group' },
  named: { userIds: [OTHER], name: 'Named' },
  stranger: { userIds: [STRANGER] },
};
const topic = fc.constantFrom('direct', 'direct', 'job', 'job', 'other job', 'group', 'named', 'stranger');

/** A tab opens a conversation. @param isShown whether it also shows its thread. */
function openConversation(
  sim: Simulation,
  tab: Tab,
  { userIds, name, context }: Topic,
  isShown: boolean,
  text?: string,
) {
  const { tenant, chat } = tab;
  const person = personIn(sim, tab);
  const isKnown = chat.user !== null;
  const content = text && `${text} ${isKnown ? mark(tenant, person) : '[??]'} ${sim.scenario.sent.length}`;
  chat
    .openConversation({ with: userIds, name, context, text: content })
    .then((room) => {
      if (isKnown && content)
        sim.scenario.sent.push({ identity: identityOf(content), room, tenant, person, tab, files: [] });
      if (isKnown && isNewRoom(room)) sim.scenario.opened.set(room, { tenant, person, userIds, name, context });
      if (isShown && !tab.isGone) sim.show(tab, [room]);
    })
    .catch(sim.recordRejection);
}

/** The conversations that a tab knows. */
const conversationsIn = ({ chat }: Tab): Id[] =>
  [...chat.data.threads.keys()].map(roomIdOf).filter((id) => isNewRoom(id) || Number(id) >= 100);

const mostly = fc.constantFrom(true, true, true, false);

export const conversationEvents: fc.Arbitrary<Event>[] = [
  event('open conversation', fc.tuple(topic, index, mostly, fc.boolean()), (sim, [about, which, text, isShown]) => {
    const tab = pick(sim.tabs, which);
    if (tab) openConversation(sim, tab, TOPICS[about]!, isShown, text ? 'first' : undefined);
  }),
  event('send in a conversation', fc.tuple(index, index), (sim, [at, which]) => {
    const tab = pick(sim.tabs, which);
    const room = tab && pick(conversationsIn(tab), at);
    if (tab && room !== undefined) sendIn(sim, tab, room, 'next');
  }),
  event('others send in a conversation', index, (sim, at) => {
    const { server } = sim;
    const person = personIn(sim, sim.tabs[0]);
    const room = pick(server.conversations.createdBy(person), at);
    if (room) server.store(room.id, OTHER, `theirs ${mark(server.tenant, person)} ${server.rows.length}`);
  }),
];

// ————— At the end

/** The server's id of the room of a sent message; undefined if it was never created. */
export function roomOfSent({ opened }: Scenario, server: ModelServer, room: Id): number | undefined {
  if (!isNewRoom(room)) return room as number;
  const about = opened.get(room)!;
  const mine = server.conversations.createdBy(about.person).filter((each) => isSameTopic(each, about));
  return mine.find(({ keys }) => isPair(about) || keys.has(String(room)))?.id;
}

/** Each pair has one room per context, and each group was created once; every message is in the room it was sent to. */
export function checkConversations(sim: Simulation, { tenant, person }: Owner): void {
  const server = sim.servers[tenant];
  const rooms = server.conversations.createdBy(person);
  for (const room of rooms) {
    const same = rooms.filter((each) => isSameTopic(each, room));
    if (isPair(room)) assert.equal(same.length, 1, `rooms about ${JSON.stringify(room)}`);
    else assert.equal(room.keys.size, 1, 'a group has one key');
  }
  for (const { identity, room, ...owner } of sim.scenario.sent) {
    if (owner.tenant !== tenant || owner.person !== person) continue;
    const expected = roomOfSent(sim.scenario, server, room);
    for (const row of server.rows)
      if (row.sender === person && identityOf(row.versions[0]!) === identity)
        assert.equal(row.room, expected, `the room of ${identity}, sent to ${room}`);
  }
  for (const { chat } of sim.tabs) {
    const left = [...chat.data.createdRooms].filter(([id]) => chat.data.newRooms.has(id));
    assert.deepEqual(left, [], 'created rooms that are still shown as new');
    const ids = chat.rooms.map(({ id }) => String(id));
    assert.equal(new Set(ids).size, ids.length, `a room is listed twice: ${ids.join()}`);
  }
}
