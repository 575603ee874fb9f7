/** Upgrades of existing data. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { it } from 'node:test';
import pg from 'pg';
import { openDatabase, type Database } from '../../demo/server/database/database.js';
import { migrate } from '../../demo/server/database/migrations.js';
import { missingPrograms } from '../support/find-programs.mjs';
import { startPostgres } from '../support/services.js';
import type { DatabaseKind } from '../../demo/server/options.js';
import { ANA, BEN, CLEO, openSocket, rest, ROOM, withServer } from './support.js';

/** The last migration before counts were maintained and notifications derived. */
const BEFORE = 5;
const NOTIFICATIONS = 30;

interface Unread {
  room: number;
  user: number;
  unread: number;
}
const unreadOf = (database: Database): Promise<Unread[]> =>
  database.query<Unread>(
    'select room_id as room, user_id as "user", unread_count(room_id, user_id) as unread from members order by 1, 2',
  );

/** Data with everything that counts: reads of both kinds, deletions, imports, former members, stored notifications. */
const DATA = [
  `insert into users (email, username, first_name)
     values ('a', 'ana', 'Ana'), ('b', 'ben', 'Ben'), ('c', 'cleo', 'Cleo')`,
  `insert into rooms (name, room_type) values ('DM', 'direct'), ('all', 'general'), ('empty', 'general')`,
  `insert into members (room_id, user_id) values (1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 1)`,
  `insert into messages (room_id, sender_id, content, created_at)
     select 1 + n % 2, 1 + n % 3, 'message ' || n, now() - (100 - n) * interval '1 hour' from generate_series(1, 90) n`,
  `insert into messages (room_id, sender_id, content, created_at)
     select 2, 2, 'imported ' || n, now() - n * interval '3 days' from generate_series(1, 10) n`,
  `select mark_read_up_to(2, 1, 41)`,
  `select mark_read_up_to(1, 2, null)`,
  `select mark_read_each(2, 1, array[63, 65, 69])`,
  `select mark_read_each(2, 3, array[1, 2, 3, 5, 7])`,
  `update messages set deleted_at = now(), content = '' where id in (3, 5, 44, 65, 66, 90)`,
  `insert into notifications (recipient, sender_id, room_id, message_id, title, message, read_at)
     select 2, 1, 1, n, 'New message from Ana', 'stored ' || n, case when n % 3 = 0 then now() end
     from generate_series(1, ${NOTIFICATIONS}) n`,
  // Older than the link from a notification to its message.
  `insert into notifications (recipient, sender_id, room_id, title, message) values (3, 1, 2, 'New message', 'oldest')`,
];

async function upgrades(kind: DatabaseKind): Promise<void> {
  const old = await openDatabase(kind);
  await migrate(old, BEFORE);
  for (const statement of DATA) await old.query(statement);
  const expected = await unreadOf(old);
  assert.ok(new Set(expected.map(({ unread }) => unread)).size >= 5, 'different counts for different members');
  await old.close();

  await withServer({ database: kind, seed: false }, async (server) => {
    assert.deepEqual(await unreadOf(server.database), expected);
    for (const { room, user, unread } of expected)
      assert.equal((await rest(server, user, `rooms/${room}/`)).body.unread_count, unread, `room ${room}, ${user}`);
    const open = async (userId: number) => {
      const socket = await openSocket(server, await server.signToken(userId), { path: `/ws/notifications/${userId}/` });
      const { notifications } = await socket.take('recent_notifications');
      const ask = async (action: object, answer: string) => (socket.send(action), await socket.take(answer));
      return { socket, ask, list: notifications as { id: number; message: string; is_read: boolean }[] };
    };
    const ben = await open(BEN);
    assert.deepEqual(
      ben.list.map(({ message, is_read }) => [message, is_read]),
      Array.from({ length: 20 }, (_, n) => [`stored ${NOTIFICATIONS - n}`, (NOTIFICATIONS - n) % 3 === 0]),
    );
    const countOf = async ({ ask }: typeof ben): Promise<unknown> =>
      (await ask({ action: 'get_unread_count' }, 'unread_count'))['count'];
    assert.equal(await countOf(ben), 20);
    // A new message notifies, next to the stored notifications, under an id of its own.
    await rest(server, ANA, `rooms/${ROOM}/send_message/`, { json: { room: ROOM, content: 'new' } });
    const { id } = (await ben.socket.take('new_notification'))['notification'] as { id: number };
    assert.ok(id > ben.list[0]!.id, 'the newest notification has the highest id');
    await ben.ask(
      { action: 'mark_read', notification_id: ben.list.find(({ is_read }) => !is_read)!.id },
      'notification_read',
    );
    assert.equal(await countOf(ben), 20, 'one more, one less');
    await ben.ask({ action: 'mark_read', notification_id: id }, 'notification_read');
    assert.equal(await countOf(ben), 19);
    await ben.ask({ action: 'mark_all_read' }, 'all_notifications_read');
    assert.equal(await countOf(ben), 0);
    const cleo = await open(CLEO);
    assert.deepEqual([cleo.list.map(({ message }) => message), await countOf(cleo)], [['oldest'], 1]);
    for (const { socket } of [ben, cleo]) socket.close();
    // An upgraded count keeps counting.
    const { body } = await rest(server, BEN, `rooms/${ROOM}/`);
    assert.equal(body.unread_count, 1);
  });
}

it('12.20: an upgrade keeps every unread count and every notification (embedded)', async () => {
  const path = await mkdtemp(joinPath(tmpdir(), 'chat-upgrade-'));
  try {
    await upgrades({ kind: 'folder', path });
  } finally {
    await rm(path, { recursive: true, force: true });
  }
});

const missing = missingPrograms();
it(
  '12.20: an upgrade keeps every unread count and every notification (PostgreSQL)',
  { skip: missing.length > 0 && `not on this machine: ${missing.join(', ')}` },
  async () => {
    const { url, stop } = await startPostgres();
    try {
      await upgrades({ kind: 'url', url });
    } finally {
      await stop();
    }
  },
);

it('an interrupted migration continues with the step that failed', async () => {
  const database = await openDatabase({ kind: 'memory' });
  try {
    await migrate(database, 11);
    await database.query('create table file_epochs (obstacle int)');
    await assert.rejects(migrate(database), /already exists/);
    const progress = (): Promise<{ step: number }[]> =>
      database.query('select step from migration_steps where migration = 12 order by step');
    assert.ok((await progress()).length > 1, 'steps before it are done');
    assert.deepEqual(await database.query('select max(id) as id from migrations'), [{ id: 11 }]);
    await database.query('drop table file_epochs');
    await migrate(database);
    assert.deepEqual(await progress(), []);
    const [row] = await database.query<{ id: number }>('select max(id) as id from migrations');
    assert.ok(row!.id >= 14);
  } finally {
    await database.close();
  }
});

it(
  'a migration gives up waiting for a lock, lets others pass, and tries again',
  { skip: missing.length > 0 && `not on this machine: ${missing.join(', ')}` },
  async () => {
    const postgres = await startPostgres();
    const database = await openDatabase({ kind: 'url', url: postgres.url });
    const other = new pg.Client({ connectionString: postgres.url });
    try {
      await other.connect();
      await migrate(database, 11);
      await other.query('begin');
      await other.query('lock table members in row exclusive mode');
      const blocked: number[] = [];
      const applied: number[] = [];
      await migrate(database, 14, {
        onApplied: ({ id }) => applied.push(id),
        onBlocked({ id }) {
          blocked.push(id);
          // Waits in no queue behind the migration.
          void other.query('select count(*) from members').then(() => other.query('commit'));
        },
      });
      assert.deepEqual(blocked, [12]);
      assert.deepEqual(applied, [12, 13, 14]);
    } finally {
      await other.end();
      await database.close();
      await postgres.stop();
    }
  },
);
