/** Capabilities `room_settings` and `room_pages`. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { prune } from '../../demo/server/database/pruning.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, join, rest, withServer, type RestResponse } from './support.js';

const SETTINGS = { pinned: false, archived: false, muted_until: null, notify: 'all' };
const [JOB, SUPPORT, GENERAL] = [2, 3, 4];

interface Page {
  items: { id: number; unread_count: number; name: string }[];
  next: string | null;
  as_of: string;
  removed?: number[];
  expired?: boolean;
}

const pageOf = async (server: RunningServer, query: string, userId = ANA): Promise<Page> => {
  const { status, body, text } = await rest(server, userId, `rooms/?${query}`);
  assert.equal(status, 200, text);
  return body as Page;
};
const idsOf = ({ items }: Page): number[] => items.map(({ id }) => id);
const set = (server: RunningServer, userId: number, roomId: number, settings: object): Promise<RestResponse> =>
  rest(server, userId, `rooms/${roomId}/me/`, {
    method: 'PATCH',
    body: JSON.stringify(settings),
    headers: { 'Content-Type': 'application/json' },
  });
const send = (server: RunningServer, userId: number, room: number, content = 'news'): Promise<RestResponse> =>
  rest(server, userId, `rooms/${room}/send_message/`, { json: { room, content } });

describe('13.6: settings of a room', () => {
  let server: RunningServer;
  before(async () => (server = await startServer()));
  after(() => server.close());

  it('are changed one by one, on all devices of the user only', async () => {
    const [phone, laptop, ben] = [await join(server, ANA), await join(server, ANA), await join(server, BEN)];
    assert.deepEqual((await rest(server, ANA, 'rooms/4/')).body.settings, SETTINGS);
    const until = '2030-01-01T00:00:00.000Z';
    assert.deepEqual((await set(server, ANA, GENERAL, { pinned: true })).body, { ...SETTINGS, pinned: true });
    const { status, body } = await set(server, ANA, GENERAL, { muted_until: until, notify: 'mentions' });
    const expected = { pinned: true, archived: false, muted_until: until, notify: 'mentions' };
    assert.deepEqual([status, body], [200, expected]);
    assert.deepEqual((await set(server, ANA, GENERAL, {})).body, expected);
    for (const client of [phone, laptop]) {
      await client.take('room_updated');
      assert.deepEqual((await client.take('room_updated'))['updates'], { settings: expected });
      client.close();
    }
    assert.deepEqual(await ben.settle(), []);
    ben.close();
    assert.deepEqual((await rest(server, BEN, 'rooms/4/')).body.settings, SETTINGS);
    await set(server, ANA, GENERAL, SETTINGS);
  });

  it('refuses other values, and rooms of others', async () => {
    for (const [name, value] of [
      ['pinned', 1],
      ['archived', null],
      ['muted_until', '2030-01-01'],
      ['muted_until', '2030-01-01T00:00:00'],
      ['muted_until', 'x'],
      ['muted_until', 7],
      ['notify', 'some'],
      ['notify', null],
    ] as const)
      assert.deepEqual(Object.keys((await set(server, ANA, GENERAL, { [name]: value })).body as object), [name]);
    assert.equal((await set(server, BEN, SUPPORT, { pinned: true })).status, 404);
  });

  it('a new message takes a room out of the archive, unless it is muted; other devices are told', async () => {
    const ana = await join(server, ANA);
    await set(server, ANA, JOB, { archived: true });
    await set(server, ANA, GENERAL, { archived: true, muted_until: '2100-01-01T00:00:00Z' });
    await set(server, ANA, SUPPORT, { archived: true, muted_until: '2020-01-01T00:00:00Z' });
    await ana.settle();
    await Promise.all([send(server, BEN, JOB), send(server, BEN, GENERAL), send(server, 4, SUPPORT)]);
    const archived = async (): Promise<number[]> => idsOf(await pageOf(server, 'archived=true'));
    assert.deepEqual(await archived(), [GENERAL]);
    const told = new Set<unknown>();
    while (told.size < 2) {
      const { room_id, updates } = (await ana.take('room_updated')) as unknown as {
        room_id: number;
        updates: { settings?: { archived: boolean } };
      };
      if (updates.settings?.archived === false) told.add(room_id);
    }
    assert.deepEqual([...told].sort(), [JOB, SUPPORT]);
    ana.close();
    await set(server, ANA, GENERAL, SETTINGS);
  });
});

describe('13.6: pages of the room list', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer();
    await server.database.query(`insert into rooms (id, name, room_type, updated_at)
      select n, 'Room ' || n, 'general', '2020-01-01'::timestamptz + (n / 2) * interval '1 minute' from generate_series(100, 129) n`);
    await server.database.query(`insert into members (room_id, user_id)
      select n, u from generate_series(100, 129) n, unnest(array[${CLEO}, ${BEN}]) u`);
  });
  after(() => server.close());

  it('each room is in one page, pinned ones first, then the most recently updated; ties by id', async () => {
    await set(server, CLEO, 103, { pinned: true });
    await set(server, CLEO, 120, { pinned: true });
    await set(server, CLEO, 110, { archived: true });
    const seen: number[] = [];
    for (let cursor = ''; ;) {
      const page = await pageOf(server, `limit=7&cursor=${cursor}`, CLEO);
      assert.ok(page.items.length === 7 || page.next === null);
      assert.equal('removed' in page, false);
      seen.push(...idsOf(page));
      if (page.next === null) break;
      cursor = page.next;
    }
    const others = Array.from({ length: 30 }, (_, n) => 100 + n)
      .filter((id) => ![103, 120, 110].includes(id))
      .sort((a, b) => Math.floor(b / 2) - Math.floor(a / 2) || a - b);
    assert.deepEqual(seen, [120, 103, JOB, GENERAL, ...others]);
    assert.deepEqual(idsOf(await pageOf(server, 'archived=true', CLEO)), [110]);
    // Without a parameter, all rooms, as before the capability.
    const { body } = await rest(server, CLEO, 'rooms/');
    assert.equal((body as unknown[]).length, 32);
  });

  it('refuses other parameters, and foreign cursors', async () => {
    for (const query of ['limit=0', 'limit=x', 'archived=1', 'limit=5&cursor=x', 'since=x', 'limit=5&cursor=MS4y'])
      assert.equal((await rest(server, ANA, `rooms/?${query}`)).status, 400, query);
    const { items } = await pageOf(server, 'limit=100000');
    assert.ok(items.length <= 200);
  });

  describe('since', () => {
    /** Runs changes, and finds out what is reported as changed since before. */
    const changedBy = async (run: () => Promise<unknown>, userId = BEN): Promise<Page> => {
      const { as_of } = await pageOf(server, 'limit=1', userId);
      await run();
      return pageOf(server, `since=${as_of}`, userId);
    };
    const ask = (userId: number, method: string, path: string, json?: object): Promise<RestResponse> =>
      rest(server, userId, path, {
        method,
        ...(json && { body: JSON.stringify(json), headers: { 'Content-Type': 'application/json' } }),
      });

    it('nothing has changed', async () => {
      const page = await changedBy(() => Promise.resolve());
      assert.deepEqual([page.items, page.removed, page.next], [[], [], null]);
    });

    it('messages, readings, settings, names and permissions, also by plain SQL', async () => {
      let message = 0;
      const cases: [what: string, run: () => Promise<unknown>][] = [
        ['a message', async () => (message = (await send(server, CLEO, 105)).body.id as number)],
        ['an edit', () => ask(CLEO, 'PATCH', `messages/${message}/`, { content: 'edited' })],
        ['reading', () => ask(BEN, 'POST', `messages/${message}/mark_read/`, {})],
        ['marking as unread', () => ask(BEN, 'POST', `messages/${message}/mark_unread/`, {})],
        ['a deletion', () => ask(CLEO, 'DELETE', `messages/${message}/`)],
        ['archiving', () => set(server, BEN, 105, { archived: true })],
        ['a name', () => server.database.query(`update rooms set name = 'Other' where id = 105`)],
        ['closing', () => server.database.query(`update rooms set closed_reason = 'x' where id = 105`)],
        ['opening', () => server.database.query(`update rooms set closed_reason = null where id = 105`)],
        [
          'a role',
          () => server.database.query(`update members set role = 'owner' where room_id = 105 and user_id = ${BEN}`),
        ],
        ['inviting another', () => ask(BEN, 'POST', 'rooms/105/members/', { user_ids: [5] })],
        ['removing another', () => ask(BEN, 'DELETE', 'rooms/105/members/5/')],
      ];
      for (const [what, run] of cases) {
        const { items, removed } = await changedBy(run);
        assert.deepEqual([items.map(({ id }) => id), removed], [[105], []], what);
      }
      const other = await changedBy(() => set(server, CLEO, 105, { pinned: true }));
      assert.deepEqual(other.items, [], 'settings of another user');
    });

    it('rooms that are new, and rooms that are gone', async () => {
      const joined = await changedBy(() =>
        server.database.query(`insert into members (room_id, user_id) values (${SUPPORT}, ${BEN})`),
      );
      assert.deepEqual([idsOf(joined), joined.removed], [[SUPPORT], []]);
      const left = await changedBy(() =>
        server.database.query(`delete from members where room_id = ${SUPPORT} and user_id = ${BEN}`),
      );
      assert.deepEqual([idsOf(left), left.removed], [[], [SUPPORT]]);
      const inactive = await changedBy(() =>
        server.database.query('update rooms set is_active = false where id = 106'),
      );
      assert.deepEqual([idsOf(inactive), inactive.removed], [[], [106]]);
      const back = await changedBy(async () => {
        await server.database.query(`delete from members where room_id = 107 and user_id = ${BEN}`);
        await server.database.query(`insert into members (room_id, user_id) values (107, ${BEN})`);
      });
      assert.deepEqual([idsOf(back), back.removed], [[107], []]);
    });

    it('finds a change whose transaction ends after the list was read', async () => {
      const { as_of } = await pageOf(server, 'limit=1', BEN);
      // The same, if the transaction began before: PGlite has one connection, so its number is compared.
      const [{ xid } = { xid: '' }] = await server.database.query<{ xid: string }>(
        'select pg_snapshot_xmin(pg_current_snapshot())::text as xid',
      );
      assert.equal(Buffer.from(as_of, 'base64url').toString().split('.')[0], xid);
    });

    it('has pages, too', async () => {
      const { as_of } = await pageOf(server, 'limit=1', BEN);
      for (const room of [100, 101, 102]) await send(server, CLEO, room);
      const first = await pageOf(server, `limit=2&since=${as_of}`, BEN);
      assert.deepEqual(idsOf(first), [102, 101]);
      const second = await pageOf(server, `limit=2&since=${as_of}&cursor=${first.next}`, BEN);
      assert.deepEqual([idsOf(second), second.next], [[100], null]);
    });

    it('is expired after a week, and for another database', async () => {
      const { as_of } = await pageOf(server, 'limit=1', BEN);
      const [transaction, seconds] = Buffer.from(as_of, 'base64url').toString().split('.').map(Number) as [
        number,
        number,
      ];
      const since = (s: number, t: number): string => Buffer.from(`${t}.${s}`).toString('base64url');
      for (const value of [since(seconds - 8 * 86_400, transaction), since(seconds, transaction + 1_000_000)]) {
        const page = await pageOf(server, `since=${value}`, BEN);
        assert.deepEqual([page.items, page.expired], [[], true]);
      }
      assert.equal((await pageOf(server, `since=${since(seconds - 6 * 86_400, transaction)}`, BEN)).expired, undefined);
    });

    it('former members are forgotten when they cannot be requested any more', async () => {
      const windows = {
        versionDays: 30,
        notificationWindow: { days: 90, perUser: 5 },
        syncWindow: { changes: 1_000, hours: 24 },
      };
      const count = async (): Promise<number> => (await server.database.query('select 1 from former_members')).length;
      assert.ok((await count()) > 0);
      await prune(server.database, windows, Date.now() + 7 * 86_400_000);
      assert.ok((await count()) > 0);
      await prune(server.database, windows, Date.now() + 9 * 86_400_000);
      assert.equal(await count(), 0);
    });

    it('the numbers of transactions wrap around in rows', async () => {
      const cases: [row: string, since: string, isChanged: boolean][] = [
        ['700', '700', true],
        ['701', '700', true],
        ['699', '700', false],
        ['5', '4294967290', true],
        ['4294967290', '4294967301', false],
        ['4294967295', '8589934591', true],
        ['3', '8589934591', true],
      ];
      for (const [row, since, isChanged] of cases) {
        const [found] = await server.database.query<{ is: boolean }>(
          `select changed_since('${row}'::xid, ${since}) as is`,
        );
        assert.equal(found!.is, isChanged, `${row} since ${since}`);
      }
    });
  });

  it('absent without the capability: the parameters are ignored, as in the baseline', () =>
    withServer({ without: ['room_pages', 'room_settings'] }, async (other) => {
      const { body } = await rest(other, ANA, 'rooms/?limit=1');
      assert.equal((body as unknown[]).length, 5);
      assert.equal('settings' in (body as object[])[0]!, false);
      assert.equal((await set(other, ANA, GENERAL, { pinned: true })).status, 404);
    }));
});
