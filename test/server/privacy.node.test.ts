/** User data visible to other users: only the columns named in PROTOCOL.md. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ANA, BEN, CLEO, join, openSocket, rest, ROOM, withServer, type Frame } from './support.js';

const PHONE = '+49 151 5550199';
const NAMED = ['first_name', 'id', 'last_name', 'profile_picture', 'role', 'username'];

/** All user objects in an answer. */
function usersIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  const inside = Object.values(value).flatMap(usersIn);
  return 'first_name' in value ? [value, ...inside] : inside;
}

for (const baseline of [false, true]) {
  it(`10.33: sends no e-mail address and no phone number (${baseline ? 'baseline' : 'full'})`, () =>
    withServer({ baseline }, async (server) => {
      await server.database.query('update users set phone_number = $1', [PHONE]);
      const heard: unknown[] = [];
      const get = async (
        userId: number,
        ...request: [path: string, init?: RequestInit & { json?: unknown }]
      ): Promise<Record<string, unknown>> => {
        const { body } = await rest(server, userId, ...request);
        heard.push(body);
        return body as Record<string, unknown>;
      };
      const [ana, ben] = [await join(server, ANA, ROOM), await join(server, BEN, ROOM)];
      const notifications = await openSocket(server, await server.signToken(CLEO), {
        path: `/ws/notifications/${CLEO}/`,
      });
      heard.push(await ana.ask({ type: 'get_room_list' }, 'room_list'));
      const stranger = await get(ANA, 'rooms/start_dm/', { json: { user_id: CLEO } });
      const { id } = await get(ANA, `rooms/${ROOM}/send_message/`, { json: { room: ROOM, content: 'hello' } });
      await get(ANA, 'rooms/2/send_message/', { json: { room: 2, content: 'for Cleo too' } });
      for (const path of ['rooms/', `rooms/${ROOM}/`, `rooms/${ROOM}/messages/`]) await get(BEN, path);
      if (!baseline) {
        await get(ANA, `messages/${id as number}/`, { method: 'PATCH', body: JSON.stringify({ content: 'hello!' }) });
        await get(BEN, `messages/${id as number}/reactions/`, { json: { emoji: '👍', on: true } });
        heard.push(await ben.ask({ type: 'sync', rooms: { [ROOM]: 0 } }, 'sync_result'));
        await get(ANA, `messages/${id as number}/`, { method: 'DELETE' });
      }
      ben.send({ type: 'send_message', room_id: ROOM, content: 'by socket', _tempId: 't' });
      ben.send({ type: 'mark_read', room_id: ROOM });
      ben.send({ type: 'typing', room_id: ROOM });
      for (const client of [ben, ana]) heard.push(...(await client.settle()));
      heard.push(await notifications.take('recent_notifications'), await notifications.take('new_notification'));

      const text = JSON.stringify(heard);
      for (const word of [PHONE, '@example.com', 'email', 'phone', 'country_code'])
        assert.ok(!text.includes(word), word);
      const users = usersIn(heard);
      assert.ok(users.length > 20);
      for (const user of users) assert.deepEqual(Object.keys(user).sort(), NAMED);
      assert.ok(
        usersIn(stranger).some((user) => user['id'] === CLEO),
        'a new contact, whose name Ana now knows',
      );
      const types = heard.map((frame) => (frame as Frame | undefined)?.type);
      assert.ok(types.includes('new_message') && types.includes('new_notification'), types.join());
      for (const client of [ana, ben, notifications]) client.close();
    }));
}
