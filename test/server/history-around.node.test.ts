/** Capability `around`: the limits of its parameters. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, rest, ROOM } from './support.js';

let server: RunningServer;
let ids: number[];
before(async () => {
  server = await startServer();
  const rows = await server.database.query<{ id: number }>(
    `select id from messages where room_id = ${ROOM} order by created_at, id`,
  );
  ids = rows.map(({ id }) => id);
});
after(() => server.close());

const part = async (query: string) => (await rest(server, ANA, `rooms/${ROOM}/messages/?${query}`)).body;

it('13.2: has as many messages as asked for, and says what is before and after them', async () => {
  for (const limit of [1, 2, 3, 7, 100]) {
    for (const around of [ids[0]!, ids[5]!, ids.at(-1)!]) {
      const { messages, has_older, has_newer, target_id } = await part(`around=${around}&limit=${limit}`);
      const shown = (messages as { id: number }[]).map(({ id }) => id);
      const from = ids.indexOf(shown[0]!);
      assert.ok(shown.length >= 1 && shown.length <= limit && shown.includes(around), `${limit} around ${around}`);
      assert.deepEqual(shown, ids.slice(from, from + shown.length));
      assert.deepEqual([has_older, has_newer, target_id], [from > 0, from + shown.length < ids.length, around]);
    }
  }
});

it('13.2: a time that PostgreSQL cannot read is refused', async () => {
  for (const at of ['-271821-04-20T00:00:00Z', '+275760-09-13T00:00:00Z', '0000-01-01T00:00:00Z', 'yesterday']) {
    const { status, body } = await rest(server, ANA, `rooms/${ROOM}/messages/?at=${encodeURIComponent(at)}`);
    assert.deepEqual([status, body], [400, { at: ['Must be a time: 2026-11-28T12:00:00Z.'] }], at);
  }
});
