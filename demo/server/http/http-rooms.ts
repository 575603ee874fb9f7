/** REST routes of rooms. */
import type { Context as Call, Hono } from 'hono';
import { startDirect } from '../rooms/chat-actions.js';
import type { Context } from '../context.js';
import { answer, notFound } from './http-responses.js';
import { encodeCursor, readCursor } from './cursors.js';
import { limitRate } from './http-middleware.js';
import { json, roomOf, type Env } from './http-params.js';
import { RequestError, toId } from '../errors.js';
import { getRoom, listRooms, ROOMS_PER_PAGE, type RoomPosition } from '../rooms/rooms.js';

export function addRoomRoutes(app: Hono<Env>, context: Context, api: string): void {
  app.get(`${api}/rooms/`, limitRate(context, 'listsPerUser'), async (call) => {
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

function nextUrl(call: Call<Env>, position: RoomPosition): string {
  const url = new URL(call.req.url);
  url.searchParams.set('cursor', encodeCursor(position));
  return url.href;
}
