/** The room list of REST, in its raw form. */
import type { Id } from '../protocol/index.js';
import type { CheckContext } from './check-context.js';
import { formatList } from './format-list.js';
import { isResponse, type RestResponse } from './raw-request.js';
import { checkMembership, correctTypes } from './remedies.js';
import { readRoomPage, usableRooms } from './rooms.js';
import { ROOM, ROOM_ID } from './shapes.js';
import { parseUrl } from '../internal/url.js';

/** Stops at a `next` link that never ends. */
const MAX_PAGES = 20;

/** @param first the response to `GET rooms/`. */
export async function checkRooms(context: CheckContext, first: RestResponse): Promise<void> {
  const { findings } = context;
  context.startCheck('rooms.list');
  const list = await readAllPages(context, first);
  if ('problem' in list) {
    findings.fail(
      'rooms.list',
      list.problem,
      'Answer GET rooms/ with an array of rooms, or with pages {"results": […], "next": "…?page=2"}, the last one ' +
        'with "next": null.',
    );
    return findings.skip('there is no room list', 'rooms.fields', 'rooms.detail');
  }
  const rooms = usableRooms(list.rooms);
  context.rooms = rooms;
  context.roomEntries = list.rooms;
  const unusable = list.rooms.flatMap((room, index) => ROOM_ID(room, `rooms[${index}]`));
  if (unusable.length > 0) {
    const message = `${unusable.length} of ${list.rooms.length} rooms cannot be displayed: ${formatList(unusable)}.`;
    findings.fail('rooms.list', message, 'Give each room an id: an integer up to 2^53 − 1, or a non-empty string.');
  } else if (rooms.length === 0) findings.pass('rooms.list', 'The list is empty: this user has no rooms.');
  else {
    const names = rooms.map(({ id, name }) => `${id} (${name || 'unnamed'})`);
    findings.pass('rooms.list', `${rooms.length} rooms: ${formatList(names, 8)}.`);
  }
  const problems = list.rooms.flatMap((room, index) => ROOM(room, `rooms[${index}]`));
  const wrongFields = problems.filter((problem) => !unusable.includes(problem));
  if (wrongFields.length > 0) findings.fail('rooms.fields', `${formatList(wrongFields)}.`, ROOM_TYPES_FIX);
  else findings.pass('rooms.fields');
  context.restBodies.push(['rooms', list.rooms]);
  await checkSingleRoom(context, rooms[0]?.id);
}

const ROOM_TYPES_FIX = `${correctTypes} The widget ignores a field of another type.`;

/** @param token whose list `first` is the first page of. */
async function readAllPages(
  context: CheckContext,
  first: RestResponse,
  token = context.options.token,
): Promise<{ rooms: unknown[] } | { problem: string }> {
  const rooms: unknown[] = [];
  let response = first;
  for (let page = 1; page <= MAX_PAGES; page++) {
    const body = readRoomPage(response.json);
    if (!body && page === 1) return { problem: 'The response to GET rooms/ is not a list of rooms.' };
    if (!body) return { problem: `Page ${page} of GET rooms/ is not a list of rooms (${response.status}).` };
    rooms.push(...body.results);
    if (body.next === null) return { rooms };
    const next = parseUrl(body.next, context.options.address.api);
    if (!next) return { problem: `The field 'next' of page ${page} of GET rooms/ is not a URL.` };
    const result = await context.request(`rooms/${next.search}`, { token });
    if (!isResponse(result)) return { problem: `Page ${page + 1} of GET rooms/ failed to load: ${result.reason}` };
    response = result;
  }
  return { problem: `GET rooms/ has more than ${MAX_PAGES} pages, or its 'next' links form a loop.` };
}

async function checkSingleRoom(context: CheckContext, roomId: Id | undefined): Promise<void> {
  const { findings } = context;
  if (roomId === undefined) return findings.skip('there is no room to request', 'rooms.detail');
  context.startCheck('rooms.detail');
  const path = `rooms/${encodeURIComponent(roomId)}/`;
  const result = await context.request(path);
  if (!isResponse(result)) return findings.fail('rooms.detail', result.reason, result.fix);
  const request = `GET ${context.routePath(path)}`;
  if (result.status !== 200 || result.json === undefined) {
    return findings.fail(
      'rooms.detail',
      `${request} returned ${result.status}.`,
      'Serve each room of the list at this path.',
    );
  }
  const problems = ROOM(result.json, 'room');
  if (problems.length > 0) return findings.fail('rooms.detail', `${formatList(problems)}.`, ROOM_TYPES_FIX);
  findings.pass('rooms.detail', `${request} returned the room.`);
}

/** The room list of the second user, as raw rooms; undefined if there is none. */
export async function readSecondList(context: CheckContext): Promise<unknown[] | undefined> {
  const token = context.options.secondToken;
  const first = await context.request('rooms/', { token });
  const list = isResponse(first) ? await readAllPages(context, first, token) : undefined;
  return list && 'rooms' in list ? list.rooms : undefined;
}

/** With two users: whether one can read a room of the other. */
export async function checkForeignRooms(context: CheckContext): Promise<void> {
  const { findings, options } = context;
  const token = options.secondToken;
  if (!token) return;
  context.startCheck('rooms.access');
  const list = await readSecondList(context);
  if (!list) return findings.skip('the second token gets no room list', 'rooms.access');
  context.secondRoomIds = new Set(usableRooms(list).map(({ id }) => String(id)));
  const foreign = context.foreignRoom;
  if (!foreign) return findings.skip(IN_EVERY_ROOM, 'rooms.access');
  const result = await context.request(`rooms/${encodeURIComponent(foreign.id)}/`, { token });
  if (!isResponse(result)) return findings.skip(result.reason, 'rooms.access');
  if (result.status < 400) {
    const message = `Room ${foreign.id} is readable for a user who is not a member.`;
    return findings.fail('rooms.access', message, `${checkMembership} Return 404 (or 403) for others.`);
  }
  findings.pass('rooms.access', `Room ${foreign.id} is closed to the second user (${result.status}).`);
}

export const IN_EVERY_ROOM = 'the second user is in every room of the first';
