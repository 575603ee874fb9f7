/** Capability `mark_unread`: counts stay exact after any sequence of reading, marking as unread, sending and deleting. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import fc from 'fast-check';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, rest } from './support.js';

const ROOM = 900;
let server: RunningServer;
before(async () => {
  server = await startServer({ limits: { rate: 100_000, deletesPerUser: 100_000 } });
  await server.database.query(`insert into rooms (id, name, room_type) values (${ROOM}, 'Group', 'general')`);
  await server.database.query(
    `insert into members (room_id, user_id) values (${ROOM}, ${ANA}), (${ROOM}, ${BEN}), (${ROOM}, ${CLEO})`,
  );
});
after(() => server.close());

const step = fc.record({
  by: fc.constantFrom(ANA, BEN, CLEO),
  act: fc.constantFrom('send', 'send', 'unread', 'read', 'read one', 'delete'),
  pick: fc.nat(50),
});

it('13.3: the maintained count equals a count of the messages, and no receipt moves back', async () => {
  const ids: { id: number; by: number }[] = [];
  const receipts = async (): Promise<Map<number, number>> => {
    const { body } = await rest(server, ANA, `rooms/${ROOM}/receipts/`);
    return new Map((body.items as { user_id: number; up_to: number }[]).map(({ user_id, up_to }) => [user_id, up_to]));
  };
  /** What each user has not read, by the definition. */
  const unread = new Map<number, Set<number>>([ANA, BEN, CLEO].map((user) => [user, new Set<number>()]));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 20 }), async (steps) => {
      for (const { by, act, pick } of steps) {
        const before = await receipts();
        const one = ids[pick % Math.max(1, ids.length)];
        if (act === 'send') {
          const sent = await rest(server, by, `rooms/${ROOM}/send_message/`, { json: { room: ROOM, content: 'text' } });
          ids.push({ id: (sent.body as { id: number }).id, by });
          for (const [user, set] of unread) if (user !== by) set.add(ids.at(-1)!.id);
        } else if (!one) continue;
        else if (act === 'unread') {
          await rest(server, by, `messages/${one.id}/mark_unread/`, { json: {} });
          for (const { id, by: author } of ids) if (id >= one.id && author !== by) unread.get(by)!.add(id);
        } else if (act === 'read') {
          await server.database.query('select mark_read_up_to($1, $2, $3)', [ROOM, by, one.id]);
          for (const { id } of ids) if (id <= one.id) unread.get(by)!.delete(id);
        } else if (act === 'read one') {
          const { status } = await rest(server, by, `messages/${one.id}/mark_read/`, { json: {} });
          if (status === 200) unread.get(by)!.delete(one.id);
        } else {
          const { status } = await rest(server, one.by, `messages/${one.id}/`, { method: 'DELETE' });
          assert.equal(status, 204);
          ids.splice(ids.indexOf(one), 1);
          for (const set of unread.values()) set.delete(one.id);
        }
        for (const [user, set] of unread) {
          const { body } = await rest(server, user, `rooms/${ROOM}/`);
          const first = set.size > 0 ? Math.min(...set) : null;
          assert.deepEqual(
            [body.unread_count, body.first_unread_id],
            [set.size, first],
            `${act} by ${by}, seen by ${user}`,
          );
        }
        for (const [user, upTo] of before) assert.ok((await receipts()).get(user)! >= upTo, `${act} by ${by}`);
      }
    }),
    { numRuns: 8 },
  );
});
