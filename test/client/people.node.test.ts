/** Finding people and starting rooms, against a real backend. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { roomOf } from '../../src/store/selectors.js';
import { ChatError } from '../../src/transport/index.js';
import { ANA, BEN, CLEO, rest } from '../server/support.js';
import { connectAs, type TestConnection } from './support.js';

const EMIL = 5;
const [JOB, BIG] = [2, 600];
const hasCode = (code: string) => (error: unknown) => error instanceof ChatError && error.code === code;

describe('13.6: people', () => {
  let server: RunningServer;
  let plain: RunningServer;
  let open: TestConnection[] = [];
  before(async () => {
    server = await startServer();
    plain = await startServer({ without: ['people', 'create_room', 'manage_room', 'room_settings', 'room_pages'] });
    await server.database.query(`insert into users (id, email, username)
      select n, n, 'member' || lpad(n::text, 4, '0') from generate_series(1000, 1059) n`);
    await server.database.query(`insert into rooms (id, name, room_type) values (${BIG}, 'Big', 'general')`);
    await server.database.query(`insert into members (room_id, user_id)
      select ${BIG}, n from generate_series(1000, 1059) n union all values (${BIG}, ${ANA})`);
  });
  afterEach(() => {
    open.forEach((each) => each.end());
    open = [];
  });
  after(async () => {
    await server.close();
    await plain.close();
  });

  const connect = async (userId: number, to = server): Promise<TestConnection> => {
    const made = await connectAs(to, userId);
    open.push(made);
    return made;
  };

  it('searches, page by page', async () => {
    const { chat } = await connect(ANA);
    const { items } = await chat.people.search({ query: 'bé' });
    assert.deepEqual(
      items.map(({ id, username }) => [id, username]),
      [[BEN, 'ben']],
    );
    const first = await chat.people.search({ query: 'member' });
    assert.equal(first.items.length, 50);
    const second = await chat.people.search({ query: 'member', cursor: first.next });
    assert.deepEqual([second.items.length, second.next], [10, null]);
  });

  it('lists the members of a room, with their roles', async () => {
    const { chat } = await connect(ANA);
    const { items, next } = await chat.people.members(JOB, { query: 'a' });
    assert.deepEqual(
      items.map(({ user, role }) => [user.id, role]),
      [[ANA, 'owner']],
    );
    assert.equal(next, null);
    await assert.rejects(chat.people.members(3_000), hasCode('not_found'));
  });

  it('a search that is aborted sends nothing, or is cut off', async () => {
    const ana = await connect(ANA);
    const before = new AbortController();
    before.abort();
    await assert.rejects(ana.chat.people.search({ query: 'b', signal: before.signal }), hasCode('aborted'));
    assert.ok(!ana.requests.includes('GET people/'));
    const during = new AbortController();
    ana.beforeRequest = (_method, path) => {
      if (path === 'people/') during.abort();
    };
    await assert.rejects(ana.chat.people.search({ query: 'b', signal: during.signal }), hasCode('aborted'));
  });

  it('starts one room with a person, which both see at once', async () => {
    const [cleo, emil] = [await connect(CLEO), await connect(EMIL)];
    const lists = (connection: TestConnection): number =>
      connection.requests.filter((request) => request === 'GET rooms/').length;
    const [before, beforeEmil] = [lists(cleo), lists(emil)];
    const [one, two] = await Promise.all([cleo.chat.people.startDirect(EMIL), emil.chat.people.startDirect(CLEO)]);
    assert.equal(one.room.id, two.room.id);
    assert.deepEqual([one.created, two.created].sort(), [false, true]);
    for (const connection of [cleo, emil]) {
      await connection.until((data) => roomOf(data, one.room.id) !== undefined, 'the room');
      assert.equal(connection.chat.rooms.filter(({ id }) => id === one.room.id).length, 1);
    }
    assert.deepEqual([lists(cleo), lists(emil)], [before, beforeEmil], 'the list is not read again');
    const { message } = await cleo.chat.sendChatMessage(one.room.id, 'Hello Emil');
    await emil.until((data) => roomOf(data, one.room.id)?.last_message?.content === 'Hello Emil', 'the message');
    assert.ok(message.id);
    await assert.rejects(cleo.chat.people.startDirect(999_999), hasCode('not_found'));
  });

  it('a room with a context is shown with it', async () => {
    const ana = await connect(ANA);
    const json = { user_ids: [EMIL], context: { type: 'job', id: 7 } };
    const { body } = await rest(server, EMIL, 'rooms/', { json: { ...json, user_ids: [ANA] } });
    const data = await ana.until((now) => roomOf(now, body.room.id) !== undefined, 'the room');
    assert.deepEqual(roomOf(data, body.room.id)!.context, { type: 'job', id: '7' });
  });

  it('sends nothing that the backend does not offer; startDirect uses the baseline', async () => {
    const { chat, requests } = await connect(ANA, plain);
    const room = chat.room(4);
    const before = requests.length;
    for (const attempt of [
      () => chat.people.search(),
      () => chat.people.members(4),
      () => room.rename('x'),
      () => room.invite([2]),
      () => room.removeMember(2),
      () => room.leave(),
      () => room.changeSettings({ pinned: true }),
    ])
      await assert.rejects(attempt(), hasCode('not_supported'), String(attempt));
    await chat.loadMoreRooms();
    assert.deepEqual(requests.slice(before), []);
    assert.equal(await room.can('rename'), false);
    const { room: direct, created } = await chat.people.startDirect(CLEO);
    assert.deepEqual([created, requests.slice(before)], [true, ['POST rooms/start_dm/']]);
    assert.ok(roomOf(chat.data, direct.id));
    await assert.rejects(chat.people.startDirect(999_999), hasCode('invalid'));
  });
});
