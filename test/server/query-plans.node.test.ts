/**
 * What the statements of the server read, at 100,000 messages: only what they return, or nearly so. PostgreSQL's
 * `auto_explain` reports every statement, including those inside functions and triggers, with the rows it visited.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import pg from 'pg';
import type { Queryable } from '../../demo/server/database/database.js';
import { prune } from '../../demo/server/database/pruning.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { missingPrograms } from '../support/find-programs.mjs';
import { startPostgres, type Service } from '../support/services.js';
import { ANA, join, openSocket, rest, type Client } from './support.js';

const MESSAGES = 100_000;
const READS = 200_000;
/** Rooms of 5 and of 300 members, each with the full history. */
const SMALL = 1_000;
const LARGE = 1_001;
/** A room full of messages that were read one by one. */
const READ_SINGLY = 1_002;
const MEMBERS = 300;
const OTHERS = 2_000;
/** The rows that one node of a plan may visit: several times the members of the large room. */
const MAX_ROWS = 1_100;
/** Only the newest messages of a room have notifications, and the user of this test is in three rooms with messages. */
const MAX_NOTIFIED = 3 * 1_000;

interface Plan {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Join Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: Plan[];
}

interface Explained {
  statement: string;
  plan: Plan;
}

/** The tables that grow with use. */
const HISTORY = [
  'messages',
  'reads',
  'changes',
  'notifications',
  'notification_reads',
  'members',
  'attachments',
  'tickets',
];

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

const visited = (plan: Plan): number =>
  ((plan['Actual Rows'] ?? 0) +
    (plan['Rows Removed by Filter'] ?? 0) +
    (plan['Rows Removed by Join Filter'] ?? 0) +
    (plan['Rows Removed by Index Recheck'] ?? 0)) *
  (plan['Actual Loops'] ?? 1);

const POPULATE = [
  `insert into users (id, email, username) select n, n, 'member' || n from generate_series(1000, ${999 + OTHERS}) n`,
  // Other rooms, so that the large one is a small part of all members.
  `insert into rooms (id, name, room_type) select 10000 + n, n, 'general' from generate_series(1, ${OTHERS}) n`,
  `insert into members (room_id, user_id)
     select 10000 + n, 1000 + (n + k) % ${OTHERS} from generate_series(1, ${OTHERS}) n, generate_series(0, 4) k`,
  `insert into rooms (id, name, room_type) select n, n, 'general' from generate_series(${SMALL}, ${READ_SINGLY}) n`,
  `insert into members (room_id, user_id)
     select ${SMALL}, 1000 + n from generate_series(0, 3) n union all select ${SMALL}, ${ANA}
     union all select ${LARGE}, 1000 + n from generate_series(0, ${MEMBERS - 2}) n union all select ${LARGE}, ${ANA}
     union all select ${READ_SINGLY}, ${ANA} union all select ${READ_SINGLY}, 1000`,
  ...[SMALL, LARGE].map(
    (room) => `insert into messages (room_id, sender_id, content, viewers, created_at)
      select ${room}, case when n % 5 = 4 then ${ANA} else 1000 + n % 5 end, 'message ' || n, '{}',
        now() - (${MESSAGES} - n) * interval '1 second' from generate_series(1, ${MESSAGES}) n`,
  ),
  `insert into messages (room_id, sender_id, content, created_at)
     select ${READ_SINGLY}, 1000, 'message', now() - n * interval '1 second' from generate_series(1, ${READS}) n`,
  `insert into reads (message_id, user_id) select id, ${ANA} from messages where room_id = ${READ_SINGLY}`,
  `update members me set read_count = r.message_count,
     read_up_to = case when me.room_id = ${READ_SINGLY} then 0 else r.newest_id end,
     read_time = case when me.room_id = ${READ_SINGLY} then '-infinity' else r.newest_time end
     from rooms r where r.id = me.room_id and r.id between ${SMALL} and ${READ_SINGLY}`,
  // Notifications that need no pruning, and some that do.
  `insert into notifications (recipient, title, message, created_at)
     select 1000 + n % ${OTHERS}, 'x', 'x', now() - (n % 80 + 1) * interval '1 day' from generate_series(1, ${MESSAGES}) n`,
  `insert into notification_reads (user_id, message_id, read_at)
     select 1100 + n % 5, m.id, now() - (n % 80 + 1) * interval '1 day'
     from (select id, row_number() over () as n from messages where room_id = ${SMALL}) m`,
  `insert into notifications (recipient, title, message, created_at)
     select 1001, 'x', 'x', case when n <= 10 then now() - interval '91 days' else now() end
     from generate_series(1, 20) n`,
  `insert into notification_reads (user_id, message_id, read_at)
     select ${ANA}, m.id, case when m.n <= 10 then now() - interval '91 days' else now() end
     from (select id, row_number() over () as n from messages where room_id = ${LARGE} limit 20) m`,
  `insert into tickets (hash, user_id, token_expires_at, expires_at)
     select n, 1000, now() + interval '1 hour', now() + interval '1 hour' from generate_series(1, ${MESSAGES}) n`,
  'analyze',
];

const missing = missingPrograms();
describe(
  '12.20: query plans at 100,000 messages',
  { skip: missing.length > 0 && `not on this machine: ${missing.join(', ')}` },
  () => {
    let postgres: Service;
    let server: RunningServer;
    let explaining: pg.Client;
    let client: Client;
    let explained: Explained[] = [];

    before(async () => {
      postgres = await startPostgres();
      server = await startServer({ database: { kind: 'url', url: postgres.url }, limits: { rate: 1_000_000 } });
      for (const statement of POPULATE) await server.database.query(statement);
      explaining = new pg.Client({ connectionString: postgres.url });
      await explaining.connect();
      const settings = { log_min_duration: 0, log_analyze: 'on', log_nested_statements: 'on', log_format: 'json' };
      await explaining.query(
        `load 'auto_explain'; set client_min_messages = log; ${Object.entries(settings)
          .map(([name, value]) => `set auto_explain.${name} = '${value}'`)
          .join(';')}`,
      );
      explaining.on('notice', ({ message = '' }) => {
        if (!message.includes('plan:\n')) return;
        const report = JSON.parse(message.slice(message.indexOf('{'))) as { 'Query Text': string; Plan: Plan };
        explained.push({ statement: report['Query Text'], plan: report.Plan });
      });
      let last: Promise<unknown> = Promise.resolve();
      const through: Queryable = {
        query: <Row extends object>(text: string, values: unknown[] = [], name?: string): Promise<Row[]> => {
          const answer = last.then(() => explaining.query<Row>({ text, values, ...(name !== undefined && { name }) }));
          last = answer.catch(() => {});
          return answer.then(({ rows }) => rows);
        },
      };
      // The server is the same, but all of its statements run on the connection that explains them.
      Object.assign(server.database, {
        ...through,
        transaction: async <T>(run: (inside: Queryable) => Promise<T>): Promise<T> => {
          await through.query('begin');
          const result = await run(through);
          await through.query('commit');
          return result;
        },
      });
      client = await join(server, ANA);
    });
    after(async () => {
      client?.close();
      await server?.close();
      await explaining?.end();
      await postgres?.stop();
    });

    /** Runs an action, and checks every plan that it executed. */
    async function check(what: string, run: () => Promise<unknown>, max = MAX_ROWS): Promise<void> {
      explained = [];
      await run();
      const nodes = explained
        .flatMap(({ statement, plan }) => nodesOf(plan).map((node) => ({ statement, node })))
        .filter(({ node }) => HISTORY.includes(node['Relation Name'] ?? ''));
      assert.ok(nodes.length > 0, `${what}: plans were reported`);
      for (const { statement, node } of nodes) {
        assert.ok(
          visited(node) <= max,
          `${what}: ${visited(node)} rows by ${node['Node Type']} on ${node['Relation Name']} in ${statement}`,
        );
      }
    }

    let number = 0;
    const send = async (room_id: number): Promise<number> => {
      const frame = { type: 'send_message', room_id, content: 'new', _tempId: `plan-${number++}`, reply_to: null };
      return ((await client.ask(frame, 'message_ack'))['message'] as { id: number }).id;
    };

    for (const room of [SMALL, LARGE]) {
      it(`12.20: in a room of ${room === SMALL ? 5 : MEMBERS}`, async () => {
        // Repeated, because PostgreSQL replaces the plan of a prepared statement after its fifth execution.
        for (let n = 0; n < 8; n++) await check('a message', () => send(room));
        const id = await send(room);
        await check('an edit', () =>
          client.ask({ type: 'edit_message', room_id: room, message_id: id, content: 'edited' }, 'message_updated'),
        );
        await check('a reaction', () =>
          client.ask({ type: 'react', room_id: room, message_id: id, emoji: '👍', on: true }, 'reactions_updated'),
        );
        await check('a deletion', () =>
          client.ask({ type: 'delete_message', room_id: room, message_id: id }, 'message_deleted'),
        );
        await check('a page', () => rest(server, ANA, `rooms/${room}/messages/?limit=50`));
        await check('an earlier page', () =>
          rest(server, ANA, `rooms/${room}/messages/?limit=50&before=${id - 5_000}`),
        );
        await check('the room list', () => rest(server, ANA, 'rooms/'));
        for (const up_to of [id - 3, id - 1])
          await check('reading up to a message', () =>
            client.ask({ type: 'mark_read', room_id: room, up_to }, 'messages_marked_read'),
          );
        await check('reading up to an unknown message', () =>
          client.ask({ type: 'mark_read', room_id: room, up_to: 2_000_000_000 }, 'error'),
        );
        await check('reading everything', () =>
          client.ask({ type: 'mark_read', room_id: room }, 'messages_marked_read'),
        );
        const [far] = await server.database.query<{ id: number; at: string }>(
          `select id, created_at::text as at from messages where room_id = ${room} order by created_at desc, id desc
           offset 5000 limit 1`,
        );
        await check('13.2: the history around a message', () =>
          rest(server, ANA, `rooms/${room}/messages/?limit=50&around=${far!.id}`),
        );
        await check('13.2: the history from a time', () =>
          rest(server, ANA, `rooms/${room}/messages/?limit=50&at=${encodeURIComponent(far!.at)}`),
        );
        const recent = await send(room);
        await check('13.3: marking as unread', () =>
          rest(server, ANA, `messages/${recent}/mark_unread/`, { json: {} }),
        );
        await check('14.2: marking as delivered', async () => {
          client.send({ type: 'mark_delivered', room_id: room, up_to: await send(room) });
          await client.settle();
        });
        const returned = await join(server, 1001);
        await server.database.query(
          `update members set read_up_to = 0, read_time = '-infinity' where room_id = ${room} and user_id = 1001`,
        );
        const newest = await send(room);
        await check('14.2: marking as delivered after a long time', async () => {
          returned.send({ type: 'mark_delivered', room_id: room, up_to: newest });
          await returned.settle();
        });
        returned.close();
        await check('the receipts', () => rest(server, ANA, `rooms/${room}/receipts/`));
      });
    }

    it('12.20: for a user who has read 200,000 messages one by one', async () => {
      const [last] = await server.database.query<{ id: number }>(
        `insert into messages (room_id, sender_id, content) values (${READ_SINGLY}, 1000, 'new') returning id`,
      );
      // The first unread message comes after so many that were read.
      await check('13.2: the room list, before it is read', () => rest(server, ANA, 'rooms/'));
      await check('reading one', () =>
        client.ask({ type: 'mark_read', room_id: READ_SINGLY, message_ids: [last!.id] }, 'messages_marked_read'),
      );
      await check('a message', () => send(SMALL));
      await check('the room list', () => rest(server, ANA, 'rooms/'));
      await check('a page', () => rest(server, ANA, `rooms/${READ_SINGLY}/messages/?limit=50`));
      await check('reading in another room', () =>
        client.ask({ type: 'mark_read', room_id: SMALL }, 'messages_marked_read'),
      );
    });

    it('13.6: a page of 10,000 rooms costs one page, beyond finding it', async () => {
      const ROOMS = 10_000;
      const PAGE = 50;
      for (const statement of [
        `insert into rooms (id, name, room_type, updated_at)
           select 100000 + n, n, 'general', now() - n * interval '1 minute' from generate_series(1, ${ROOMS}) n`,
        `insert into members (room_id, user_id)
           select 100000 + n, u from generate_series(1, ${ROOMS}) n, unnest(array[1900, 1901]) u`,
        `insert into messages (room_id, sender_id, content)
           select 100000 + n, 1901, 'hello' from generate_series(1, ${ROOMS}) n`,
        'analyze',
      ])
        await server.database.query(statement);
      let asOf = '';
      for (const query of [`limit=${PAGE}`, () => `limit=${PAGE}&since=${asOf}`]) {
        explained = [];
        const { status, body } = await rest(server, 1900, `rooms/?${typeof query === 'string' ? query : query()}`);
        assert.equal(status, 200);
        if (asOf === '') assert.equal((body as { items: unknown[] }).items.length, PAGE);
        asOf = (body as { as_of: string }).as_of;
        const nodes = explained.flatMap(({ plan }) => nodesOf(plan));
        for (const node of nodes) {
          const relation = node['Relation Name'] ?? '';
          // What is read per room: last message, first unread one, participants. Its own members and rooms are read once.
          const isPerRoom = ['messages', 'reads', 'users'].includes(relation);
          const max = isPerRoom ? 4 * (PAGE + 1) : 3 * ROOMS;
          assert.ok(visited(node) <= max, `${visited(node)} rows by ${node['Node Type']} on ${relation}`);
        }
      }
    });

    it('13.6: finding people reads the names that match', async () => {
      await check('a search', () => rest(server, ANA, 'people/?q=member1234'), 3 * MEMBERS + 2 * OTHERS);
      explained = [];
      await rest(server, ANA, 'people/?q=member1234');
      const words = explained
        .flatMap(({ plan }) => nodesOf(plan))
        .filter((node) => /^user_words|^words_of/.test(node['Relation Name'] ?? node['Index Name'] ?? ''));
      assert.ok(words.length > 0);
      for (const node of words) assert.ok(visited(node) <= 10, `${visited(node)} rows by ${node['Node Type']}`);
    });

    it('12.20: finds by an index what one of many has read', async () => {
      explained = [];
      await server.database.query(`insert into members (room_id, user_id) values (${LARGE}, ${998 + OTHERS})`);
      const indexes = explained
        .flatMap(({ plan }) => nodesOf(plan))
        .flatMap((node) => (node['Relation Name'] === 'reads' ? [node['Index Name']] : []));
      assert.deepEqual(indexes, ['reads_of_user']);
    });

    it('12.21: for pruning, and for a ticket', async () => {
      const windows = {
        versionDays: 30,
        notificationWindow: { days: 90, perUser: 5 },
        syncWindow: { changes: 1_000, hours: 24 },
      };
      await check('pruning', () => prune(server.database, windows, Date.now()));
      const left = await server.database.query(
        `select (select count(*)::int from notifications where recipient = 1001) as stored,
           (select count(*)::int from notification_reads where user_id = ${ANA}) as marks`,
      );
      assert.deepEqual(left, [{ stored: 5, marks: 5 }], 'both were pruned');
      await check('a ticket', () => rest(server, ANA, 'ws_ticket/', { method: 'POST' }));
    });

    it('12.20: for notifications, and for a file', async () => {
      const socket = await openSocket(server, await server.signToken(1_000), { path: '/ws/notifications/1000/' });
      const ask = (action: object, answer: string) => socket.ask(action as never, answer);
      await socket.take('recent_notifications');
      await check('the notification of a message', async () => {
        await send(SMALL);
        await socket.take('new_notification');
      });
      const open = async (): Promise<void> => {
        const other = await openSocket(server, await server.signToken(1_000), { path: '/ws/notifications/1000/' });
        await other.take('recent_notifications');
        other.close();
      };
      await check('recent notifications', open, MAX_NOTIFIED);
      await check('the unread count', () => ask({ action: 'get_unread_count' }, 'unread_count'), MAX_NOTIFIED);
      await check('all read', () => ask({ action: 'mark_all_read' }, 'all_notifications_read'));
      socket.close();
      const form = new FormData();
      form.set('room', String(SMALL));
      form.set('attachment', new File(['x'], 'a.txt'));
      const { body } = await rest(server, ANA, `rooms/${SMALL}/send_message/`, { method: 'POST', body: form });
      await check('deleting a file', () => rest(server, ANA, `messages/${body.id}/`, { method: 'DELETE' }));
    });
  },
);
