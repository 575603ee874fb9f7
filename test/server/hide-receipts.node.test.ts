/** Capability `hide_receipts`: a user who hides receipts shows none, and sees none. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, join, openSocket, rest, withServer, type Client, type Frame } from './support.js';

const GROUP = 900;

describe('14.3: hidden receipts', () => {
  let server: RunningServer;
  let clients: Client[] = [];
  before(async () => {
    server = await startServer({ limits: { rate: 10_000, settingsPerUser: 10_000 } });
    await server.database.query(`insert into rooms (id, name, room_type) values (${GROUP}, 'Group', 'general')`);
    await server.database.query(`insert into members (room_id, user_id) select ${GROUP}, unnest($1::int[])`, [
      [ANA, BEN, CLEO],
    ]);
  });
  after(() => server.close());
  afterEach(async () => {
    clients.splice(0).forEach((client) => client.close());
    for (const user of [ANA, BEN, CLEO]) await hide(user, false);
  });

  const hide = (user: number, hides: unknown, to = server): ReturnType<typeof rest> =>
    rest(to, user, 'me/', { method: 'PATCH', body: JSON.stringify({ hide_receipts: hides }) });
  const enter = async (...users: number[]): Promise<Client[]> => {
    const entered = await Promise.all(users.map((user) => join(server, user)));
    clients = [...clients, ...entered];
    return entered;
  };
  const post = async (user: number): Promise<number> =>
    (
      (await rest(server, user, `rooms/${GROUP}/send_message/`, { json: { room: GROUP, content: 'x' } })).body as {
        id: number;
      }
    ).id;
  /** Reads and receives everything up to a message; reads one more message on its own. */
  const readAll = async (client: Client, upTo: number, single: number): Promise<void> => {
    client.send({ type: 'mark_delivered', room_id: GROUP, up_to: single });
    await client.ask({ type: 'mark_read', room_id: GROUP, up_to: upTo }, 'messages_marked_read');
    await client.ask({ type: 'mark_read', room_id: GROUP, message_ids: [single] }, 'messages_marked_read');
    await client.settle();
  };
  const receiptsOf = (frames: Frame[]): unknown[] =>
    frames.filter(({ type }) => /^message_(read|delivered)$/.test(type)).map(({ user_id }) => user_id);
  const listed = async (user: number): Promise<number[]> =>
    ((await rest(server, user, `rooms/${GROUP}/receipts/`)).body.items as { user_id: number }[]).map(
      ({ user_id }) => user_id,
    );
  /** `is_read` of messages, as a user sees it by REST and by `sync`. */
  const isRead = async (user: number, client: Client, ids: number[]): Promise<boolean[]> => {
    const page = (await rest(server, user, `rooms/${GROUP}/messages/?limit=100`)).body.messages as {
      id: number;
      is_read: boolean;
    }[];
    const { rooms } = (await client.ask({ type: 'sync', rooms: { [GROUP]: 0 } }, 'sync_result')) as unknown as {
      rooms: [{ changes: { message?: { id: number; is_read: boolean } }[] }];
    };
    const synced = rooms[0].changes.flatMap(({ message }) => message ?? []);
    return ids.flatMap((id) => [page, synced].map((all) => all.find((each) => each.id === id)!.is_read));
  };
  const isUnread = async (user: number): Promise<number> =>
    (await rest(server, user, `rooms/${GROUP}/`)).body.unread_count;

  it('is a setting of the user: PATCH me/, GET me/, the greeting, and the greeting again for all devices', async () => {
    const [phone, laptop, ana] = (await enter(BEN, BEN, ANA)) as [Client, Client, Client];
    const changed = await hide(BEN, true);
    assert.deepEqual([changed.status, changed.body.hide_receipts, changed.body.user_id], [200, true, BEN]);
    assert.equal((await rest(server, BEN, 'me/')).body.hide_receipts, true);
    assert.equal((await rest(server, ANA, 'me/')).body.hide_receipts, false);
    const later = await openSocket(server, await server.signToken(BEN));
    clients.push(later);
    assert.equal((await later.take('connection_established'))['hide_receipts'], true);
    const { ticket } = (await rest(server, BEN, 'ws_ticket/', { method: 'POST' })).body as { ticket: string };
    const byTicket = await openSocket(server, null, { ticket });
    clients.push(byTicket);
    assert.equal((await byTicket.take('connection_established'))['hide_receipts'], true);
    for (const client of [phone, laptop]) {
      const { timestamp: _, ...frame } = await client.take('connection_established');
      const { timestamp: _time, ...me } = (await rest(server, BEN, 'me/')).body as Record<string, unknown>;
      assert.deepEqual(frame, { type: 'connection_established', ...me, hide_receipts: true });
    }
    assert.deepEqual(await ana.settle(), [], 'other users do not learn it');
    // Again: it succeeds, and nothing has changed.
    assert.equal((await hide(BEN, true)).status, 200);
    assert.deepEqual(await phone.settle(), []);
    assert.equal((await hide(BEN, false)).body.hide_receipts, false);
  });

  it('refuses other values', async () => {
    for (const value of [undefined, null, 1, 'true']) {
      const { status, body } = await hide(BEN, value);
      assert.deepEqual([status, Object.keys(body as object)], [400, ['hide_receipts']]);
    }
    assert.equal((await rest(server, BEN, 'me/', { method: 'PATCH', body: '[]' })).status, 400);
    assert.equal((await rest(server, null, 'me/', { method: 'PATCH', body: '{}' })).status, 401);
  });

  it('hides what the user reads and receives, but counts it', async () => {
    const [ana, ben] = (await enter(ANA, BEN)) as [Client, Client];
    await hide(BEN, true);
    const ids = [await post(ANA), await post(ANA)] as [number, number];
    await ana.settle();
    assert.equal(await isUnread(BEN), 2);
    await readAll(ben, ...ids);
    assert.deepEqual(receiptsOf(await ana.settle()), []);
    assert.deepEqual(await listed(ANA), []);
    assert.deepEqual(await isRead(ANA, ana, ids), [false, false, false, false]);
    assert.equal(await isUnread(BEN), 0);
    assert.deepEqual(await isRead(BEN, ben, ids), [true, true, true, true], 'for the reader they are read');
    // Another reader is not hidden.
    const [cleo] = (await enter(CLEO)) as [Client];
    await readAll(cleo, ...ids);
    assert.deepEqual(new Set(receiptsOf(await ana.settle())), new Set([CLEO]));
    assert.deepEqual(await listed(ANA), [CLEO]);
    assert.deepEqual(await isRead(ANA, ana, ids), [true, true, true, true]);
  });

  it('hides the receipts of others from the user', async () => {
    const [ana, ben] = (await enter(ANA, BEN)) as [Client, Client];
    await hide(BEN, true);
    const ids = [await post(BEN), await post(BEN)] as [number, number];
    await ben.settle();
    await readAll(ana, ...ids);
    assert.deepEqual(receiptsOf(await ben.settle()), []);
    const { body } = await rest(server, BEN, `rooms/${GROUP}/receipts/`);
    assert.deepEqual(body, { items: [], next: null });
    assert.deepEqual(await isRead(BEN, ben, ids), [false, false, false, false]);
    // As soon as the user shows receipts again, those of others are there.
    await hide(BEN, false);
    assert.ok((await listed(BEN)).includes(ANA));
    assert.deepEqual(await isRead(BEN, ben, ids), [true, true, true, true]);
  });

  it('has a limit, and does not exist without the capability', async () => {
    await withServer({ limits: { settingsPerUser: 1 } }, async (limited) => {
      assert.equal((await hide(BEN, true, limited)).status, 200);
      const { status, headers } = await hide(BEN, false, limited);
      assert.deepEqual([status, Number(headers.get('Retry-After')) > 0], [429, true]);
    });
    await withServer({ without: ['hide_receipts'] }, async (other) => {
      assert.equal((await hide(BEN, true, other)).status, 404);
      assert.ok(!('hide_receipts' in ((await rest(other, BEN, 'me/')).body as object)));
    });
  });
});
