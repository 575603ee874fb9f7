/** REST routes of rooms. */
import type { Context as Call, Hono } from 'hono';
import { startDirect } from '../rooms/chat-actions.js';
import { has } from '../capabilities.js';
import type { Context } from '../context.js';
import { answer, field, notFound } from './http-responses.js';
import { encodeCursor, readCursor } from './cursors.js';
import { limitRate } from './http-middleware.js';
import { cursor, json, roomOf, type Env } from './http-params.js';
import { RequestError, toId } from '../errors.js';
import { listRoomPage, type AsOf, type PagePosition } from '../rooms/room-pages.js';
import { getRoom, listRooms, ROOMS_PER_PAGE, type RoomPosition } from '../rooms/rooms.js';

export function addRoomRoutes(app: Hono<Env>, context: Context, api: string): void {
  app.get(`${api}/rooms/`, limitRate(context, 'listsPerUser'), async (call) => {
    if (has(context.options, 'room_pages') && PAGED.some((name) => call.req.query(name) !== undefined))
      return answer(context, 200, await roomPage(context, call));
    const [updated, id] = readCursor(call, 2) ?? [];
    const after = updated === undefined || id === undefined ? undefined : ([updated, id] as const);
    const limit = context.differences.roomsPerPage(ROOMS_PER_PAGE);
    const { rooms, next } = await listRooms(context, call.get('viewer').id, { after, limit });
    return answer(
      context,
      200,
      context.differences.roomPage(rooms, { isFirst: !after, next: next && nextUrl(call, next) }),
    );
  });

  app.get(`${api}/rooms/:id/`, async (call) => {
    const room = await getRoom(context, call.get('viewer').id, roomOf(call));
    return room ? answer(context, 200, room) : notFound(context);
  });

  app.post(`${api}/rooms/start_dm/`, limitRate(context, 'directRoomsPerUser'), async (call) => {
    const userId = (await json(call))['user_id'];
    if (userId === undefined) throw new RequestError('invalid', 'This field is required.', { field: 'user_id' });
    const { room, created } = await startDirect(context, call.get('viewer'), toId(userId));
    return answer(context, created ? 201 : 200, { room, created });
  });
}

/** The parameters that ask for a page of the capability `room_pages`. */
const PAGED = ['limit', 'archived', 'since'];
const MAX_LIMIT = 200;

async function roomPage(context: Context, call: Call<Env>): Promise<object> {
  const limit = cursor(call, 'limit') ?? MAX_LIMIT;
  if (limit < 1) throw field('limit', 'Ensure this value is greater than or equal to 1.');
  const archived = call.req.query('archived') ?? 'false';
  if (archived !== 'true' && archived !== 'false') throw field('archived', 'Must be true or false.');
  const page = await listRoomPage(context, call.get('viewer').id, {
    after: readCursor(call, 3) as PagePosition | undefined,
    limit: Math.min(limit, MAX_LIMIT),
    isArchived: archived === 'true',
    since: readCursor(call, 2, 'since') as AsOf | undefined,
  });
  const { items, next, asOf, removed, isExpired: expired } = page;
  const rooms = context.differences.rooms(items, 'rest');
  return { items: rooms, next: next && encodeCursor(next), as_of: encodeCursor(asOf), removed, expired };
}

function nextUrl(call: Call<Env>, position: RoomPosition): string {
  const url = new URL(call.req.url);
  url.searchParams.set('cursor', encodeCursor(position));
  return url.href;
}
