/** What would grow with use is deleted regularly. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PRUNE_INTERVAL_MS } from '../../demo/server/database/pruning.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { FakeClock } from '../support/fake-clock.js';
import { ANA, BEN, CLEO, openSocket, ROOM, type Frame } from './support.js';

const DAYS = 10;
const PER_USER = 3;
const DAY_MS = 86_400_000;
const DEADLINE_MS = 10_000;

describe('12.21: pruning', () => {
  const clock = new FakeClock();
  let server: RunningServer;
  /** The database has a clock of its own, which is that of this test at the start. */
  const at = (daysAgo: number): Date => new Date(clock.now() - daysAgo * DAY_MS);
  const ids = async (sql: string): Promise<number[]> =>
    (await server.database.query<{ id: number }>(`${sql} order by id`)).map(({ id }) => id);

  before(async () => {
    clock.sleep(Date.now() - clock.now());
    server = await startServer({ clock, notificationWindow: { days: DAYS, perUser: PER_USER } });
  });
  after(() => server.close());

  /** Lets the server prune, and waits until nothing of `sql` is left, which it is about to delete. */
  async function pruned(sql: string): Promise<void> {
    assert.notDeepEqual(await ids(sql), [], 'there is something to delete');
    await clock.advance(PRUNE_INTERVAL_MS);
    for (const deadline = Date.now() + DEADLINE_MS; (await ids(sql)).length > 0;) {
      assert.ok(Date.now() < deadline, `nothing is left of: ${sql}`);
      // The embedded database answers without the event loop, which the storage of files needs.
      await new Promise(setImmediate);
    }
  }

  /** Messages of Ana in a new room with Ben, each with a notification for him. @returns their ids. */
  async function notify(daysAgo: readonly number[]): Promise<number[]> {
    const [room] = await server.database.query<{ id: number }>(
      `with made as (insert into rooms (name, room_type) values ('pruned', 'general') returning id)
       insert into members (room_id, user_id) select id, unnest(array[${ANA}, ${BEN}]) from made returning room_id as id`,
    );
    const made = await server.database.query<{ id: number }>(
      `insert into messages (room_id, sender_id, content, viewers, created_at)
       select $1, ${ANA}, 'x', '{}', at from unnest($2::timestamptz[]) with ordinality as given (at, n) order by n
       returning id`,
      [room!.id, daysAgo.map((days) => at(days).toISOString())],
    );
    return made.map(({ id }) => id);
  }
  const mark = (messageIds: readonly number[], daysAgo: number) =>
    server.database.query(
      `insert into notification_reads (user_id, message_id, read_at) select ${BEN}, unnest($1::int[]), $2`,
      [messageIds, at(daysAgo)],
    );

  async function notificationsOfBen(): Promise<{ read: number[]; unread: number[]; count: unknown }> {
    const socket = await openSocket(server, await server.signToken(BEN), { path: `/ws/notifications/${BEN}/` });
    const { notifications } = (await socket.take('recent_notifications')) as Frame & {
      notifications: { id: number; is_read: boolean }[];
    };
    const { count } = await socket.ask({ action: 'get_unread_count' } as never, 'unread_count');
    socket.close();
    const which = (isRead: boolean): number[] =>
      notifications
        .filter(({ is_read }) => is_read === isRead)
        .map(({ id }) => id)
        .reverse();
    return { read: which(true), unread: which(false), count };
  }

  // First, because the window ends by the clock of the database, from which each test moves the other one away.
  it('12.21: deletes the changes of a room that was busy and is quiet', async () => {
    const CHANGES = 1_200;
    await server.database.query(
      `with counted as (update rooms set seq = ${CHANGES} where id = ${ROOM})
       insert into changes (room_id, seq, kind, at)
       select ${ROOM}, n, 'message_deleted', $1::timestamptz from generate_series(1, ${CHANGES}) n`,
      [new Date(clock.now() - DAY_MS - PRUNE_INTERVAL_MS)],
    );
    await pruned(`select seq as id from changes where room_id = ${ROOM} and seq = ${CHANGES - 1_000}`);
    const kept = await ids(`select seq as id from changes where room_id = ${ROOM}`);
    assert.deepEqual([kept[0], kept.length], [CHANGES - 999, 1_000]);
  });

  it('12.21: deletes notifications after some days, and keeps the others', async () => {
    const store = (daysAgo: number) =>
      server.database.query<{ id: number }>(
        `insert into notifications (recipient, title, message, created_at) values (${CLEO}, 'old', '', $1) returning id`,
        [at(daysAgo)],
      );
    const [old] = await store(DAYS + 1);
    const [kept] = await store(DAYS - 1);
    await pruned(`select id from notifications where id = ${old!.id}`);
    assert.deepEqual(await ids(`select id from notifications where recipient = ${CLEO}`), [kept!.id]);
  });

  it('12.21: keeps the newest stored notifications of a user', async () => {
    const made = await server.database.query<{ id: number; recipient: number }>(
      `insert into notifications (recipient, title, message, created_at)
       select ${CLEO} + n % 2, 'many', '', $1 from generate_series(1, ${2 * (PER_USER + 2)}) n returning id, recipient`,
      [at(0)],
    );
    const of = (user: number): number[] => made.filter(({ recipient }) => recipient === user).map(({ id }) => id);
    const [cleo, other] = [of(CLEO), of(CLEO + 1)];
    await pruned(`select id from notifications where id = ${cleo[0]}`);
    assert.deepEqual(await ids(`select id from notifications where recipient = ${CLEO}`), cleo.slice(-PER_USER));
    assert.deepEqual(await ids(`select id from notifications where recipient = ${CLEO + 1}`), other.slice(-PER_USER));
  });

  it('12.21: deletes old marks, and does not show their notifications again', async () => {
    const [older, newer, unread] = await notify([DAYS + 2, DAYS - 2, DAYS - 3]);
    await mark([older!], DAYS + 1);
    await mark([newer!], DAYS - 2);
    const expected = { read: [newer], unread: [unread], count: 1 };
    assert.deepEqual(await notificationsOfBen(), expected);
    await pruned(`select message_id as id from notification_reads where message_id = ${older}`);
    assert.deepEqual(await ids('select message_id as id from notification_reads'), [newer]);
    assert.deepEqual(await notificationsOfBen(), expected);
    await server.database.query('delete from messages where id = any($1::int[])', [[older, newer, unread]]);
  });

  it('12.21: keeps the newest marks of a user; what is older counts as read', async () => {
    const made = await notify(Array.from({ length: PER_USER + 4 }, () => 1));
    const [unread, first, second, later, ...newest] = made as [number, number, number, number, ...number[]];
    await mark([first, second, ...newest], 0);
    assert.deepEqual(await notificationsOfBen(), {
      read: [first, second, ...newest],
      unread: [unread, later],
      count: 2,
    });
    await pruned(`select message_id as id from notification_reads where message_id = ${second}`);
    assert.deepEqual(await ids('select message_id as id from notification_reads'), newest);
    assert.deepEqual(await notificationsOfBen(), {
      read: [unread, first, second, ...newest],
      unread: [later],
      count: 1,
    });
  });

  it('12.21: stops with the server', async () => {
    const own = new FakeClock();
    const other = await startServer({ clock: own });
    assert.equal(own.pending, 1);
    await other.close();
    assert.equal(own.pending, 0);
  });
});
