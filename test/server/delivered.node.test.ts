/** Capability `delivered`: how far messages have reached the devices of each member. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, join, rest, ROOM, withServer, type Client, type Frame } from './support.js';

const GROUP = 900;
const MANY = 901;

interface Item {
  user_id: number;
  up_to: number | null;
  delivered_up_to?: number;
}

describe('14.2: delivery receipts', () => {
  let server: RunningServer;
  let clients: Client[] = [];
  before(async () => {
    server = await startServer({ limits: { rate: 10_000 } });
    await server.database.query(
      `insert into rooms (id, name, room_type) values (${GROUP}, 'Group', 'general'), (${MANY}, 'Many', 'general')`,
    );
    await server.database.query(
      `insert into members (room_id, user_id) select r, u from unnest(array[${GROUP}, ${MANY}]) r, unnest($1::int[]) u`,
      [[ANA, BEN, CLEO]],
    );
  });
  after(() => server.close());
  afterEach(() => clients.splice(0).forEach((client) => client.close()));

  const enter = async (...users: number[]): Promise<Client[]> => {
    const entered = await Promise.all(users.map((user) => join(server, user)));
    clients = [...clients, ...entered];
    return entered;
  };
  const post = async (user: number, room = GROUP): Promise<number> =>
    ((await rest(server, user, `rooms/${room}/send_message/`, { json: { room, content: 'x' } })).body as { id: number })
      .id;
  const deliver = async (client: Client, up_to: unknown, room_id = GROUP): Promise<Frame[]> => {
    client.send({ type: 'mark_delivered', room_id, up_to });
    return client.settle();
  };
  const itemOf = async (user: number, room = GROUP): Promise<Item | undefined> =>
    ((await rest(server, ANA, `rooms/${room}/receipts/`)).body.items as Item[]).find((item) => item.user_id === user);
  const heard = async (client: Client): Promise<Frame[]> =>
    (await client.settle()).filter(({ type }) => type === 'message_delivered');

  it('is told to the authors of the messages only, once, and is listed beside what was read', async () => {
    const [ana, ben, cleo] = (await enter(ANA, BEN, CLEO)) as [Client, Client, Client];
    const id = await post(ANA);
    for (const client of [ana, ben, cleo]) await client.settle();
    const { seq } = (await rest(server, ANA, `rooms/${GROUP}/`)).body;
    assert.deepEqual(await deliver(ben, id), [], 'it has no answer');
    const [{ timestamp, ...frame } = {} as Frame, ...others] = await heard(ana);
    assert.deepEqual(frame, { type: 'message_delivered', room_id: GROUP, user_id: BEN, up_to: id });
    assert.deepEqual([typeof timestamp, others.length], ['string', 0]);
    assert.deepEqual(await heard(cleo), []);
    assert.deepEqual(await itemOf(BEN), { user_id: BEN, up_to: null, delivered_up_to: id });
    assert.equal(await itemOf(CLEO), undefined, 'no member without receipts');
    assert.equal((await rest(server, ANA, `rooms/${GROUP}/`)).body.seq, seq, 'it is no change');
    assert.equal((await rest(server, BEN, `rooms/${GROUP}/`)).body.unread_count, 1, 'and nothing is read');
    // Repeated, by another device, or as a text.
    const [laptop] = (await enter(BEN)) as [Client];
    for (const client of [ben, laptop]) for (const same of [id, String(id)]) await deliver(client, same);
    assert.deepEqual(await heard(ana), []);
  });

  it('never moves back, and reading includes it', async () => {
    const [ana, ben] = (await enter(ANA, BEN)) as [Client, Client];
    const [first, second, third] = [await post(ANA), await post(ANA), await post(ANA)];
    await deliver(ben, second);
    await deliver(ben, first);
    assert.equal((await itemOf(BEN))!.delivered_up_to, second);
    await ben.ask({ type: 'mark_read', room_id: GROUP, up_to: third }, 'messages_marked_read');
    assert.deepEqual(await itemOf(BEN), { user_id: BEN, up_to: third, delivered_up_to: third });
    await ana.settle();
    await deliver(ben, third);
    assert.deepEqual(await heard(ana), [], 'it was read: that is known');
    // Marked as unread, it was delivered nevertheless.
    await rest(server, BEN, `messages/${first}/mark_unread/`, { json: {} });
    await deliver(ben, first);
    assert.deepEqual([(await itemOf(BEN))!.delivered_up_to, await heard(ana)], [third, []]);
  });

  it('follows the order of the messages, not that of their ids', async () => {
    const [ben] = (await enter(BEN)) as [Client];
    const [early, late] = [await post(ANA), await post(ANA)];
    await server.database.query(`update messages set created_at = now() - interval '1 hour' where id = $1`, [late]);
    await deliver(ben, early);
    await deliver(ben, late);
    assert.equal((await itemOf(BEN))!.delivered_up_to, early);
  });

  it('refuses unknown messages and those of another room', async () => {
    const [ben] = (await enter(BEN)) as [Client];
    const elsewhere = await post(ANA, ROOM);
    await ben.settle();
    for (const up_to of [elsewhere, 999_999, 'x']) {
      const [error] = await deliver(ben, up_to);
      assert.deepEqual([error!['code'], error!['room_id']], ['unknown_message', GROUP]);
    }
    assert.equal((await deliver(ben, null))[0]!['code'], 'invalid');
  });

  it('of a member who was away for long reaches the authors of the newest 1,000 messages', async () => {
    await server.database.query(
      `insert into messages (room_id, sender_id, content, created_at)
       select ${MANY}, case when n = 1 then ${CLEO} else ${ANA} end, 'x', now() - (1500 - n) * interval '1 second'
       from generate_series(1, 1200) n`,
    );
    const [newest] = await server.database.query<{ id: number }>(
      `select id from messages where room_id = ${MANY} order by created_at desc limit 1`,
    );
    const [ana, ben, cleo] = (await enter(ANA, BEN, CLEO)) as [Client, Client, Client];
    await deliver(ben, newest!.id, MANY);
    assert.deepEqual([(await heard(ana)).length, (await heard(cleo)).length], [1, 0]);
    assert.equal((await itemOf(BEN, MANY))!.delivered_up_to, newest!.id);
  });

  it('has a limit', () =>
    withServer({ limits: { deliveredPerUser: 2 } }, async (limited) => {
      const ben = await join(limited, BEN);
      const id = 1;
      const codes: unknown[] = [];
      for (let n = 0; n < 3; n++) {
        ben.send({ type: 'mark_delivered', room_id: ROOM, up_to: id });
        codes.push(...(await ben.settle()).map(({ code }) => code));
      }
      assert.deepEqual(codes, ['rate_limited']);
      ben.close();
    }));

  for (const options of [{ without: ['delivered'] as const }, { baseline: true }])
    it(`does not exist with ${JSON.stringify(options)}`, () =>
      withServer(options, async (other) => {
        const [ana, ben] = [await join(other, ANA, ROOM), await join(other, BEN, ROOM)];
        ben.send({ type: 'mark_delivered', room_id: ROOM, up_to: 1 });
        assert.equal((await ben.take('error'))['message'], 'Unknown message type: mark_delivered');
        assert.deepEqual(await heard(ana), []);
        const { status, body } = await rest(other, ANA, `rooms/${ROOM}/receipts/`);
        if (status === 200) assert.ok((body.items as Item[]).every((item) => !('delivered_up_to' in item)));
        for (const client of [ana, ben]) client.close();
      }));
});
