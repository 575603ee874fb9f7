import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { ANA, BEN, CLEO, join, openSocket, rest, ROOM, type Client } from './support.js';

const types = (frames: { type: string }[]): string[] => frames.map(({ type }) => type);
const send = (client: Client, content: string, _tempId?: string, room_id: unknown = ROOM): void =>
  client.send({ type: 'send_message', room_id, content, _tempId });

describe('messages, with all capabilities', () => {
  let server: RunningServer;
  let clients: Client[] = [];
  before(async () => {
    server = await startServer({ limits: { rate: 10_000 } });
  });
  after(() => server.close());
  beforeEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  const enter = async (userId: number, ...rooms: number[]): Promise<Client> => {
    const client = await join(server, userId, ...rooms);
    clients = [...clients, client];
    return client;
  };
  const post = (userId: number, content: string, key?: string, room = ROOM) =>
    rest(server, userId, `rooms/${room}/send_message/`, {
      json: { room, content },
      headers: key ? { 'Idempotency-Key': key } : {},
    });
  const stored = async (content: string): Promise<number> =>
    (await server.database.query('select 1 from messages where content = $1', [content])).length;

  it('acknowledges only to the sending connection, with the stored message', async () => {
    const [tab, otherTab, ben] = [await enter(ANA), await enter(ANA), await enter(BEN)];
    send(tab, 'hello', 'ack-1');
    const ack = await tab.take('message_ack');
    const echo = await tab.take('new_message');
    assert.equal(ack['_tempId'], 'ack-1');
    assert.equal(ack['room_id'], ROOM);
    const message = ack['message'] as Record<string, unknown>;
    assert.equal(message['_tempId'], 'ack-1');
    assert.equal(message['id'], (echo['message'] as { id: number }).id);
    for (const other of [otherTab, ben]) {
      assert.equal(((await other.take('new_message'))['message'] as { _tempId: string })._tempId, 'ack-1');
      assert.ok(!types(await other.settle()).includes('message_ack'));
    }
  });

  it('sends errors with a code, the message id and the room', async () => {
    const cleo = await enter(CLEO);
    const error = async (frame: object): Promise<Record<string, unknown>> =>
      cleo.ask({ type: 'send_message', ...frame }, 'error');
    const denied = await error({ room_id: ROOM, content: 'x', _tempId: 'e1' });
    assert.deepEqual(
      [denied['code'], denied['_tempId'], denied['room_id'], denied['message']],
      ['access_denied', 'e1', ROOM, 'Access denied to room 1'],
    );
    assert.equal((await error({ room_id: 2, content: '  ', _tempId: 'e2' }))['code'], 'empty_content');
    assert.equal((await error({ room_id: 2, content: 'x'.repeat(4001), _tempId: 'e3' }))['code'], 'too_long');
    assert.equal((await error({ room_id: 'abc', content: 'x', _tempId: 'e4' }))['code'], 'unknown_room');
    assert.equal((await error({ room_id: 2, content: 'x', reply_to: 1, _tempId: 'e5' }))['code'], 'invalid');
    assert.equal((await error({ room_id: 2, content: 'a\0b', _tempId: 'e6' }))['code'], 'invalid');
    assert.equal((await error({ room_id: 2, content: 'x', _tempId: '' }))['code'], 'invalid');
    assert.equal((await error({ room_id: 1e300, content: 'x' }))['code'], 'unknown_room');
  });

  it('delivers once to every connection of every member, subscribed or not, including messages sent by REST', async () => {
    const [subscribed, elsewhere, ben, cleo] = [
      await enter(ANA, ROOM),
      await enter(ANA),
      await enter(BEN, ROOM),
      await enter(CLEO),
    ];
    for (const write of [async () => send(ben, 'to all', 'u-1'), () => post(BEN, 'to all by REST', 'u-2')]) {
      await write();
      for (const client of [subscribed, elsewhere, ben]) {
        await client.take('new_message');
        const { updates } = (await client.take('room_updated')) as unknown as { updates: Record<string, unknown> };
        assert.deepEqual(Object.keys(updates).sort(), ['last_message', 'unread_count', 'updated_at']);
        const { body } = await rest(server, client === ben ? BEN : ANA, `rooms/${ROOM}/`);
        assert.equal(updates['unread_count'], body.unread_count);
        assert.deepEqual(
          types(await client.settle()).filter((type) => type !== 'message_ack'),
          [],
        );
      }
      assert.deepEqual(await cleo.settle(), []);
    }
  });

  it('stores a message once, despite repeated and concurrent sends', async () => {
    const [one, two] = [await enter(ANA), await enter(ANA)];
    for (let n = 0; n < 4; n++) send(n % 2 ? one : two, 'only once', 'once-1');
    const answers = await Promise.all(Array.from({ length: 4 }, () => post(ANA, 'only once', 'once-1')));
    const acks = [
      await one.take('message_ack'),
      await one.take('message_ack'),
      await two.take('message_ack'),
      await two.take('message_ack'),
    ];
    const ids = new Set([
      ...answers.map(({ body }) => body.id),
      ...acks.map(({ message }) => (message as { id: number }).id),
    ]);
    assert.equal(ids.size, 1);
    assert.equal(await stored('only once'), 1);
    assert.equal(types(await one.settle()).filter((type) => type === 'new_message').length, 1);
    assert.ok(answers.filter(({ status }) => status === 201).length <= 1);
    assert.equal((await post(ANA, 'only once', 'once-1')).status, 200);
    assert.equal((await post(BEN, 'another sender', 'once-1')).status, 201, 'ids are unique per sender only');
  });

  it('stores once if one id is used for two rooms concurrently, and rejects the other', async () => {
    const answers = await Promise.all([post(ANA, 'two rooms', 'two-1', 1), post(ANA, 'two rooms', 'two-1', 4)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [201, 409]);
    assert.equal(await stored('two rooms'), 1);
  });

  it('keeps the order of one author in a burst', async () => {
    const ana = await enter(ANA);
    const contents = Array.from({ length: 30 }, (_, n) => `burst ${n}`);
    contents.forEach((content, n) => send(ana, content, `burst-${n}`));
    for (const content of contents)
      assert.equal(((await ana.take('message_ack'))['message'] as { content: string }).content, content);
    const { body } = await rest(server, BEN, `rooms/${ROOM}/messages/?limit=30`);
    assert.deepEqual(
      body.messages.map(({ content }: { content: string }) => content),
      contents,
    );
  });

  it('returns `_tempId` by REST to its sender only', async () => {
    await post(ANA, 'mine', 'own-1');
    const last = async (userId: number) =>
      (await rest(server, userId, `rooms/${ROOM}/messages/?limit=1`)).body.messages[0];
    assert.deepEqual([(await last(ANA))._tempId, (await last(ANA)).is_own_message], ['own-1', true]);
    assert.deepEqual(['_tempId' in (await last(BEN)), (await last(BEN)).is_own_message], [false, false]);
  });

  it('pages through a history in both directions without gaps', async () => {
    const all: number[] = (
      await server.database.query<{ id: number }>('select id from messages where room_id = 1 order by id')
    ).map(({ id }) => id);
    const page = async (query: string) => (await rest(server, ANA, `rooms/${ROOM}/messages/?${query}`)).body;
    assert.equal((await page('')).messages.length, 50);
    assert.equal((await page('limit=1000')).messages.length, 100);
    let ids: number[] = [];
    for (let more = true; more;) {
      const { messages, has_more, oldest_id, newest_id, count } = await page(
        `limit=40${ids.length ? `&before=${ids[0]}` : ''}`,
      );
      assert.deepEqual([oldest_id, newest_id, count], [messages[0].id, messages.at(-1).id, messages.length]);
      ids = [...messages.map(({ id }: { id: number }) => id), ...ids];
      more = has_more;
    }
    assert.deepEqual(ids, all);
    const forward = await page(`after=${all[2]}&limit=2`);
    assert.deepEqual(
      forward.messages.map(({ id }: { id: number }) => id),
      all.slice(3, 5),
    );
    assert.equal(forward.has_more, true);
    assert.deepEqual(await page(`after=${all.at(-1)}`), {
      messages: [],
      has_more: false,
      count: 0,
      oldest_id: null,
      newest_id: null,
      seq: (await page('limit=1')).seq,
    });
  });

  it('forwards typing of members to the other subscribers', async () => {
    const [ana, ben, elsewhere, cleo] = [
      await enter(ANA, ROOM),
      await enter(BEN, ROOM),
      await enter(BEN),
      await enter(CLEO),
    ];
    ana.send({ type: 'typing', room_id: '1' });
    assert.equal((await ben.take('typing'))['is_typing'], true);
    ana.send({ type: 'stop_typing', room_id: 1 });
    assert.equal((await ben.take('typing'))['is_typing'], false);
    assert.equal((await cleo.ask({ type: 'typing', room_id: ROOM }, 'error'))['code'], 'access_denied');
    for (const client of [ana, ben, elsewhere]) assert.deepEqual(await client.settle(), []);
  });

  it('accepts room ids as strings of digits', async () => {
    const ana = await enter(ANA);
    assert.equal((await ana.ask({ type: 'subscribe_room', room_id: '1' }, 'subscribed'))['room_id'], 1);
    send(ana, 'to a string', 'digits-1', '1');
    assert.equal((await ana.take('message_ack'))['room_id'], 1);
  });

  it('notifies members without a subscription, on their notification sockets', async () => {
    const notifications = await openSocket(server, await server.signToken(BEN), { path: `/ws/notifications/${BEN}/` });
    clients = [...clients, notifications];
    await notifications.take('recent_notifications');
    await post(ANA, 'ring');
    const { notification } = (await notifications.take('new_notification')) as unknown as {
      notification: Record<string, unknown>;
    };
    assert.deepEqual(
      [notification['recipient'], notification['message'], notification['is_read'], notification['metadata']],
      [BEN, 'ring', false, { room_id: ROOM }],
    );
    const ask = async (action: object, answer: string) => (
      notifications.send(action),
      await notifications.take(answer)
    );
    const { count } = await ask({ action: 'get_unread_count' }, 'unread_count');
    await ask({ action: 'mark_read', notification_id: notification['id'] }, 'notification_read');
    assert.equal((await ask({ action: 'get_unread_count' }, 'unread_count'))['count'], Number(count) - 1);
    await ask({ action: 'mark_all_read' }, 'all_notifications_read');
    assert.equal((await ask({ action: 'get_unread_count' }, 'unread_count'))['count'], 0);
    assert.equal((await ask({ action: 'nonsense' }, 'error'))['message'], 'Unknown action');
    await enter(BEN, ROOM);
    await post(ANA, 'no ring');
    await ask({ action: 'get_unread_count' }, 'unread_count');
    assert.deepEqual(notifications.frames, [], 'Ben is subscribed to the room');
  });

  it('creates one direct room for two users, and informs both', async () => {
    const [cleo, dana] = [await enter(CLEO), await enter(4)];
    const start = (user_id: unknown, userId = CLEO) => rest(server, userId, 'rooms/start_dm/', { json: { user_id } });
    const answers = await Promise.all([start(4), start('4'), start(CLEO, 4)]);
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 201]);
    assert.equal(new Set(answers.map(({ body }) => body.room.id)).size, 1);
    assert.equal(((await dana.take('room_updated'))['updates'] as { name: string }).name, answers[0].body.room.name);
    await cleo.take('room_updated');
    for (const bad of [999, CLEO, 'x', null]) assert.ok((await start(bad)).body.user_id, `user_id ${bad}`);
    assert.ok((await rest(server, CLEO, 'rooms/start_dm/', { json: {} })).body.user_id);
  });

  it('10.35: does not readmit a removed user to a direct room, and does not reopen a closed room', async () => {
    const start = (userId: number, other: number) =>
      rest(server, userId, 'rooms/start_dm/', { json: { user_id: other } });
    const { id } = (await start(CLEO, BEN)).body.room;
    await server.database.query('delete from members where room_id = $1 and user_id = $2', [id, BEN]);
    assert.equal((await start(BEN, CLEO)).status, 404);
    assert.equal((await rest(server, BEN, `rooms/${id}/messages/`)).status, 404);
    assert.equal((await start(CLEO, BEN)).status, 200);
    await server.database.query('update rooms set is_active = false where id = $1', [id]);
    assert.equal((await start(CLEO, BEN)).status, 404);
  });

  it('serves files of any name', async () => {
    for (const name of ['..', '.', 'a"b.txt', '%2f..%2f', '\u202efdp.exe', '💥'.repeat(60)]) {
      const form = new FormData();
      form.set('room', String(ROOM));
      form.set('attachment', new File(['x'], name));
      const { body } = await rest(server, ANA, `rooms/${ROOM}/send_message/`, { method: 'POST', body: form });
      assert.equal((await fetch(new URL(body.attachment, server.url))).status, 200, name);
    }
  });
});
