import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DIFFERENCES, type Difference } from '../../demo/server/quirks.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import {
  ANA,
  BEN,
  CLEO,
  join,
  openSocket,
  rest,
  ROOM,
  within,
  withServer,
  type Client,
  type Frame,
} from './support.js';

const message = (frame: Frame): Record<string, unknown> => frame['message'] as Record<string, unknown>;
const send = (client: Client): Promise<Frame> =>
  client.ask({ type: 'send_message', room_id: ROOM, content: 'x', _tempId: 't1' }, 'new_message');
const post = (server: RunningServer, userId = BEN) =>
  rest(server, userId, `rooms/${ROOM}/send_message/`, { json: { room: ROOM, content: 'x' } });

describe('baseline, like the recorded backend', () => {
  let server: RunningServer;
  before(async () => {
    server = await startServer({ baseline: true });
  });
  after(() => server.close());

  it('announces no capabilities', async () => {
    const client = await openSocket(server, await server.signToken(ANA));
    assert.deepEqual(Object.keys(await client.take('connection_established')), [
      'type',
      'user_id',
      'username',
      'timestamp',
    ]);
    client.close();
  });

  it('announces messages to subscribers only, from socket and REST, and acknowledges nothing', async () => {
    const [ana, elsewhere, ben] = [
      await join(server, ANA, ROOM),
      await join(server, ANA),
      await join(server, BEN, ROOM),
    ];
    assert.equal(message(await send(ana))['_tempId'], 't1');
    await ben.take('new_message');
    await post(server);
    await ana.take('new_message');
    for (const client of [ana, elsewhere]) assert.deepEqual(await client.settle(), []);
    for (const client of [ana, elsewhere, ben]) client.close();
  });

  it('stores a repeated message twice', async () => {
    const ana = await join(server, ANA, ROOM);
    assert.notEqual(message(await send(ana))['id'], message(await send(ana))['id']);
    const twice = async () =>
      (
        await rest(server, ANA, `rooms/${ROOM}/send_message/`, {
          json: { room: ROOM, content: 'y' },
          headers: { 'Idempotency-Key': 'k' },
        })
      ).body;
    const [a, b] = [await twice(), await twice()];
    assert.notEqual(a.id, b.id);
    assert.ok(!('_tempId' in a));
    ana.close();
  });

  it('sends errors with a text only', async () => {
    const cleo = await join(server, CLEO);
    const error = await cleo.ask({ type: 'send_message', room_id: ROOM, content: 'x', _tempId: 't' }, 'error');
    assert.deepEqual(Object.keys(error), ['type', 'message', 'room_id', 'timestamp']);
    cleo.close();
  });

  it('confirms reading to the requesting connection, and informs the other subscribers', async () => {
    const [ana, elsewhere, ben] = [await join(server, ANA), await join(server, ANA), await join(server, BEN, ROOM)];
    await post(server);
    await ben.take('new_message');
    await ana.ask({ type: 'mark_read', room_id: ROOM }, 'messages_marked_read');
    assert.equal((await ben.take('message_read'))['user_id'], ANA);
    assert.deepEqual(await elsewhere.settle(), []);
    for (const client of [ana, elsewhere, ben]) client.close();
  });
});

/** A check for each deviation. */
const CHECKS: Record<
  Difference,
  (server: RunningServer, open: (userId: number, ...rooms: number[]) => Promise<Client>) => Promise<void>
> = {
  async 'temp-id-beside'(_server, open) {
    const frame = await send(await open(ANA, ROOM));
    assert.equal(frame['_tempId'], 't1');
    assert.ok(!('_tempId' in message(frame)));
  },
  async 'temp-id-none'(_server, open) {
    assert.ok(!JSON.stringify(await send(await open(ANA, ROOM))).includes('t1'));
  },
  async twice(_server, open) {
    const ana = await open(ANA, ROOM);
    assert.deepEqual(message(await send(ana))['id'], message(await ana.take('new_message'))['id']);
  },
  async 'rest-silent'(server, open) {
    const ana = await open(ANA, ROOM);
    assert.equal((await post(server)).status, 201);
    assert.deepEqual(await ana.settle(), []);
  },
  async 'socket-unread-zero'(server, open) {
    const { rooms } = (await (await open(ANA)).ask({ type: 'get_room_list' }, 'room_list')) as unknown as {
      rooms: { unread_count: number }[];
    };
    assert.ok(rooms.every((room) => room.unread_count === 0));
    assert.ok((await rest(server, ANA, 'rooms/')).body.some((room: { unread_count: number }) => room.unread_count > 0));
  },
  async 'history-marks-read'(server) {
    await post(server);
    assert.equal((await rest(server, ANA, 'rooms/1/')).body.unread_count, 1);
    await rest(server, ANA, 'rooms/1/messages/?limit=1');
    assert.equal((await rest(server, ANA, 'rooms/1/')).body.unread_count, 0);
  },
  async 'foreign-typing'(_server, open) {
    const [ana, cleo] = [await open(ANA, ROOM), await open(CLEO)];
    cleo.send({ type: 'typing', room_id: ROOM });
    assert.equal((await ana.take('typing'))['user_id'], CLEO);
    assert.deepEqual(await cleo.settle(), []);
  },
  async 'unknown-frames'(_server, open) {
    const ana = await open(ANA, ROOM);
    await ana.take('presence_snapshot');
    assert.ok('sparkles' in message(await send(ana)));
    await ana.take('delivery_receipt');
    await ana.take('x-analytics');
    assert.ok('colour' in ((await ana.ask({ type: 'get_room_list' }, 'room_list'))['rooms'] as object[])[0]!);
  },
  async 'bad-room'(server, open) {
    const bySocket = (await (await open(ANA)).ask({ type: 'get_room_list' }, 'room_list'))['rooms'] as {
      id: unknown;
    }[];
    for (const rooms of [bySocket, (await rest(server, ANA, 'rooms/')).body as { id: unknown }[]]) {
      assert.deepEqual([rooms.length, rooms.filter(({ id }) => id === null).length], [6, 1]);
    }
  },
  async 'html-errors'(server) {
    const errors: [number, Promise<{ status: number; headers: Headers }>][] = [
      [400, rest(server, ANA, 'rooms/1/send_message/', { json: {} })],
      [401, rest(server, null, 'rooms/')],
      [404, rest(server, ANA, 'rooms/999/')],
    ];
    for (const [status, answer] of errors) {
      assert.equal((await answer).status, status);
      assert.match((await answer).headers.get('Content-Type') ?? '', /text\/html/);
    }
  },
  async 'notifications-1011'(server) {
    const client = await openSocket(server, await server.signToken(ANA), { path: '/ws/notifications/1/' });
    client.send({ action: 'get_unread_count' });
    await client.take('unread_count');
    client.send({ action: 'mark_all_read' });
    assert.equal((await within(client.closed, 'the close')).code, 1011);
  },
  async 'notifications-quiet'(server) {
    const open = async (): Promise<Client> =>
      openSocket(server, await server.signToken(BEN), { path: `/ws/notifications/${BEN}/` });
    const quiet = await open();
    quiet.send({ action: 'get_unread_count' });
    assert.equal((await quiet.take('unread_count'))['count'], 0);
    assert.deepEqual(quiet.frames, []);
    await post(server, ANA);
    const notified = await open();
    assert.equal((await notified.take('recent_notifications'))['notifications'] instanceof Array, true);
    for (const client of [quiet, notified]) client.close();
  },
  async 'accept-then-4001'(server) {
    const client = await openSocket(server, 'nonsense');
    assert.equal((await within(client.closed, 'the close')).code, 4001);
    await assert.rejects(openSocket(server, 'nonsense', { origin: 'https://evil.example' }), /refused 403/);
  },
  async 'paginated-rooms'(server) {
    const ids: unknown[] = [];
    for (let url: string | null = `${server.url}/api/chat/rooms/`; url;) {
      const { body } = await rest(server, ANA, url.slice(server.url.length));
      ids.push(...body.results.map(({ id }: { id: unknown }) => id));
      url = body.next as string | null;
      assert.ok(url === null || url.startsWith(server.url), 'next is absolute');
    }
    assert.equal(new Set(ids).size, 5);
  },
  async 'string-ids'(server, open) {
    const ana = await open(ANA);
    assert.equal((await ana.ask({ type: 'subscribe_room', room_id: '1' }, 'subscribed'))['room_id'], '1');
    const frame = await send(ana);
    assert.deepEqual(
      [
        frame['room_id'],
        message(frame)['room'],
        typeof message(frame)['id'],
        (message(frame)['sender'] as { id: unknown }).id,
      ],
      ['1', '1', 'string', '1'],
    );
    const { body } = await rest(server, ANA, `rooms/1/messages/?before=${message(frame)['id']}&limit=1`);
    assert.deepEqual([typeof body.oldest_id, typeof body.messages[0].id, body.count], ['string', 'string', 1]);
    assert.equal((await rest(server, ANA, 'rooms/start_dm/', { json: { user_id: '3' } })).status, 201);
  },
  async 'user-rows'(server) {
    const [participant] = (await rest(server, ANA, 'rooms/1/')).body.participants;
    assert.deepEqual([participant.email, participant.is_active], ['ana@example.com', true]);
  },
};

describe('every deviation is observable', () => {
  for (const { name, description } of DIFFERENCES) {
    it(`${name}: ${description}`, () =>
      withServer({ baseline: true, differences: [name] }, async (server) => {
        const clients: Client[] = [];
        await CHECKS[name](server, async (userId, ...rooms) => {
          const client = await join(server, userId, ...rooms);
          clients.push(client);
          return client;
        });
        for (const client of clients) client.close();
      }));
  }

  it('all of them can be combined', () =>
    withServer({ baseline: true, differences: DIFFERENCES.map(({ name }) => name) }, async (server) => {
      const ana = await join(server, ANA, ROOM);
      await send(ana);
      ana.close();
    }));
});
