/** Capability `receipts`: read receipts with few frames; and `GET me/`. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, join, rest, ROOM, withServer, type Client, type Frame } from './support.js';

const READERS = 20;

describe('10.17: read receipts', () => {
  let server: RunningServer;
  let clients: Client[] = [];
  before(async () => {
    server = await startServer({ limits: { rate: 10_000 } });
  });
  after(() => server.close());
  beforeEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  const enter = async (userId: number): Promise<Client> => {
    const client = await join(server, userId);
    clients = [...clients, client];
    return client;
  };
  const post = async (userId: number, content = 'x', room = ROOM): Promise<{ id: number }> =>
    (await rest(server, userId, `rooms/${room}/send_message/`, { json: { room, content } })).body;
  const receipts = async (userId: number, room = ROOM) =>
    (await rest(server, userId, `rooms/${room}/receipts/`)).body.items as { user_id: number; up_to: number }[];
  const of = (type: string, frames: Frame[]): Frame[] => frames.filter((frame) => frame.type === type);

  it('10.17: marks messages as read up to one; later ones stay unread', async () => {
    const [ana, ben] = [await enter(ANA), await enter(BEN)];
    await ben.ask({ type: 'mark_read', room_id: ROOM }, 'messages_marked_read');
    const [, second, third] = [await post(ANA), await post(ANA), await post(ANA)];
    for (const client of [ana, ben]) await client.settle();
    const marked = await ben.ask({ type: 'mark_read', room_id: ROOM, up_to: second.id }, 'messages_marked_read');
    assert.deepEqual([marked['count'], 'seq' in marked], [2, false]);
    assert.equal(((await ben.take('room_updated'))['updates'] as { unread_count: number }).unread_count, 1);
    const { timestamp: _, ...receipt } = await ana.take('message_read');
    assert.deepEqual(receipt, { type: 'message_read', room_id: ROOM, user_id: BEN, up_to: second.id });
    assert.equal((await receipts(ANA)).find(({ user_id }) => user_id === BEN)!.up_to, second.id);
    assert.equal((await rest(server, BEN, `rooms/${ROOM}/`)).body.unread_count, 1);
    // An earlier message, or the same one again: nothing to announce.
    for (const up_to of [second.id - 1, second.id])
      assert.equal((await ben.ask({ type: 'mark_read', room_id: ROOM, up_to }, 'messages_marked_read'))['count'], 0);
    await ben.ask({ type: 'mark_read', room_id: ROOM, up_to: String(third.id) }, 'messages_marked_read');
    assert.equal(of('message_read', await ana.settle()).length, 1);
  });

  it('10.17: rejects `up_to` with an unknown message, or one of another room', async () => {
    const ben = await enter(BEN);
    const { id } = await post(ANA, 'elsewhere', 4);
    for (const up_to of [id, 999_999, 'x']) {
      const error = await ben.ask({ type: 'mark_read', room_id: ROOM, up_to }, 'error');
      assert.deepEqual([error['code'], error['room_id']], ['unknown_message', ROOM]);
    }
    const cleo = await enter(CLEO);
    assert.equal((await cleo.ask({ type: 'mark_read', room_id: ROOM, up_to: id }, 'error'))['code'], 'access_denied');
    assert.equal((await rest(server, CLEO, `rooms/${ROOM}/receipts/`)).status, 404);
    assert.equal((await rest(server, ANA, 'rooms/999/receipts/')).status, 404);
  });

  it('10.17: informs only the authors of the messages that were read', async () => {
    const JOB = 2;
    const [ana, ben, cleo] = [await enter(ANA), await enter(BEN), await enter(CLEO)];
    for (const client of [ana, ben, cleo])
      await client.ask({ type: 'mark_read', room_id: JOB }, 'messages_marked_read');
    const { id } = await post(ANA, 'by Ana', JOB);
    for (const client of [ana, ben, cleo]) await client.settle();
    await ben.ask({ type: 'mark_read', room_id: JOB, up_to: id }, 'messages_marked_read');
    assert.equal(of('message_read', await ana.settle()).length, 1);
    assert.equal(of('message_read', await cleo.settle()).length, 0);
  });

  it(`10.17: sends at most ${READERS} frames to the author of a message with ${READERS} readers, and records no change`, async () => {
    const [made] = await server.database.query<{ id: number }>(
      `with people as (insert into users (email, username) select 'r' || n, 'reader' || n from generate_series(1, $1::int) n returning id),
       room as (insert into rooms (name, room_type) values ('many', 'general') returning id),
       inside as (insert into members (room_id, user_id) select room.id, people.id from room, people union all select room.id, $2 from room)
       select id from room`,
      [READERS, ANA],
    );
    const room = made!.id;
    const ids = (
      await server.database.query<{ id: number }>(
        'select user_id as id from members where room_id = $1 and user_id <> $2',
        [room, ANA],
      )
    ).map(({ id }) => id);
    const ana = await enter(ANA);
    const readers = await Promise.all(ids.map((id) => enter(id)));
    const { id } = await post(ANA, 'to all', room);
    for (const client of [ana, ...readers]) await client.settle();
    const { seq } = (await rest(server, ANA, `rooms/${room}/`)).body;

    await Promise.all(
      readers.map((reader) => reader.ask({ type: 'mark_read', room_id: room, up_to: id }, 'messages_marked_read')),
    );
    const frames = await ana.settle();
    assert.ok(frames.length <= READERS, `${frames.length} frames to the author`);
    assert.equal(of('message_read', frames).length, READERS);
    let total = frames.length + readers.length; // the answers were already consumed
    for (const reader of readers) total += (await reader.settle()).length;
    assert.ok(total <= 3 * READERS, `${total} frames in total, instead of 440`);
    assert.equal((await rest(server, ANA, `rooms/${room}/`)).body.seq, seq, 'the sync window is not used up');
    assert.equal((await receipts(ANA, room)).filter(({ up_to }) => up_to === id).length, READERS);
  });

  it('10.17: still supports `message_ids`', async () => {
    const [ana, ben] = [await enter(ANA), await enter(BEN)];
    const [one, two] = [await post(ANA), await post(ANA)];
    for (const client of [ana, ben]) await client.settle();
    await ben.ask({ type: 'mark_read', room_id: ROOM, message_ids: [two.id] }, 'messages_marked_read');
    assert.deepEqual((await ana.take('message_read'))['message_ids'], [two.id]);
    assert.equal((await rest(server, BEN, `rooms/${ROOM}/`)).body.unread_count, 1);
    assert.equal(
      (await ben.ask({ type: 'mark_read', room_id: ROOM, message_ids: [] }, 'messages_marked_read'))['count'],
      1,
    );
    assert.equal((await ana.take('message_read'))['up_to'], two.id);
    assert.ok(one.id < two.id);
  });
});

it('10.4: GET me/ returns the same as the greeting', async () => {
  await withServer({ limits: { content: 77 } }, async (server) => {
    const client = await join(server, BEN);
    client.close();
    const { status, body, headers } = await rest(server, BEN, 'me/');
    assert.deepEqual([status, headers.get('Cache-Control')], [200, 'no-store']);
    assert.deepEqual(Object.keys(body).sort(), [
      'capabilities',
      'heartbeat_s',
      'hide_receipts',
      'limits',
      'protocol',
      'timestamp',
      'user_id',
      'username',
    ]);
    assert.deepEqual(
      [body.user_id, body.username, body.protocol, body.limits.content, body.capabilities.includes('receipts')],
      [BEN, 'ben', 1, 77, true],
    );
    assert.equal((await rest(server, null, 'me/')).status, 401);
  });
  await withServer({ baseline: true }, async (server) => assert.equal((await rest(server, BEN, 'me/')).status, 404));
});

it('10.10: lets browsers cache preflights', () =>
  withServer({ allowedOrigins: ['https://shop.example'] }, async (server) => {
    const preflight = await rest(server, null, 'rooms/', {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://shop.example',
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'authorization',
      },
    });
    assert.deepEqual([preflight.status, preflight.headers.get('Access-Control-Max-Age')], [204, '7200']);
  }));
