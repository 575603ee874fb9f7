/** Unread counts and notifications cost nothing per member, and are exactly what counting would give. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import type { Database } from '../../demo/server/database/database.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { missingPrograms } from '../support/find-programs.mjs';
import { startPostgres } from '../support/services.js';
import { ANA, BEN, CLEO, join, openSocket, rest, ROOM, withServer } from './support.js';

const JOB = 2;
const USERS = [ANA, BEN, CLEO];

interface Count {
  room: number;
  user: number;
  kept: number;
  counted: number;
}

/** The maintained count of every member, and the number of unread messages by definition. */
const countsOf = (database: Pick<Database, 'query'>): Promise<Count[]> =>
  database.query<Count>(`
    select me.room_id as room, me.user_id as "user", unread_count(me.room_id, me.user_id) as kept, (
      select count(*)::int from messages m
      where m.room_id = me.room_id and m.sender_id <> me.user_id and m.deleted_at is null
        and (m.created_at, m.id) > (me.read_time, me.read_up_to)
        and not exists (select 1 from reads r where r.message_id = m.id and r.user_id = me.user_id)) as counted
    from members me order by 1, 2`);

async function assertExact(database: Pick<Database, 'query'>, when: string): Promise<void> {
  for (const { room, user, kept, counted } of await countsOf(database))
    assert.equal(kept, counted, `room ${room}, user ${user}, ${when}`);
}

describe('12.20: maintained unread counts', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ limits: { rate: 1_000_000 } });
  });
  after(() => server.close());

  const post = async (userId: number, content = 'x'): Promise<number> =>
    (await rest(server, userId, `rooms/${JOB}/send_message/`, { json: { room: JOB, content } })).body.id;
  const sql = (text: string, ...params: unknown[]): Promise<{ id: number }[]> => server.database.query(text, params);

  const actions: Record<string, (user: number, pick: (ids: number[]) => number | undefined) => Promise<unknown>> = {
    send: (user) => post(user),
    import: (user) =>
      sql(
        `insert into messages (room_id, sender_id, content, created_at)
         select $1, $2, 'old', clock_timestamp() - n * interval '20 days' from generate_series(0, 2) n`,
        JOB,
        user,
      ),
    'read all': (user) => sql('select mark_read_up_to($1, $2, null)', JOB, user),
    'read up to': (user, pick) => withMessage(pick, (id) => sql('select mark_read_up_to($1, $2, $3)', JOB, user, id)),
    'read one': (user, pick) =>
      withMessage(pick, (id) => sql('select mark_read_each($1, $2, array[$3::int])', JOB, user, id)),
    delete: (_user, pick) => withMessage(pick, (id) => sql('update messages set deleted_at = now() where id = $1', id)),
    remove: (_user, pick) => withMessage(pick, (id) => sql('delete from messages where id = $1', id)),
    'leave and return': async (user) => {
      await sql('delete from members where room_id = $1 and user_id = $2', JOB, user);
      await sql('insert into members (room_id, user_id) values ($1, $2)', JOB, user);
    },
  };

  async function withMessage(
    pick: (ids: number[]) => number | undefined,
    use: (id: number) => Promise<unknown>,
  ): Promise<unknown> {
    const id = pick((await sql('select id from messages where room_id = $1 order by id', JOB)).map((row) => row.id));
    return id === undefined ? undefined : use(id);
  }

  it('12.20: equal counting after any sequence of sends, imports, reads, deletions, leaving and returning', async () => {
    const step = fc.record({
      user: fc.constantFrom(...USERS),
      action: fc.constantFrom(...Object.keys(actions)),
      at: fc.nat(1_000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
        for (const { user, action, at } of steps) {
          await actions[action]!(user, (ids) => ids[at % Math.max(1, ids.length)]);
          await assertExact(server.database, `after ${action} by ${user}`);
        }
      }),
      { numRuns: 15 },
    );
  });

  it('12.20: plain SQL inserts into users, rooms and members need no new column', async () => {
    const [user] = await sql(`insert into users (email, username) values ('new@example.com', 'new') returning id`);
    const [room] = await sql(`insert into rooms (name, room_type) values ('plain', 'general') returning id`);
    await sql('insert into members (room_id, user_id) values ($1, $2), ($1, $3)', room!.id, user!.id, ANA);
    await rest(server, ANA, `rooms/${room!.id}/send_message/`, { json: { room: room!.id, content: 'hello' } });
    assert.equal((await rest(server, user!.id, `rooms/${room!.id}/`)).body.unread_count, 1);
    assert.equal((await rest(server, ANA, `rooms/${room!.id}/`)).body.unread_count, 0);
    // A member who joins later: the messages are unread, but cause no notifications for this member.
    await sql('insert into members (room_id, user_id) values ($1, $2)', room!.id, CLEO);
    assert.equal((await rest(server, CLEO, `rooms/${room!.id}/`)).body.unread_count, 1);
    const unreadNotifications = async (userId: number): Promise<unknown> => {
      const socket = await openSocket(server, await server.signToken(userId), { path: `/ws/notifications/${userId}/` });
      const { count } = await socket.ask({ action: 'get_unread_count' } as never, 'unread_count');
      socket.close();
      return count;
    };
    const before = Number(await unreadNotifications(CLEO));
    await rest(server, ANA, `rooms/${room!.id}/send_message/`, { json: { room: room!.id, content: 'hello, Cleo' } });
    assert.deepEqual([await unreadNotifications(user!.id), await unreadNotifications(CLEO)], [2, before + 1]);
  });

  it('12.20: a message is one statement, and no row per member', async () => {
    const ana = await join(server, ANA, ROOM);
    const { query, transaction } = server.database;
    const asked: string[] = [];
    server.database.query = ((text: string, params?: unknown[], name?: string) => {
      if (!/^\s*select (now\(\)|id from users|o\.room_id as "roomId")/.test(text)) asked.push(name ?? text);
      return query(text, params, name);
    }) as typeof query;
    server.database.transaction = ((run) => (asked.push('transaction'), transaction(run))) as typeof transaction;
    try {
      for (let n = 0; n < 3; n++)
        await ana.ask({ type: 'send_message', room_id: ROOM, content: `${n}`, _tempId: `one-${n}` }, 'message_ack');
    } finally {
      Object.assign(server.database, { query, transaction });
    }
    assert.deepEqual(asked, ['store message', 'store message', 'store message']);
    assert.deepEqual(await query('select id from notifications'), []);
    ana.close();
  });
});

it('12.20: notifications keep their state: read one by one, all at once, edited, deleted', () =>
  withServer({}, async (server) => {
    const post = async (content: string): Promise<number> =>
      (await rest(server, ANA, `rooms/${ROOM}/send_message/`, { json: { room: ROOM, content } })).body.id;
    const socket = await openSocket(server, await server.signToken(BEN), { path: `/ws/notifications/${BEN}/` });
    const ask = (action: object, answer: string) => socket.ask(action as never, answer);
    const count = async (): Promise<unknown> => (await ask({ action: 'get_unread_count' }, 'unread_count'))['count'];
    await socket.take('recent_notifications');
    const [first, second, third] = [await post('first'), await post('second'), await post('third')];
    const ids: unknown[] = [];
    for (let n = 0; n < 3; n++)
      ids.push(((await socket.take('new_notification'))['notification'] as { id: number }).id);
    assert.equal(new Set(ids).size, 3);
    await ask({ action: 'mark_read', notification_id: ids[0] }, 'notification_read');
    await ask({ action: 'mark_read', notification_id: ids[0] }, 'notification_read');
    assert.equal(await count(), 2);
    await rest(server, ANA, `messages/${second}/`, { method: 'PATCH', body: JSON.stringify({ content: '2nd' }) });
    await rest(server, ANA, `messages/${third}/`, { method: 'DELETE' });
    const recent = async (): Promise<[string, boolean][]> => {
      const other = await openSocket(server, await server.signToken(BEN), { path: `/ws/notifications/${BEN}/` });
      const { notifications } = await other.take('recent_notifications');
      other.close();
      return (notifications as { message: string; is_read: boolean }[]).map(({ message, is_read }) => [
        message,
        is_read,
      ]);
    };
    assert.deepEqual(
      [await recent(), await count()],
      [
        [
          ['2nd', false],
          ['first', true],
        ],
        1,
      ],
    );
    await ask({ action: 'mark_all_read' }, 'all_notifications_read');
    assert.deepEqual(
      (await recent()).map(([, isRead]) => isRead),
      [true, true],
    );
    await post('fourth');
    assert.deepEqual([(await recent())[0], await count()], [['fourth', false], 1]);
    assert.ok(first > 0);
    socket.close();
  }));

const missing = missingPrograms();
it(
  '12.20: counts are exact, and ids, times and seqs ascend together, despite concurrent changes',
  { skip: missing.length > 0 && `not on this machine: ${missing.join(', ')}` },
  async () => {
    const postgres = await startPostgres();
    const server = await startServer({ database: { kind: 'url', url: postgres.url }, limits: { rate: 1_000_000 } });
    const clients = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const client = new pg.Client({ connectionString: postgres.url });
        await client.connect();
        return client;
      }),
    );
    try {
      const work = (client: pg.Client, n: number): (() => Promise<unknown>)[] => {
        const user = USERS[n % 3]!;
        const one = `(select id from messages where room_id = ${JOB} and deleted_at is null order by random() limit 1)`;
        return [
          () => client.query(`select store_message(${JOB}, ${user}, 'text', 'x', null, null, null, null, '{}')`),
          () => client.query(`select mark_read_up_to(${JOB}, ${user}, null)`),
          () => client.query(`select mark_read_up_to(${JOB}, ${user}, ${one})`),
          () => client.query(`select mark_read_each(${JOB}, ${user}, array[${one}])`),
          () => client.query(`update messages set deleted_at = now() where id = ${one} and deleted_at is null`),
          () =>
            client.query(`insert into messages (room_id, sender_id, content, created_at)
              values (${JOB}, ${user}, 'old', now() - random() * interval '30 days')`),
        ];
      };
      await Promise.all(
        clients.map(async (client, n) => {
          const steps = work(client, n);
          for (let done = 0; done < 150; done++) await steps[(done * (n + 1) + n) % steps.length]!();
        }),
      );
      await assertExact(server.database, 'after concurrent changes');
      const first = (await server.database.query<{ seq: number }>(`select seq from rooms where id = ${JOB}`))[0]!.seq;
      await Promise.all(
        clients.map(async (client, n) => {
          for (let done = 0; done < 100; done++) await work(client, n)[0]!();
        }),
      );
      const sent = await server.database.query<{ seq: number; id: number; at: Date }>(
        `select c.seq, m.id, m.created_at as at from changes c join messages m on m.id = c.message_id
         where c.room_id = ${JOB} and c.seq > $1 order by c.seq`,
        [first],
      );
      assert.deepEqual(
        sent.map(({ seq }) => seq),
        Array.from({ length: 600 }, (_, n) => first + 1 + n),
      );
      for (const [index, { id, at }] of sent.slice(1).entries())
        assert.ok(id > sent[index]!.id && at >= sent[index]!.at, `seq ${sent[index + 1]!.seq} follows in id and time`);
    } finally {
      for (const client of clients) await client.end();
      await server.close();
      await postgres.stop();
    }
  },
);
