import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import {
  ANA,
  BEN,
  CLEO,
  join,
  openSocket,
  rest,
  ROOM,
  withServer,
  type RestResponse,
  type Client,
  type Frame,
} from './support.js';

const JOB = 2;
const EMOJI = ['👍', '❤', '❤️', '👩‍👩‍👧‍👦', '🏳️‍🌈', '🇩🇪', '1️⃣', '👍🏽'];

describe('edit, delete, reactions', () => {
  let server: RunningServer;
  let clients: Client[] = [];
  before(async () => {
    server = await startServer({ limits: { rate: 100_000, content: 100 } });
  });
  after(() => server.close());
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });
  const enter = async (userId: number): Promise<Client> => {
    const client = await join(server, userId);
    clients = [...clients, client];
    return client;
  };
  const post = async (userId: number, content: string, more: object = {}): Promise<{ id: number }> =>
    (await rest(server, userId, `rooms/${ROOM}/send_message/`, { json: { room: ROOM, content, ...more } })).body;
  const patch = (userId: number, id: unknown, body: object): Promise<RestResponse> =>
    rest(server, userId, `messages/${id}/`, { method: 'PATCH', body: JSON.stringify(body) });
  const remove = (userId: number, id: unknown): Promise<RestResponse> =>
    rest(server, userId, `messages/${id}/`, { method: 'DELETE' });
  const reactTo = (userId: number, id: unknown, emoji: unknown, on: unknown = true): Promise<RestResponse> =>
    rest(server, userId, `messages/${id}/reactions/`, { json: { emoji, on } });
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the tests know the fields
  const history = async (userId: number): Promise<Record<string, any>[]> =>
    (await rest(server, userId, `rooms/${ROOM}/messages/?limit=20`)).body.messages;
  const last = async (userId: number): Promise<Record<string, unknown>> =>
    (await rest(server, userId, `rooms/${ROOM}/`)).body.last_message;

  it('an edit reaches every member, the preview and the quotes', async () => {
    const [ana, ben] = [await enter(ANA), await enter(BEN)];
    const { id } = await post(ANA, 'Tursday?');
    await post(BEN, 'quoting', { reply_to: id });
    for (const client of [ana, ben]) await client.settle();
    ana.send({ type: 'edit_message', room_id: ROOM, message_id: id, content: 'Thursday?' });
    for (const client of [ana, ben]) {
      const { message } = (await client.take('message_updated')) as unknown as { message: Record<string, unknown> };
      assert.deepEqual(
        [message['id'], message['content'], message['is_own_message'], typeof message['edited_at']],
        [id, 'Thursday?', false, 'string'],
      );
      await client.settle();
    }
    const page = await history(BEN);
    assert.equal(page.at(-1)!['reply_to'].content, 'Thursday?');
    const { status, body } = await patch(ANA, id, { content: 'Friday?' });
    assert.deepEqual([status, body.content, body.is_own_message], [200, 'Friday?', true]);
    await ben.take('message_updated');
    const { id: newest } = await post(ANA, 'lst');
    await patch(ANA, newest, { content: 'last' });
    assert.equal((await last(BEN))['content'], 'last');
    const updates = (await ben.settle())
      .filter(({ type }) => type === 'room_updated')
      .map((frame) => (frame['updates'] as { last_message: { content: string } }).last_message.content);
    assert.deepEqual(updates, ['quoting', 'lst', 'last'], 'previews the last message');
  });

  it('13.4: of a deleted message only a tombstone remains, and its quotes disclose nothing', async () => {
    const [ana, ben] = [await enter(ANA), await enter(BEN)];
    await ben.ask({ type: 'mark_read', room_id: ROOM }, 'messages_marked_read');
    const { id: before } = await post(ANA, 'stays');
    const form = new FormData();
    form.set('room', '1');
    form.set('content', 'secret');
    form.set('attachment', new File(['secret'], 'a.txt'));
    const { body: secret } = await rest(server, ANA, `rooms/${ROOM}/send_message/`, {
      method: 'POST',
      body: form,
      headers: { 'Idempotency-Key': 'secret-1' },
    });
    await post(ANA, 'quoting', { reply_to: secret.id });
    await reactTo(BEN, secret.id, '👍');
    const unread = async () => (await rest(server, BEN, `rooms/${ROOM}/`)).body.unread_count;
    assert.equal(await unread(), 3);
    for (const client of [ana, ben]) await client.settle();
    ana.send({ type: 'delete_message', room_id: ROOM, message_id: secret.id });
    for (const [client, count] of [
      [ana, 0],
      [ben, 2],
    ] as const) {
      assert.equal((await client.take('message_deleted'))['message_id'], secret.id);
      const { updates } = (await client.take('room_updated')) as unknown as {
        updates: { last_message: { content: string }; unread_count: number };
      };
      if (client === ben) assert.deepEqual([updates.last_message.content, updates.unread_count], ['quoting', count]);
    }
    const page = await history(BEN);
    assert.deepEqual(
      page
        .slice(-3)
        .map(({ id, content, attachment, reactions, deleted_at, reply_to }) => [
          id,
          content,
          attachment,
          reactions,
          typeof deleted_at,
          reply_to && [reply_to.content, reply_to.sender, typeof reply_to.deleted_at],
        ]),
      [
        [before, 'stays', null, [], 'object', null],
        // Only a tombstone remains.
        [secret.id, '', null, [], 'string', null],
        [page.at(-1)!['id'], 'quoting', null, [], 'object', ['', '', 'string']],
      ],
    );
    assert.equal(await unread(), 2);
    assert.equal((await fetch(new URL(secret.attachment, server.url))).status, 404);
    const notifications = await openSocket(server, await server.signToken(BEN), { path: `/ws/notifications/${BEN}/` });
    clients = [...clients, notifications];
    assert.ok(!JSON.stringify(await notifications.take('recent_notifications')).includes('secret'));
    assert.ok(
      !JSON.stringify(await server.database.query('select * from messages')).includes('secret"'),
      'deleted from the database too',
    );
    // Deletes the last message too: the previous one becomes the preview.
    await remove(ANA, page.at(-1)!['id']);
    assert.equal((await last(BEN))['content'], 'stays');
    assert.equal((await rest(server, BEN, `messages/${secret.id}/mark_read/`, { method: 'POST' })).status, 404);
    assert.ok(
      (
        await rest(server, BEN, `rooms/${ROOM}/send_message/`, {
          json: { room: ROOM, content: 'x', reply_to: secret.id },
        })
      ).body.reply_to,
    );
    // A retry by a device that missed the deletion: neither stored nor shown.
    const again = await rest(server, ANA, `rooms/${ROOM}/send_message/`, {
      json: { room: ROOM, content: 'secret' },
      headers: { 'Idempotency-Key': 'secret-1' },
    });
    assert.deepEqual([again.status, again.body], [404, { detail: 'Not found.' }]);
    const error = await ana.ask(
      { type: 'send_message', room_id: ROOM, content: 'secret', _tempId: 'secret-1' },
      'error',
    );
    assert.deepEqual(
      [error['code'], error['_tempId'], error['message_id']],
      ['unknown_message', 'secret-1', secret.id],
    );
  });

  it('reactions are counted per user, in order of arrival', async () => {
    const [ana, ben] = [await enter(ANA), await enter(BEN)];
    const { id } = await post(ANA, 'react to me');
    assert.deepEqual((await history(BEN)).at(-1)!['reactions'], []);
    ben.send({ type: 'react', room_id: ROOM, message_id: id, emoji: '🎉', on: true });
    await reactTo(ANA, id, '👍');
    const { body } = await reactTo(ANA, id, '🎉');
    const reactions = [
      { emoji: '🎉', user_ids: [BEN, ANA] },
      { emoji: '👍', user_ids: [ANA] },
    ];
    assert.deepEqual(body.reactions, reactions);
    for (const client of [ana, ben]) {
      const frames = (await client.settle()).filter(({ type }) => type === 'reactions_updated');
      assert.deepEqual([frames.length, frames.at(-1)!['message_id'], frames.at(-1)!['reactions']], [3, id, reactions]);
    }
    await reactTo(ANA, id, '👍', false);
    assert.deepEqual((await history(BEN)).at(-1)!['reactions'], [{ emoji: '🎉', user_ids: [BEN, ANA] }]);
    for (const emoji of EMOJI) assert.equal((await reactTo(BEN, id, emoji)).status, 200, emoji);
    for (const emoji of ['', 'x', '👍👍', ' 👍', '1', '🧑‍🚀'.repeat(40), 5, null, '<img>'])
      assert.ok((await reactTo(BEN, id, emoji)).body.emoji, String(emoji));
    assert.deepEqual((await reactTo(BEN, id, '👍', 'yes')).body, { on: ['Must be true or false.'] });
    const many = [...'😀😁😂😃😄😅😆😇😈😉😊😋😌😍😎'];
    const answers: number[] = [];
    for (const emoji of many) answers.push((await reactTo(BEN, id, emoji)).status);
    assert.deepEqual([answers[0], answers.at(-1)], [200, 400], 'the number of different emoji is limited');
    assert.equal((await reactTo(CLEO, id, '👍')).status, 404);
  });

  it('rejects invalid requests with a code, by socket and REST', async () => {
    const [ana, cleo] = [await enter(ANA), await enter(CLEO)];
    const { id: bens } = await post(BEN, 'mine');
    const { id: own } = await post(ANA, 'own');
    const form = new FormData();
    form.set('room', '1');
    form.set('attachment', new File(['x'], 'a.txt'));
    const { body: file } = await rest(server, ANA, `rooms/${ROOM}/send_message/`, { method: 'POST', body: form });
    const refusals: [Client, Frame, string, number | undefined, (() => Promise<RestResponse>)?, number?][] = [
      [
        ana,
        { type: 'edit_message', message_id: bens, content: 'x' },
        'not_yours',
        bens,
        () => patch(ANA, bens, { content: 'x' }),
        403,
      ],
      [ana, { type: 'delete_message', message_id: bens }, 'not_yours', bens, () => remove(ANA, bens), 403],
      [
        ana,
        { type: 'edit_message', message_id: 999_999, content: 'x' },
        'unknown_message',
        999_999,
        () => patch(ANA, 999_999, { content: 'x' }),
        404,
      ],
      [
        ana,
        { type: 'react', message_id: 999_999, emoji: '👍', on: true },
        'unknown_message',
        999_999,
        () => reactTo(ANA, 'x', '👍'),
        404,
      ],
      [
        ana,
        { type: 'edit_message', message_id: own, content: ' ' },
        'empty_content',
        own,
        () => patch(ANA, own, {}),
        400,
      ],
      [
        ana,
        { type: 'edit_message', message_id: own, content: 'x'.repeat(101) },
        'too_long',
        own,
        () => patch(ANA, own, { content: 'x'.repeat(101) }),
        400,
      ],
      [
        ana,
        { type: 'edit_message', message_id: file.id, content: 'x' },
        'invalid',
        file.id,
        () => patch(ANA, file.id, { content: 'x' }),
        400,
      ],
      [ana, { type: 'react', message_id: own, emoji: 'nice', on: true }, 'invalid', own],
      [cleo, { type: 'delete_message', message_id: own }, 'access_denied', own, () => remove(CLEO, own), 404],
      [cleo, { type: 'edit_message', message_id: own, content: 'x', room_id: JOB }, 'unknown_message', own],
      [ana, { type: 'delete_message', message_id: {} }, 'invalid', undefined],
      [ana, { type: 'edit_message', message_id: own }, 'invalid', own],
    ];
    for (const [client, frame, code, messageId, byRest, status] of refusals) {
      const error = await client.ask({ room_id: ROOM, ...frame }, 'error');
      assert.deepEqual(
        [error['code'], error['room_id'], messageId ?? null],
        [code, frame['room_id'] ?? ROOM, messageId === undefined ? null : error['message_id']],
        JSON.stringify(frame),
      );
      if (byRest) assert.equal((await byRest()).status, status, JSON.stringify(frame));
    }
    const refused = await patch(ANA, bens, { content: 'x' });
    assert.deepEqual(refused.body, { detail: 'Only the author of a message can edit it.', code: 'not_yours' });
  });

  it('a request without effect is answered to the requester only, without a seq', async () => {
    const [ana, other, ben] = [await enter(ANA), await enter(ANA), await enter(BEN)];
    const { id } = await post(ANA, 'same');
    for (const client of [ana, other, ben]) await client.settle();
    const same = await ana.ask(
      { type: 'edit_message', room_id: ROOM, message_id: id, content: 'same' },
      'message_updated',
    );
    assert.deepEqual(['seq' in same, (same['message'] as { edited_at: unknown }).edited_at], [false, null]);
    assert.deepEqual(
      (await ana.ask({ type: 'react', room_id: ROOM, message_id: id, emoji: '👍', on: false }, 'reactions_updated'))[
        'reactions'
      ],
      [],
    );
    await remove(ANA, id);
    for (const client of [ana, other, ben]) assert.equal((await client.take('message_deleted'))['message_id'], id);
    assert.ok(
      !('seq' in (await ana.ask({ type: 'delete_message', room_id: ROOM, message_id: id }, 'message_deleted'))),
    );
    assert.equal((await remove(ANA, id)).status, 204);
    for (const client of [other, ben])
      assert.deepEqual(
        (await client.settle()).filter(({ type }) => type !== 'room_updated'),
        [],
      );
  });

  it('allows the methods for allowed origins', async () => {
    const preflight = await rest(server, null, 'messages/1/', {
      method: 'OPTIONS',
      headers: { Origin: server.url, 'Access-Control-Request-Method': 'PATCH' },
    });
    assert.match(preflight.headers.get('Access-Control-Allow-Methods') ?? '', /PATCH,DELETE/);
  });
});

it('a baseline backend supports none of these', () =>
  withServer({ baseline: true }, async (server) => {
    const ana = await join(server, ANA, ROOM);
    const frames: Frame[] = [
      { type: 'sync', rooms: { 1: 0 } },
      { type: 'authenticate', token: await server.signToken(ANA) },
      { type: 'edit_message', room_id: ROOM, message_id: 1, content: 'x' },
      { type: 'delete_message', room_id: ROOM, message_id: 1 },
      { type: 'react', room_id: ROOM, message_id: 1, emoji: '👍', on: true },
    ];
    for (const frame of frames) {
      const error = await ana.ask(frame, 'error');
      assert.deepEqual(
        [Object.keys(error), error['message']],
        [['type', 'message', 'timestamp'], `Unknown message type: ${frame.type}`],
      );
    }
    const routes: [string, string][] = [
      ['GET', 'sync/?room=1:0'],
      ['PATCH', 'messages/1/'],
      ['DELETE', 'messages/1/'],
      ['POST', 'messages/1/reactions/'],
      ['POST', 'ws_ticket/'],
    ];
    for (const [method, path] of routes) assert.equal((await rest(server, ANA, path, { method })).status, 404, path);
    await ana.ask({ type: 'send_message', room_id: ROOM, content: 'plain' }, 'new_message');
    await ana.ask({ type: 'mark_read', room_id: ROOM }, 'messages_marked_read');
    const { rooms } = await ana.ask({ type: 'get_room_list' }, 'room_list');
    const bodies = [
      rooms,
      ...['rooms/', 'rooms/1/', 'rooms/1/messages/'].map((path) => rest(server, ANA, path).then(({ body }) => body)),
    ];
    assert.ok(!/"(seq|reactions)"/.test(JSON.stringify(await Promise.all(bodies))));
    const token = await server.signToken(ANA);
    const protocols = ['unified-chat', `bearer.${Buffer.from(token).toString('base64url')}`];
    await assert.rejects(openSocket(server, null, { protocols }), /refused 403/);
    await assert.rejects(openSocket(server, null, { ticket: 'x' }), /refused 403/);
    ana.close();
  }));
