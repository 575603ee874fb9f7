/** Rooms and their counts, by socket and by REST. */
import { checkEach, Room, roomsPage, type ChatFrame } from '../protocol/index.js';
import { isAnswer } from './ask.js';
import type { Exam } from './exam.js';
import { typed, type Talk } from './talk.js';
import { some } from './times.js';

type Counts = Map<string, { name: string; unread: number }>;

const countsOf = (rooms: readonly Room[]): Counts => new Map(rooms.map(({ id, name, unread_count }) => [String(id), { name: `room ${id} (${name})`, unread: unread_count }]));

export async function checkCounts(exam: Exam, talk: Talk): Promise<void> {
  const { findings } = exam;
  const list = talk.heard.findLast(typed('room_list'))?.frame as Extract<ChatFrame, { type: 'room_list' }> | undefined;
  if (!list || !exam.restWorks) return findings.skip('it takes a room list from both', 'rooms.same', 'rooms.unread');
  exam.begin('rooms.unread');
  const [bySocket, byRest] = [countsOf(list.rooms), countsOf(exam.rooms)];
  const only = [...missingIn(byRest, bySocket, 'only on the socket'), ...missingIn(bySocket, byRest, 'only on REST')];
  if (only.length > 0) findings.wrong('rooms.same', `${some(only)}.`, 'Make both from one query: the same rooms, in the same shape, for the same person.');
  else findings.pass('rooms.same', `Socket and REST list the same ${byRest.size} rooms.`);
  const changed = await changedSince(exam, byRest);
  const odd = [...byRest].flatMap(([id, { name, unread }]) => {
    const other = bySocket.get(id);
    return other && other.unread !== unread && !changed.has(id) ? [`${name}: ${other.unread} on the socket, ${unread} on REST`] : [];
  });
  if (odd.length > 0) findings.wrong('rooms.unread', `The numbers of unread messages differ: ${some(odd)}.`, 'Count in one place and use it for both. Often the socket has no user where the count is made, and says 0.');
  else findings.pass('rooms.unread');
}

const missingIn = (counts: Counts, other: Counts, where: string): string[] => [...other].flatMap(([id, { name }]) => (counts.has(id) ? [] : [`${name} is ${where}`]));

/** Rooms in which something has happened meanwhile: their counts prove nothing. */
async function changedSince(exam: Exam, before: Counts): Promise<Set<string>> {
  const asked = await exam.ask('rooms/');
  const page = isAnswer(asked) ? roomsPage(asked.json) : undefined;
  const now = page?.ok ? countsOf(checkEach(Room, page.value.results, '').items) : new Map<string, never>();
  return new Set([...now].flatMap(([id, room]) => (before.get(id)?.unread === room.unread ? [] : [id])));
}
