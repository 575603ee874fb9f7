import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, join, rest, ROOM } from './support.js';

const JOB = 2;

describe('unread counts', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ limits: { rate: 100_000 } });
  });
  after(() => server.close());

  type Counts = Record<string, number>;
  const counts = (rooms: { id: number; unread_count: number }[]): Counts =>
    Object.fromEntries(rooms.map(({ id, unread_count }) => [id, unread_count]));
  const byRest = async (userId: number): Promise<Counts> => counts((await rest(server, userId, 'rooms/')).body);
  async function bySocket(userId: number): Promise<Counts> {
    const client = await join(server, userId);
    const { rooms } = await client.ask({ type: 'get_room_list' }, 'room_list');
    client.close();
    return counts(rooms as { id: number; unread_count: number }[]);
  }

  it('socket and REST give the same unread counts, per user', async () => {
    // A past bug: one code path counted per user; the other ignored the user, and returned 0 or the same count for
    // everyone.
    for (const userId of [ANA, BEN, CLEO])
      assert.deepEqual(await bySocket(userId), await byRest(userId), `user ${userId}`);
    assert.notDeepEqual(await byRest(ANA), await byRest(BEN), 'the seed has different counts for different users');
    assert.ok(Object.values(await bySocket(ANA)).some((count) => count > 0));
    const single = (await rest(server, ANA, `rooms/${JOB}/`)).body.unread_count;
    assert.equal(single, (await bySocket(ANA))[JOB]);
    // The SQL function cannot be called without a user.
    await assert.rejects(server.database.query('select unread_count(1)'), /unread_count/);
  });

  it('socket and REST stay consistent and correct after any sequence of sends and reads', async () => {
    const users = [ANA, BEN, CLEO];
    const clients = new Map(await Promise.all(users.map(async (id) => [id, await join(server, id)] as const)));
    for (const id of users) await clients.get(id)!.ask({ type: 'mark_read', room_id: JOB }, 'messages_marked_read');
    /** Expected unread messages per user, tracked independently. */
    const expected = new Map(users.map((id) => [id, new Set<number>()]));
    const step = fc.record({
      user: fc.constantFrom(...users),
      act: fc.constantFrom('send', 'post', 'read', 'read one', 'post one'),
      pick: fc.nat(50),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        for (const { user, act, pick } of steps) {
          const client = clients.get(user)!;
          const unread = expected.get(user)!;
          const one = [...unread][pick % Math.max(1, unread.size)];
          if (act === 'send' || act === 'post') {
            const { message, body } =
              act === 'send'
                ? ((await client.ask(
                    { type: 'send_message', room_id: JOB, content: 'x', _tempId: crypto.randomUUID() },
                    'message_ack',
                  )) as { message?: unknown; body?: unknown })
                : ({
                    ...(await rest(server, user, `rooms/${JOB}/send_message/`, { json: { room: JOB, content: 'x' } })),
                  } as { message?: unknown; body?: unknown });
            for (const [id, set] of expected) if (id !== user) set.add(((message ?? body) as { id: number }).id);
          } else if (act === 'read') {
            const { count } = await client.ask(
              { type: 'mark_read', room_id: JOB, message_ids: [] },
              'messages_marked_read',
            );
            assert.equal(count, unread.size);
            unread.clear();
          } else if (one !== undefined) {
            if (act === 'read one')
              await client.ask({ type: 'mark_read', room_id: JOB, message_ids: [one] }, 'messages_marked_read');
            else assert.equal((await rest(server, user, `messages/${one}/mark_read/`, { method: 'POST' })).status, 200);
            unread.delete(one);
            await client.settle();
          }
        }
        for (const id of users) {
          assert.equal((await byRest(id))[JOB], expected.get(id)!.size);
          assert.equal((await bySocket(id))[JOB], expected.get(id)!.size);
        }
      }),
      { numRuns: 12 },
    );
    for (const client of clients.values()) client.close();
  });

  it('informs all connections of the reader, and the author', async () => {
    const [tab, otherTab, ben] = [await join(server, ANA), await join(server, ANA), await join(server, BEN)];
    await rest(server, BEN, `rooms/${ROOM}/send_message/`, { json: { room: ROOM, content: 'read me' } });
    const last = (await rest(server, ANA, `rooms/${ROOM}/messages/?limit=1`)).body.messages[0];
    assert.equal(last.is_read, false);
    for (const client of [tab, otherTab, ben]) await client.settle();
    tab.send({ type: 'mark_read', room_id: ROOM, message_ids: [last.id] });
    for (const client of [tab, otherTab]) {
      assert.equal((await client.take('messages_marked_read'))['count'], 1);
      assert.equal(((await client.take('room_updated'))['updates'] as { unread_count: number }).unread_count, 0);
    }
    const receipt = await ben.take('message_read');
    assert.deepEqual([receipt['user_id'], receipt['message_ids'], receipt['room_id']], [ANA, [last.id], ROOM]);
    for (const userId of [ANA, BEN]) {
      assert.equal((await rest(server, userId, `rooms/${ROOM}/messages/?limit=1`)).body.messages[0].is_read, true);
    }
    for (const client of [tab, otherTab, ben]) client.close();
  });

  it('only members can mark messages as read', async () => {
    const { body } = await rest(server, ANA, `rooms/${ROOM}/messages/?limit=1`);
    assert.equal(
      (await rest(server, CLEO, `messages/${body.messages[0].id}/mark_read/`, { method: 'POST' })).status,
      404,
    );
    assert.equal((await rest(server, CLEO, 'messages/999999/mark_read/', { method: 'POST' })).status, 404);
    const cleo = await join(server, CLEO);
    assert.equal((await cleo.ask({ type: 'mark_read', room_id: ROOM }, 'error'))['code'], 'access_denied');
    cleo.close();
  });
});
