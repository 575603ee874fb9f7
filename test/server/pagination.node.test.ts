/** Lists are limited: what does not fit is on the next page. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, join, rest, type Frame } from './support.js';

const ROOMS_PER_PAGE = 200;
const RECEIPTS_PER_PAGE = 500;
/** On three pages. */
const ROOMS = 2 * ROOMS_PER_PAGE + 50;
const MEMBERS = RECEIPTS_PER_PAGE + 100;

interface RoomsPage {
  results: { id: number; updated_at: string }[];
  next: string | null;
}

describe('12.21: pages', () => {
  let server: RunningServer;
  let user: number;
  /** The rooms of the user in the order of the list. */
  let expected: number[];

  before(async () => {
    server = await startServer();
    const [made] = await server.database.query<{ id: number }>(
      `insert into users (email, username) values ('m', 'member of many') returning id`,
    );
    user = made!.id;
    // Groups of seven with the same time, which differ by microseconds from each other.
    await server.database.query(
      `with made as (
         insert into rooms (name, room_type, updated_at)
         select 'room ' || n, 'general', timestamptz '2026-05-01 12:00:00.123456Z' + n / 7 * interval '1 microsecond'
         from generate_series(1, ${ROOMS}) n returning id)
       insert into members (room_id, user_id) select id, $1 from made`,
      [user],
    );
    const rows = await server.database.query<{ id: number }>(
      'select r.id from rooms r join members me on me.room_id = r.id where me.user_id = $1 order by r.updated_at desc, r.id',
      [user],
    );
    expected = rows.map(({ id }) => id);
  });
  after(() => server.close());

  it('12.21: GET rooms/ has pages with a `next` URL, in one order without gaps, if there are many rooms', async () => {
    const sizes: number[] = [];
    const ids: number[] = [];
    for (let url: string | null = `${server.url}/api/chat/rooms/`; url !== null;) {
      const { status, body } = await rest(server, user, url.slice(server.url.length));
      assert.equal(status, 200);
      const { results, next } = body as RoomsPage;
      sizes.push(results.length);
      ids.push(...results.map(({ id }) => id));
      url = next;
      assert.ok(url === null || url.startsWith(`${server.url}/api/chat/rooms/?`), 'next is absolute');
    }
    assert.deepEqual(sizes, [ROOMS_PER_PAGE, ROOMS_PER_PAGE, 50]);
    assert.deepEqual(ids, expected);
  });

  it('12.21: GET rooms/ is an array as long as one page is enough', async () => {
    assert.equal((await rest(server, ANA, 'rooms/')).body.length, 5);
  });

  it('12.21: a room that is updated meanwhile is not listed twice, and hides no other', async () => {
    const { results, next } = (await rest(server, user, 'rooms/')).body as RoomsPage;
    const moved = expected.at(-1)!;
    await server.database.query('update rooms set updated_at = now() where id = $1', [moved]);
    const second = (await rest(server, user, next!.slice(server.url.length))).body as RoomsPage;
    assert.deepEqual(
      [...results, ...second.results].map(({ id }) => id),
      expected.slice(0, 2 * ROOMS_PER_PAGE),
    );
    assert.equal((await rest(server, user, 'rooms/')).body.results[0].id, moved);
  });

  it('12.21: the socket lists the most recently updated rooms', async () => {
    const client = await join(server, user);
    const { rooms } = (await client.ask({ type: 'get_room_list' }, 'room_list')) as Frame & { rooms: unknown[] };
    assert.equal(rooms.length, ROOMS_PER_PAGE);
    client.close();
  });

  it('12.21: rejects a cursor that it did not make', async () => {
    const encode = (text: string): string => Buffer.from(text).toString('base64url');
    for (const cursor of ['x', encode('1'), encode('1.2.3'), encode("1' or '1"), encode('-1.2'), encode('1e9.2')]) {
      const { status, body } = await rest(server, user, `rooms/?cursor=${cursor}`);
      assert.deepEqual([status, body], [400, { cursor: ['This cursor is not valid.'] }], cursor);
    }
    // In form, but of no list.
    for (const path of [`rooms/?cursor=${encode('9999999999999999.9999999999')}`, `rooms/?cursor=${encode('0.0')}`])
      assert.equal((await rest(server, user, path)).status, 200, path);
  });

  it('12.21: a large room names no participants, and counts all; its receipts have pages', async () => {
    const [room] = await server.database.query<{ id: number }>(
      `with people as (
         insert into users (email, username) select 'p' || n, 'participant ' || n from generate_series(1, ${MEMBERS}) n
         returning id),
       made as (insert into rooms (name, room_type) values ('large', 'general') returning id),
       inside as (
         insert into members (room_id, user_id, read_up_to)
         select made.id, people.id, 7 from made, people union all select made.id, ${ANA}, 0 from made)
       select id from made`,
    );
    const { body } = await rest(server, ANA, `rooms/${room!.id}/`);
    assert.deepEqual([body.participants, body.participant_count], [[], MEMBERS + 1]);

    const pages: { items: { user_id: number; up_to: number }[]; next: string | null }[] = [];
    for (let next: string | null = ''; next !== null; next = pages.at(-1)!.next)
      pages.push((await rest(server, ANA, `rooms/${room!.id}/receipts/?cursor=${next}`)).body);
    assert.deepEqual(
      pages.map(({ items }) => items.length),
      [RECEIPTS_PER_PAGE, MEMBERS - RECEIPTS_PER_PAGE],
    );
    assert.equal(new Set(pages.flatMap(({ items }) => items.map(({ user_id }) => user_id))).size, MEMBERS);
    assert.equal((await rest(server, ANA, `rooms/${room!.id}/receipts/?cursor=x`)).status, 400);
  });
});
