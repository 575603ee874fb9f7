/** Compares the rooms and unread counts of the WebSocket with those of REST. */
import type { CheckContext } from './check-context.js';
import { formatList } from './format-list.js';
import { isResponse } from './raw-request.js';
import { hasType, type RecordingSocket } from './recording-socket.js';
import { readRoomPage, usableRooms, type ListedRoom } from './rooms.js';

type RoomsById = Map<string, { label: string; unread: number }>;

const byId = (rooms: readonly ListedRoom[]): RoomsById =>
  new Map(rooms.map(({ id, name, unread }) => [String(id), { label: `room ${id} (${name})`, unread }]));

export async function checkRoomConsistency(context: CheckContext, socket: RecordingSocket): Promise<void> {
  const { findings } = context;
  const list = socket.received.findLast(hasType('room_list'))?.['rooms'];
  if (!Array.isArray(list) || !context.restWorks) {
    return findings.skip('this needs a room list from both WebSocket and REST', 'rooms.consistent', 'rooms.unread');
  }
  context.startCheck('rooms.unread');
  const onSocket = byId(usableRooms(list));
  const onRest = byId(context.rooms);
  const differences = [
    ...labelsMissingIn(onRest, onSocket).map((label) => `${label} is only on the WebSocket`),
    ...labelsMissingIn(onSocket, onRest).map((label) => `${label} is only on REST`),
  ];
  if (differences.length > 0) {
    const fix = 'Build both lists with the same query and the same serializer, for the same user.';
    findings.fail('rooms.consistent', `${formatList(differences)}.`, fix);
  } else findings.pass('rooms.consistent', `WebSocket and REST list the same ${onRest.size} rooms.`);
  const changedIds = await findChangedRooms(context, onRest);
  const mismatches = [...onRest].flatMap(([id, { label, unread }]) => {
    const other = onSocket.get(id);
    if (!other || other.unread === unread || changedIds.has(id)) return [];
    return [`${label}: ${other.unread} on the WebSocket, ${unread} on REST`];
  });
  if (mismatches.length === 0) return findings.pass('rooms.unread');
  findings.fail(
    'rooms.unread',
    `The unread counts differ: ${formatList(mismatches)}.`,
    'Compute the count in one function, and use it for both. A common cause of 0 on the WebSocket: the query runs ' +
      'without the user.',
  );
}

const labelsMissingIn = (rooms: RoomsById, others: RoomsById): string[] =>
  [...others].flatMap(([id, { label }]) => (rooms.has(id) ? [] : [label]));

/** Rooms whose count has changed since `before` was read: a difference there is no error. */
async function findChangedRooms(context: CheckContext, before: RoomsById): Promise<Set<string>> {
  const result = await context.request('rooms/');
  const page = isResponse(result) ? readRoomPage(result.json) : undefined;
  const now = byId(usableRooms(page?.results ?? []));
  return new Set([...now].flatMap(([id, room]) => (before.get(id)?.unread === room.unread ? [] : [id])));
}
