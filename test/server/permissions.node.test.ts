/**
 * Who may do what: every frame and every route is tried by a stranger, by a former member, and by a member of another
 * room with ids of this room. The tables below must name every frame and route; a new one fails the suite.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createContext } from '../../demo/server/create-context.js';
import { createHttp } from '../../demo/server/http/http.js';
import { createLog } from '../../demo/server/log.js';
import { resolveOptions } from '../../demo/server/options.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { type ClientFrames } from '../../src/protocol/client-frames.js';
import { ANA, BEN, CLEO, join, rest, type Client, type Frame } from './support.js';
import { sendFiles, textFile, uploadAll, type Attachment } from './upload-client.js';

const DAN = 4;
/** The room that is protected, another one of the former member's, and one that does not exist. */
const [ROOM, OTHER_ROOM, NO_ROOM] = [900, 901, 902];
const SECRET = 'known to Ana and Ben only';
const NAME = 'Protected';
const DISCLOSURE = new RegExp(`${SECRET}|${NAME}`);
const NO_MESSAGE = 2_000_000;

const NO_UPLOAD = crypto.randomUUID();

interface Ids {
  room: number;
  message: number;
  /** An unsent upload of a member. */
  upload: string;
}

interface Attempt {
  send: (ids: Ids) => Record<string, unknown>;
  /** The answer to a user outside the room: an error code, or the type of a frame. */
  outsider: string;
  /** The answer if the room is an own one and the message is not. Absent: the frame names no message. */
  foreignMessage?: string;
}

const FRAMES: Record<keyof typeof ClientFrames, Attempt> = {
  subscribe_room: { send: ({ room }) => ({ room_id: room }), outsider: 'access_denied' },
  unsubscribe_room: { send: ({ room }) => ({ room_id: room }), outsider: 'unsubscribed' },
  send_message: {
    send: ({ room, message }) => ({ room_id: room, content: 'from outside', reply_to: message, _tempId: 'outside' }),
    outsider: 'access_denied',
    foreignMessage: 'invalid',
  },
  mark_read: {
    send: ({ room, message }) => ({ room_id: room, up_to: message }),
    outsider: 'access_denied',
    foreignMessage: 'unknown_message',
  },
  typing: { send: ({ room }) => ({ room_id: room }), outsider: 'access_denied' },
  stop_typing: { send: ({ room }) => ({ room_id: room }), outsider: 'access_denied' },
  get_room_list: { send: () => ({}), outsider: 'room_list' },
  ping: { send: () => ({}), outsider: 'pong' },
  sync: { send: ({ room }) => ({ rooms: { [room]: 0 } }), outsider: 'sync_result' },
  authenticate: { send: () => ({ token: '' }), outsider: 'closed' },
  edit_message: {
    send: ({ room, message }) => ({ room_id: room, message_id: message, content: 'from outside' }),
    outsider: 'access_denied',
    foreignMessage: 'unknown_message',
  },
  delete_message: {
    send: ({ room, message }) => ({ room_id: room, message_id: message }),
    outsider: 'access_denied',
    foreignMessage: 'unknown_message',
  },
  mark_unread: {
    send: ({ room, message }) => ({ room_id: room, message_id: message }),
    outsider: 'access_denied',
    foreignMessage: 'unknown_message',
  },
  mark_delivered: {
    send: ({ room, message }) => ({ room_id: room, up_to: message }),
    outsider: 'access_denied',
    foreignMessage: 'unknown_message',
  },
  react: {
    send: ({ room, message }) => ({ room_id: room, message_id: message, emoji: '👍', on: true }),
    outsider: 'access_denied',
    foreignMessage: 'unknown_message',
  },
};

interface RouteAttempt {
  request: (ids: Ids) => [path: string, body?: object];
  outsider: number;
  /** The status if the room is an own one and the message is not. Absent: the route names no room beside a message. */
  foreignMessage?: number;
}

const ROUTES: Record<string, RouteAttempt> = {
  'GET /rooms/': { request: () => ['rooms/'], outsider: 200 },
  'GET /rooms/:id/': { request: ({ room }) => [`rooms/${room}/`], outsider: 404 },
  'POST /rooms/start_dm/': { request: () => ['rooms/start_dm/', { user_id: NO_MESSAGE }], outsider: 400 },
  'GET /rooms/:id/messages/': {
    request: ({ room, message }) => [`rooms/${room}/messages/?before=${message}`],
    outsider: 404,
    // An empty page, as before a message that does not exist.
    foreignMessage: 200,
  },
  'POST /rooms/:id/send_message/': {
    request: ({ room, message }) => [
      `rooms/${room}/send_message/`,
      { room, content: 'from outside', reply_to: message },
    ],
    outsider: 404,
    foreignMessage: 400,
  },
  'POST /messages/:id/mark_read/': { request: ({ message }) => [`messages/${message}/mark_read/`, {}], outsider: 404 },
  'GET /me/': { request: () => ['me/'], outsider: 200 },
  // A setting of the user's own: every user may change it.
  'PATCH /me/': { request: () => ['me/', { hide_receipts: false }], outsider: 200 },
  'GET /rooms/:id/receipts/': { request: ({ room }) => [`rooms/${room}/receipts/`], outsider: 404 },
  'GET /sync/': { request: ({ room }) => [`sync/?room=${room}:0`], outsider: 200 },
  'PATCH /messages/:id/': {
    request: ({ message }) => [`messages/${message}/`, { content: 'from outside' }],
    outsider: 404,
  },
  'DELETE /messages/:id/': { request: ({ message }) => [`messages/${message}/`], outsider: 404 },
  'POST /messages/:id/mark_unread/': {
    request: ({ message }) => [`messages/${message}/mark_unread/`, {}],
    outsider: 404,
  },
  'POST /messages/:id/reactions/': {
    request: ({ message }) => [`messages/${message}/reactions/`, { emoji: '👍', on: true }],
    outsider: 404,
  },
  // Cleo shares a room with Ana, Dan does not: the protected room discloses no user.
  'GET /people/': { request: () => ['people/?q=protected'], outsider: 200 },
  'GET /rooms/:id/members/': { request: ({ room }) => [`rooms/${room}/members/`], outsider: 404 },
  'POST /rooms/': { request: () => ['rooms/', { user_ids: [NO_MESSAGE], text: 'from outside' }], outsider: 404 },
  'PATCH /rooms/:id/': { request: ({ room }) => [`rooms/${room}/`, { name: 'from outside' }], outsider: 404 },
  'POST /rooms/:id/members/': { request: ({ room }) => [`rooms/${room}/members/`, { user_ids: [DAN] }], outsider: 404 },
  'DELETE /rooms/:id/members/:user/': { request: ({ room }) => [`rooms/${room}/members/${ANA}/`], outsider: 404 },
  'PATCH /rooms/:id/me/': { request: ({ room }) => [`rooms/${room}/me/`, { pinned: true }], outsider: 404 },
  'GET /messages/:id/': { request: ({ message }) => [`messages/${message}/`], outsider: 404 },
  // A user's own: the rights of files are those of the message that has them.
  'POST /uploads/': { request: () => ['uploads/', { name: 'a', media_type: 'text/plain', size: 1 }], outsider: 400 },
  'POST /uploads/:id/complete/': { request: ({ upload }) => [`uploads/${upload}/complete/`, {}], outsider: 404 },
  'DELETE /uploads/:id/': { request: ({ upload }) => [`uploads/${upload}/`], outsider: 404 },
  'POST /ws_ticket/': { request: () => ['ws_ticket/', {}], outsider: 200 },
};
/** Routes without a user: the address of a file is signed. See file-addresses.node.test.ts. */
const PUBLIC_ROUTES = ['GET /healthz', 'GET /attachments/:id/:name'];

describe('13.1: permissions', () => {
  let server: RunningServer;
  let message: number;
  /** A file of the room, and one that is not sent yet. */
  let sentFile: Attachment;
  let upload: string;
  let former: Client;
  let stranger: Client;
  let member: Client;

  before(async () => {
    server = await startServer();
    const { database } = server;
    await database.query(`insert into rooms (id, name, room_type) values
      (${ROOM}, '${NAME}', 'general'), (${OTHER_ROOM}, 'Other', 'general')`);
    await database.query(`insert into members (room_id, user_id) values
      (${ROOM}, ${ANA}), (${ROOM}, ${BEN}), (${ROOM}, ${CLEO}), (${OTHER_ROOM}, ${CLEO}), (${OTHER_ROOM}, ${ANA})`);
    former = await join(server, CLEO, ROOM);
    await database.query(`delete from members where room_id = ${ROOM} and user_id = ${CLEO}`);
    await former.take('unsubscribed');
    stranger = await join(server, DAN);
    const sent = await rest(server, ANA, `rooms/${ROOM}/send_message/`, { json: { room: ROOM, content: SECRET } });
    message = (sent.body as { id: number }).id;
    const [file, unsent] = await uploadAll(server, ANA, textFile(SECRET), textFile(SECRET));
    sentFile = (await sendFiles(server, ANA, ROOM, [file])).body.attachments[0] as Attachment;
    upload = unsent!;
    member = await join(server, ANA, ROOM);
  });
  after(async () => {
    for (const client of [former, stranger, member]) client.close();
    await server.close();
  });

  /** Everything that an attempt could change. */
  const stateOf = async (): Promise<unknown> => [
    await server.database.query(
      `select seq, message_count, name, xmin::text from rooms where id in (${ROOM}, ${OTHER_ROOM}) order by id`,
    ),
    await server.database.query(`select id, content, deleted_at from messages where room_id = ${ROOM} order by id`),
    await server.database.query(
      `select user_id, read_count, read_up_to, delivered_up_to, role, pinned from members where room_id in (${ROOM}, ${OTHER_ROOM}) order by room_id, user_id`,
    ),
    await server.database.query('select id, hides_receipts from users order by id'),
    await server.database.query(`select count(*)::int as n from reactions where message_id = ${message}`),
    await server.database.query('select id, message_id, state from attachments order by id'),
  ];

  /** Makes an attempt on the socket. @returns the frames that answer it. */
  async function attempt(client: Client, type: string, fields: Record<string, unknown>): Promise<Frame[]> {
    await client.settle();
    client.send({ type, ...fields });
    if (type === 'ping') return [await client.take('pong')];
    return client.settle();
  }
  const codeOf = ([frame]: Frame[]): unknown => (frame?.type === 'error' ? frame['code'] : frame?.type);
  /** An answer without what differs between two rooms. */
  const anonymous = (frames: Frame[], { room, message: id }: Pick<Ids, 'room' | 'message'>): string =>
    JSON.stringify(frames.map(({ timestamp: _timestamp, ...frame }) => frame))
      .replaceAll(String(room), '<room>')
      .replaceAll(String(id), '<message>');

  for (const [type, { send, outsider, foreignMessage }] of Object.entries(FRAMES)) {
    if (type === 'authenticate') continue;
    for (const who of ['stranger', 'former member'] as const)
      it(`${type} by a ${who}: ${outsider}`, async () => {
        const client = who === 'stranger' ? stranger : former;
        const before = await stateOf();
        const frames = await attempt(client, type, send({ room: ROOM, message, upload }));
        assert.equal(codeOf(frames), outsider);
        assert.doesNotMatch(JSON.stringify(frames), DISCLOSURE);
        // It does not reveal whether the room exists.
        const nowhere = { room: NO_ROOM, message: NO_MESSAGE, upload: NO_UPLOAD };
        const other = await attempt(client, type, send(nowhere));
        if (outsider !== 'room_list')
          assert.equal(anonymous(frames, { room: ROOM, message }), anonymous(other, nowhere));
        assert.deepEqual(await stateOf(), before);
        assert.deepEqual(await member.settle(), [], 'the members are told nothing');
      });
    if (foreignMessage !== undefined)
      it(`${type} in an own room, with a message of another room: ${foreignMessage}`, async () => {
        const before = await stateOf();
        const ids = { room: OTHER_ROOM, message, upload };
        const frames = await attempt(former, type, send(ids));
        assert.equal(codeOf(frames), foreignMessage);
        const nowhere = { room: OTHER_ROOM, message: NO_MESSAGE, upload: NO_UPLOAD };
        assert.equal(anonymous(frames, ids), anonymous(await attempt(former, type, send(nowhere)), nowhere));
        assert.deepEqual(await stateOf(), before);
      });
  }

  for (const which of ['unsent', 'sent'] as const)
    it(`${which === 'sent' ? 'a sent' : 'an unsent'} upload of another user cannot be sent: unknown_upload, as one that does not exist`, async () => {
      const before = await stateOf();
      const id = which === 'sent' ? sentFile.id : upload;
      const answerTo = async (attachment: string): Promise<unknown> => {
        const { status, body } = await sendFiles(server, CLEO, OTHER_ROOM, [attachment]);
        const frame = { type: 'send_message', room_id: OTHER_ROOM, content: '', attachments: [attachment] };
        const frames = await attempt(former, 'send_message', frame);
        assert.deepEqual([status, body.code, codeOf(frames)], [404, 'unknown_upload', 'unknown_upload']);
        return [body, anonymous(frames, { room: OTHER_ROOM, message })];
      };
      assert.deepEqual(await answerTo(id), await answerTo(NO_UPLOAD));
      assert.deepEqual(await stateOf(), before);
    });

  it('the address of a file, that a former member has kept, is refused: 403', async () => {
    await server.database.query(`insert into members (room_id, user_id) values (${ROOM}, ${DAN})`);
    const { attachments } = (await rest(server, DAN, `rooms/${ROOM}/messages/?limit=1`)).body.messages[0];
    const load = async (): Promise<[number, string]> => {
      const { status, text } = await rest(server, null, (attachments as Attachment[])[0]!.url!);
      return [status, text];
    };
    assert.deepEqual(await load(), [200, SECRET]);
    await server.database.query(`delete from members where room_id = ${ROOM} and user_id = ${DAN}`);
    const [status, text] = await load();
    assert.equal(status, 403);
    assert.doesNotMatch(text, DISCLOSURE);
  });

  it('authenticate with the token of another user closes the socket', async () => {
    const client = await join(server, DAN);
    client.send({ type: 'authenticate', token: await server.signToken(ANA) });
    assert.equal((await client.closed).code, 4001);
  });

  it('the table names every route', async () => {
    const options = resolveOptions({});
    const { context, close } = await createContext(options, createLog(options));
    try {
      const routes = createHttp(context)
        .routes.filter(({ method }) => method !== 'ALL')
        .map(({ method, path }) => `${method} ${path.replace('/api/chat', '')}`);
      assert.deepEqual([...new Set(routes)].sort(), [...Object.keys(ROUTES), ...PUBLIC_ROUTES].sort());
    } finally {
      await close();
    }
  });

  for (const [route, { request, outsider, foreignMessage }] of Object.entries(ROUTES)) {
    const ask = async (user: number | null, ids: Ids): Promise<{ status: number; text: string }> => {
      const [path, body] = request(ids);
      const { status, text } = await rest(server, user, path, {
        method: route.split(' ')[0]!,
        ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
      });
      const anonymousText = text.replaceAll(String(ids.room), '<room>').replaceAll(String(ids.message), '<message>');
      return { status, text: anonymousText };
    };
    for (const [who, user] of [
      ['stranger', DAN],
      ['former member', CLEO],
    ] as const)
      it(`${route} by a ${who}: ${outsider}`, async () => {
        const before = await stateOf();
        const answer = await ask(user, { room: ROOM, message, upload });
        assert.equal(answer.status, outsider, answer.text);
        assert.doesNotMatch(answer.text, DISCLOSURE);
        const nowhere = await ask(user, { room: NO_ROOM, message: NO_MESSAGE, upload: NO_UPLOAD });
        if (outsider !== 200) assert.deepEqual(answer, nowhere, 'it does not reveal whether the room exists');
        assert.deepEqual(await stateOf(), before);
        assert.deepEqual(await member.settle(), []);
      });
    it(`${route} without a token: 401`, async () => {
      const { status } = await ask(null, { room: ROOM, message, upload });
      assert.equal(status, 401);
    });
    if (foreignMessage !== undefined)
      it(`${route} in an own room, with a message of another room: ${foreignMessage}`, async () => {
        const before = await stateOf();
        const answer = await ask(CLEO, { room: OTHER_ROOM, message, upload });
        assert.equal(answer.status, foreignMessage, answer.text);
        assert.deepEqual(answer, await ask(CLEO, { room: OTHER_ROOM, message: NO_MESSAGE, upload: NO_UPLOAD }));
        assert.deepEqual(await stateOf(), before);
      });
  }
});
