/** Rooms and their counts, by socket and by REST. */
import { isAnswer } from './raw-request.js';
import type { Exam } from './check-context.js';
import { listed, pageOf, type Listed } from './rooms.js';
import { typed, type Talk } from './recording-socket.js';
import { some } from './times.js';

type Counts = Map<string, { name: string; unread: number }>;

const countsOf = (rooms: readonly Listed[]): Counts => new Map(rooms.map(({ id, name, unread }) => [String(id), { name: `room ${id} (${name})`, unread }]));

export async function checkCounts(exam: Exam, talk: Talk): Promise<void> {
  const { findings } = exam;
  const list = talk.heard.findLast(typed('room_list'))?.['rooms'];
  if (!Array.isArray(list) || !exam.restWorks) return findings.skip('it takes a room list from both', 'rooms.same', 'rooms.unread');
  exam.begin('rooms.unread');
  const [bySocket, byRest] = [countsOf(listed(list)), countsOf(exam.rooms)];
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
  const page = isAnswer(asked) ? pageOf(asked.json) : undefined;
  const now = countsOf(listed(page?.results ?? []));
  return new Set([...now].flatMap(([id, room]) => (before.get(id)?.unread === room.unread ? [] : [id])));
}
