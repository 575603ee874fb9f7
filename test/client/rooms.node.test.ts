/** Changes of rooms, settings, and pages of the room list, against a real backend. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import type { Room } from '../../src/protocol/index.js';
import { roomOf } from '../../src/store/selectors.js';
import { ChatError } from '../../src/transport/index.js';
import { ANA, BEN, CLEO, rest } from '../server/support.js';
import { connectAs, deferred, type TestConnection } from './support.js';

const [DANA, EMIL] = [4, 5];
const hasCode = (code: string) => (error: unknown) => error instanceof ChatError && error.code === code;

let open: TestConnection[] = [];
afterEach(() => {
  open.forEach((each) => each.end());
  open = [];
});
const connect = async (to: RunningServer, userId: number, rooms: number[] = []): Promise<TestConnection> => {
  const made = await connectAs(to, userId, rooms);
  open.push(made);
  return made;
};

describe('13.6: changing a room', () => {
  let server: RunningServer;
  /** A group of Ana, its owner, Ben and Cleo. */
  let id: number;
  before(async () => (server = await startServer({ limits: { roomChangesPerUser: 10_000 } })));
  after(() => server.close());
  beforeEach(async () => {
    const json = { user_ids: [BEN, CLEO], name: 'The move' };
    id = (await rest(server, ANA, 'rooms/', { json })).body.room.id as number;
  });
  const roomIn = ({ chat }: TestConnection): Room | undefined => roomOf(chat.data, id);
  const nameIn = (connection: TestConnection): string | undefined => roomIn(connection)?.name;
  /** Lets a kind of request wait, and then fail. */
  const holdAndFail = (connection: TestConnection, method: string): { fail: () => void; started: Promise<void> } => {
    const [start, end] = [deferred(), deferred()];
    connection.beforeRequest = async (asked) => {
      if (asked !== method) return;
      start.resolve();
      await end.promise;
      throw new TypeError('connection refused');
    };
    return { fail: end.resolve, started: start.promise };
  };

  it('a new name is shown at once, and to all members', async () => {
    const [ana, ben] = [await connect(server, ANA), await connect(server, BEN)];
    const { promise, resolve } = deferred();
    ana.beforeRequest = (method) => (method === 'PATCH' ? promise : undefined);
    const renaming = ana.chat.room(id).rename(' Moving day ');
    await ana.until(() => nameIn(ana) === 'Moving day', 'the new name');
    assert.equal(nameIn(ben), 'The move');
    resolve();
    await renaming;
    await ben.until(() => nameIn(ben) === 'Moving day', 'the new name');
    assert.equal(nameIn(ana), 'Moving day');
  });

  it('is taken back if the server refuses it, with the reason', async () => {
    const ana = await connect(server, ANA);
    await assert.rejects(
      ana.chat.room(id).rename('x'.repeat(201)),
      (error) => hasCode('invalid')(error) && /1 to 200 characters/.test((error as Error).message),
    );
    assert.equal(nameIn(ana), 'The move');
    await assert.rejects(ana.chat.room(id).rename('  '), hasCode('invalid'));
    const { fail, started } = holdAndFail(ana, 'PATCH');
    const failing = ana.chat.room(id).rename('Lost');
    await started;
    assert.equal(nameIn(ana), 'Lost');
    fail();
    await assert.rejects(failing, hasCode('unreachable'));
    assert.equal(nameIn(ana), 'The move');
  });

  it('is shown again if only the answer of the server was lost', async () => {
    const ana = await connect(server, ANA);
    ana.answer = async (method) => {
      if (method !== 'PATCH') return undefined;
      const before = roomIn(ana);
      const body = JSON.stringify({ name: 'Moved' });
      await rest(server, ANA, `rooms/${id}/`, { method, body, headers: { 'Content-Type': 'application/json' } });
      // The update has arrived when the answer is lost.
      await ana.until(() => roomIn(ana) !== before, 'the update');
      throw new TypeError('connection reset');
    };
    await assert.rejects(ana.chat.room(id).rename('Moved'), hasCode('unreachable'));
    await ana.until(() => nameIn(ana) === 'Moved', 'the name that the server has');
  });

  it('of two names that fail, the confirmed one comes back; a name that another user has set stays', async () => {
    const ana = await connect(server, ANA);
    const { fail, started } = holdAndFail(ana, 'PATCH');
    const failing = [ana.chat.room(id).rename('First'), ana.chat.room(id).rename('Second')];
    await started;
    await ana.until(() => nameIn(ana) === 'Second', 'the second name');
    fail();
    for (const each of failing) await assert.rejects(each, hasCode('unreachable'));
    assert.equal(nameIn(ana), 'The move');

    const held = holdAndFail(ana, 'PATCH');
    const late = ana.chat.room(id).rename('Late');
    await held.started;
    await rest(server, ANA, `rooms/${id}/`, { method: 'PATCH', body: '{"name":"On the laptop"}' });
    await ana.until(() => nameIn(ana) === 'On the laptop', 'the name of the laptop');
    held.fail();
    await assert.rejects(late, hasCode('unreachable'));
    assert.equal(nameIn(ana), 'On the laptop');
  });

  it('members come and go, live, without another list of rooms', async () => {
    const [ana, emil] = [await connect(server, ANA), await connect(server, EMIL)];
    const before = emil.requests.length;
    const invited = await ana.chat.room(id).invite([EMIL]);
    assert.deepEqual(
      invited.map(({ user, role }) => [user.id, role]),
      [[EMIL, 'member']],
    );
    await emil.until(() => nameIn(emil) === 'The move', 'the room');
    await ana.until(() => roomIn(ana)!.participant_count === 4, 'the new member');
    assert.deepEqual(emil.requests.slice(before), []);
    assert.equal(await emil.chat.room(id).can('send'), true);
    assert.equal(await emil.chat.room(id).can('invite'), false);

    await ana.chat.room(id).removeMember(EMIL);
    await emil.until(() => roomIn(emil) === undefined, 'the end');
    await ana.until(() => roomIn(ana)!.participant_count === 3, 'three members');
    // Again, as after an answer that was lost.
    await ana.chat.room(id).removeMember(EMIL);
  });

  it('a member who is removed while the room is open sees that it is closed', async () => {
    const [ana, ben] = [await connect(server, ANA), await connect(server, BEN, [id])];
    await ana.chat.room(id).removeMember(BEN);
    await ben.until((data) => data.threads.get(String(id))?.denied === true, 'that access is denied');
    assert.equal(roomIn(ben), undefined);
  });

  it('leaving removes the room at once, and makes another owner', async () => {
    const [ana, ben] = [await connect(server, ANA), await connect(server, BEN)];
    await ana.chat.room(id).leave();
    assert.equal(roomIn(ana), undefined);
    await ben.until((data) => roomOf(data, id)?.can?.includes('rename') === true, 'the rights of an owner');
    await ben.chat.room(id).rename('Ben decides');
    await ana.chat.refreshRoomList();
    assert.equal(roomIn(ana), undefined);
    // Once more.
    await ana.chat.room(id).leave();
    await assert.rejects(ana.chat.room(1).leave(), hasCode('forbidden'));
    assert.ok(roomOf(ana.chat.data, 1));
  });

  it('a message that arrives while a room is read, which is then left, is not shown to the next user', async () => {
    const [ana, ben] = [await connect(server, ANA), await connect(server, BEN)];
    const [start, read] = [deferred(), deferred()];
    ana.beforeRequest = (_method, path) => {
      if (path !== `rooms/${id}/messages/`) return undefined;
      start.resolve();
      return read.promise;
    };
    const leave = ana.chat.openRoom(id);
    await start.promise;
    await ben.chat.sendChatMessage(id, 'not for Dana');
    // A later frame of the same socket.
    await ben.chat.sendChatMessage(1, 'in another room');
    await ana.until(({ rooms }) => rooms.some((room) => room.last_message?.content === 'in another room'), 'both');
    leave();
    const shown: string[] = [];
    ana.chat.subscribe(({ user, threads }) => user?.id === DANA && shown.push(JSON.stringify([...threads])));
    ana.chat.configure({ url: server.url, token: await server.signToken(DANA) });
    // As in a page with a fixed room.
    ana.chat.openRoom(id);
    read.resolve();
    await ana.until(({ user, phase }) => user?.id === DANA && phase.is === 'connected', 'the connection of Dana');
    assert.ok(!shown.some((each) => each.includes('not for Dana')));
  });

  it('what the user may not do is not sent', async () => {
    const { chat, requests } = await connect(server, BEN);
    const before = requests.length;
    for (const attempt of [chat.room(id).rename('x'), chat.room(id).invite([EMIL]), chat.room(id).removeMember(CLEO)])
      await assert.rejects(attempt, hasCode('forbidden'));
    assert.deepEqual(requests.slice(before), []);
  });

  it('settings are shown at once, on all devices, and taken back one by one', async () => {
    const [ana, laptop] = [await connect(server, ANA), await connect(server, ANA)];
    const settings = await ana.chat.room(id).changeSettings({ pinned: true, notify: 'mentions' });
    assert.deepEqual(settings, { pinned: true, archived: false, muted_until: null, notify: 'mentions' });
    await laptop.until(() => roomIn(laptop)!.settings?.notify === 'mentions', 'the settings');
    assert.deepEqual(roomIn(ana)!.settings, settings);
    const { fail, started } = holdAndFail(ana, 'PATCH');
    const failing = ana.chat.room(id).changeSettings({ pinned: false, archived: true });
    await started;
    assert.deepEqual(roomIn(ana)!.settings, { ...settings, pinned: false, archived: true });
    fail();
    await assert.rejects(failing, hasCode('unreachable'));
    assert.deepEqual(roomIn(ana)!.settings, settings);
  });
});

describe('13.6: pages of the room list', () => {
  let server: RunningServer;
  const ROOMS = 120;
  before(async () => {
    server = await startServer();
    await server.database.query(`insert into rooms (id, name, room_type, updated_at)
      select n, 'Room ' || n, 'general', now() - n * interval '1 minute' from generate_series(1000, ${999 + ROOMS}) n`);
    await server.database.query(`insert into members (room_id, user_id)
      select n, u from generate_series(1000, ${999 + ROOMS}) n, unnest(array[${DANA}, ${CLEO}]) u`);
  });
  after(() => server.close());
  const listed = ({ chat }: TestConnection): number => chat.rooms.length;

  it('the first page, further ones on demand, each room once', async () => {
    // Dana is also in two rooms of the demo.
    const dana = await connect(server, DANA);
    assert.equal(listed(dana), 50);
    assert.equal(dana.chat.data.roomsComplete, false);
    await dana.chat.loadMoreRooms();
    assert.equal(listed(dana), 100);
    await dana.chat.loadMoreRooms();
    assert.equal(listed(dana), ROOMS + 2);
    assert.equal(dana.chat.data.roomsComplete, true);
    const before = dana.requests.length;
    await dana.chat.loadMoreRooms();
    assert.equal(dana.requests.length, before);
    assert.equal(new Set(dana.chat.rooms.map(({ id }) => id)).size, ROOMS + 2);
  });

  it('a message in a room that is not loaded brings the room, and loses nothing', async () => {
    const dana = await connect(server, DANA);
    await rest(server, CLEO, 'rooms/1110/send_message/', { json: { room: 1110, content: 'from far down' } });
    await dana.until((data) => roomOf(data, 1110)?.last_message?.content === 'from far down', 'the room');
    assert.equal(roomOf(dana.chat.data, 1110)!.unread_count, 1);
    assert.equal(listed(dana), 51);
    await dana.chat.loadMoreRooms();
    await dana.chat.loadMoreRooms();
    assert.equal(new Set(dana.chat.rooms.map(({ id }) => id)).size, ROOMS + 2);
    assert.equal(roomOf(dana.chat.data, 1110)!.unread_count, 1);
  });

  it('later lists contain what has changed, also after a connection loss', async () => {
    const dana = await connect(server, DANA);
    const lists: number[] = [];
    const { signal } = new AbortController();
    assert.ok(signal);
    dana.isOnline = false;
    await server.database.query(`update rooms set name = 'Renamed' where id = 1003`);
    await server.database.query(`delete from members where room_id = 1004 and user_id = ${DANA}`);
    dana.isOnline = true;
    await dana.chat.refreshRoomList();
    lists.push(listed(dana));
    assert.equal(roomOf(dana.chat.data, 1003)!.name, 'Renamed');
    assert.equal(roomOf(dana.chat.data, 1004), undefined);
    assert.deepEqual(lists, [49]);
    await server.database.query(`insert into members (room_id, user_id) values (1004, ${DANA})`);
    await dana.chat.refreshRoomList();
    assert.equal(listed(dana), 50);
  });

  it('starts again if too much has changed', async () => {
    const dana = await connect(server, DANA);
    await dana.chat.loadMoreRooms();
    await server.database.query(
      `insert into rooms (id, name, room_type) select n, n, 'general' from generate_series(5000, 5250) n`,
    );
    await server.database.query(
      `insert into members (room_id, user_id) select n, ${DANA} from generate_series(5000, 5250) n`,
    );
    await dana.chat.refreshRoomList();
    assert.equal(listed(dana), 50);
    assert.equal(dana.chat.data.roomsComplete, false);
    await server.database.query('delete from rooms where id between 5000 and 5250');
    await dana.chat.refreshRoomList();
    assert.equal(listed(dana), 0);
  });

  it('archived rooms have pages of their own', async () => {
    const dana = await connect(server, DANA);
    await server.database.query(`update members set archived = true where user_id = ${DANA} and room_id = 1090`);
    const other = await connect(server, DANA);
    assert.equal(roomOf(other.chat.data, 1090), undefined);
    await other.chat.loadMoreRooms({ archived: true });
    assert.equal(roomOf(other.chat.data, 1090)!.settings!.archived, true);
    const before = other.requests.length;
    await other.chat.loadMoreRooms({ archived: true });
    await dana.chat.refreshRoomList();
    assert.equal(roomOf(dana.chat.data, 1090)!.settings!.archived, true, 'it has changed');
    assert.ok(other.requests.length - before <= 1);
  });
});
