/** People and rooms: names, members and settings, changed by this tab and by others; and what a tab shows of them. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Id } from '../../src/protocol/index.js';
import { DAN, EVE, isPair, mark, type ModelServer, type Settings } from '../support/model-server.js';
import { event, index, personIn, pick, type Event } from './events.js';
import type { Tab } from './scenario.js';
import type { Simulation } from './simulation.js';

const STRANGER = 99;
const someone = fc.constantFrom(DAN, EVE, EVE, STRANGER);

const changes = fc.constantFrom<Partial<Settings>>(
  { pinned: true },
  { pinned: false },
  { archived: true },
  { archived: false },
  { muted_until: '2027-01-01T00:00:00Z', notify: 'none' },
  { muted_until: null, notify: 'mentions' },
);

/** A tab, and a room that the server lists for it. */
function roomIn(sim: Simulation, at: number, which: number): { tab: Tab; id: Id } | undefined {
  const tab = pick(sim.tabs, which);
  const listed = tab?.chat.rooms.filter(({ id }) => typeof id === 'number');
  // The newest first: those are groups.
  const found =
    listed &&
    pick(
      [...listed].sort((one, other) => Number(other.id) - Number(one.id)),
      at,
    );
  return tab && found && { tab, id: found.id };
}

/** A group that the user of the first tab has created, whether or not the user is still a member. */
const groupOf = (sim: Simulation, at: number): number | undefined =>
  pick(
    sim.server.conversations.createdBy(personIn(sim, sim.tabs[0])).filter((room) => !isPair(room)),
    at,
  )?.id;

/** Marked, because a name is shown to the members only. */
const nameFor = ({ events }: Simulation, server: ModelServer, person: number): string =>
  `name ${events} ${mark(server.tenant, person)}`;

export const peopleEvents: fc.Arbitrary<Event>[] = [
  event('rename', fc.tuple(index, index), (sim, [at, which]) => {
    const found = roomIn(sim, at, which);
    if (!found?.tab.chat.user) return;
    const { tab, id } = found;
    const name = nameFor(sim, sim.servers[tab.tenant], personIn(sim, tab));
    tab.chat.room(id).rename(name).catch(sim.recordRejection);
  }),
  event('invite', fc.tuple(index, index, someone), (sim, [at, which, who]) => {
    const found = roomIn(sim, at, which);
    found?.tab.chat.room(found.id).invite([who]).catch(sim.recordRejection);
  }),
  event('remove member', fc.tuple(index, index, someone), (sim, [at, which, who]) => {
    const found = roomIn(sim, at, which);
    found?.tab.chat.room(found.id).removeMember(who).catch(sim.recordRejection);
  }),
  event('leave a group', fc.tuple(fc.nat(3), index), (sim, [at, which]) => {
    const found = roomIn(sim, at, which);
    // The rooms of the beginning stay, for the other events.
    if (found && Number(found.id) >= 100) found.tab.chat.room(found.id).leave().catch(sim.recordRejection);
  }),
  event('settings', fc.tuple(index, index, changes), (sim, [at, which, change]) => {
    const found = roomIn(sim, at, which);
    found?.tab.chat
      .room(found.id)
      .changeSettings(change as never)
      .catch(sim.recordRejection);
  }),
  event('list people', fc.tuple(index, index), (sim, [at, which]) => {
    const found = roomIn(sim, at, which);
    if (!found) return;
    const { chat } = found.tab;
    chat.people.members(found.id).catch(sim.recordRejection);
    chat.people.search().catch(sim.recordRejection);
  }),
];

/** By another member, or by another device of the user. */
export const othersPeopleEvents: fc.Arbitrary<Event>[] = [
  event('others rename', index, (sim, at) => {
    const person = personIn(sim, sim.tabs[0]);
    const room = pick(sim.server.roomsOf(person), at);
    if (room !== undefined) sim.server.rename(room, nameFor(sim, sim.server, person));
  }),
  event('others change settings', fc.tuple(index, changes), (sim, [at, change]) => {
    const room = pick(sim.server.roomsOf(personIn(sim, sim.tabs[0])), at);
    if (room !== undefined) sim.server.changeSettings(room, change);
  }),
  event('others remove', fc.tuple(index, fc.boolean()), (sim, [at, isMe]) => {
    const room = groupOf(sim, at);
    if (room !== undefined) sim.server.removeMember(room, isMe ? personIn(sim, sim.tabs[0]) : DAN);
  }),
  event('others invite', fc.tuple(index, fc.boolean()), (sim, [at, isMe]) => {
    const room = groupOf(sim, at);
    if (room !== undefined) sim.server.invite(room, [isMe ? personIn(sim, sim.tabs[0]) : EVE]);
  }),
];

/** At rest, a tab lists the rooms of its user, with their names, members and settings. */
export function checkRoomList({ chat }: Tab, server: ModelServer): void {
  const listed = chat.rooms.filter(({ id }) => typeof id === 'number');
  const expected = server.roomsOf(Number(chat.user?.id));
  assert.deepEqual(listed.map(({ id }) => id as number).sort(), [...expected].sort(), 'the listed rooms');
  for (const { id, name, participants, participant_count, settings } of listed) {
    const shown = server.shown(id as number);
    const members = shown.participants.map((user) => (user as { id: number }).id);
    assert.deepEqual(
      { name, members: participants.map((user) => user.id), participant_count },
      { name: shown.name, members, participant_count: members.length },
      `name and members of room ${id}`,
    );
    if (server.has('room_settings'))
      assert.deepEqual(settings, server.settings(id as number), `settings of room ${id}`);
  }
}
