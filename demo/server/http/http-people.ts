/** REST routes of the capabilities `people`, `create_room`, `manage_room` and `room_settings`. */
import type { Context as Call, Hono } from 'hono';
import type { Context } from '../context.js';
import { toId } from '../errors.js';
import { createRoom } from '../rooms/create-room.js';
import { changeRoom, invite, removeMember } from '../rooms/manage-room.js';
import { findPeople, listMembers, readQuery, type Page, type PeopleQuery } from '../rooms/people.js';
import { changeSettings } from '../rooms/room-settings.js';
import { encodeNameCursor, readNameCursor } from './cursors.js';
import { limitRate, needs } from './http-middleware.js';
import { json, roomOf, type Env } from './http-params.js';
import { answer } from './http-responses.js';

export function addPeopleRoutes(app: Hono<Env>, context: Context, api: string): void {
  const changes = limitRate(context, 'roomChangesPerUser');
  const lists = limitRate(context, 'listsPerUser');

  app.get(`${api}/people/`, needs(context, 'people'), lists, async (call) =>
    answer(context, 200, onTheWire(await findPeople(context, call.get('viewer'), queryOf(call)))),
  );

  app.get(`${api}/rooms/:id/members/`, needs(context, 'people'), lists, async (call) =>
    answer(context, 200, onTheWire(await listMembers(context, call.get('viewer'), roomOf(call), queryOf(call)))),
  );

  app.post(`${api}/rooms/`, needs(context, 'create_room'), limitRate(context, 'directRoomsPerUser'), async (call) => {
    const key = call.req.header('Idempotency-Key') || undefined;
    const result = await createRoom(context, call.get('viewer'), await json(call), key);
    return answer(context, result.created ? 201 : 200, result);
  });

  app.patch(`${api}/rooms/:id/`, needs(context, 'manage_room'), changes, async (call) =>
    answer(context, 200, await changeRoom(context, call.get('viewer'), roomOf(call), await json(call))),
  );

  app.post(`${api}/rooms/:id/members/`, needs(context, 'manage_room'), changes, async (call) =>
    answer(context, 200, {
      items: await invite(context, call.get('viewer'), roomOf(call), await json(call)),
    }),
  );

  app.delete(`${api}/rooms/:id/members/:user/`, needs(context, 'manage_room'), changes, async (call) => {
    await removeMember(context, call.get('viewer'), roomOf(call), toId(call.req.param('user')));
    return call.body(null, 204);
  });

  app.patch(`${api}/rooms/:id/me/`, needs(context, 'room_settings'), changes, async (call) =>
    answer(context, 200, await changeSettings(context, call.get('viewer'), roomOf(call), await json(call))),
  );
}

const queryOf = (call: Call<Env>): PeopleQuery => ({ q: readQuery(call.req.query('q')), after: readNameCursor(call) });

const onTheWire = <Item>({ items, next }: Page<Item>): object => ({ items, next: next && encodeNameCursor(next) });
