/** `connection.room(id).openAt`, against a real backend with a long history. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { seedMany } from '../../demo/server/database/seed.js';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { roomOf, threadOf } from '../../src/store/selectors.js';
import { ChatError, type ErrorCode } from '../../src/transport/index.js';
import { ANA, BEN } from '../server/support.js';
import { connectAs, deferred, type TestConnection } from './support.js';

const ROOM = 900;
const COUNT = 2_500;

/** A room with a long history. @returns the ids of its messages. */
async function addRoom({ database }: RunningServer): Promise<number[]> {
  await database.query(`insert into rooms (id, name, room_type) values (${ROOM}, 'Long', 'general')`);
  await database.query(`insert into members (room_id, user_id) values (${ROOM}, ${ANA}), (${ROOM}, ${BEN})`);
  return seedMany(database, ROOM, COUNT);
}

const withCode = (code: ErrorCode) => (error: unknown) => error instanceof ChatError && error.code === code;

describe('13.2: openAt', () => {
  let server: RunningServer;
  let ids: number[];
  let open: TestConnection[] = [];
  before(async () => {
    server = await startServer();
    ids = await addRoom(server);
  });
  afterEach(() => {
    open.forEach((each) => each.end());
    open = [];
  });
  after(() => server.close());

  const connect = async (userId: number, roomIds = [ROOM], to = server): Promise<TestConnection> => {
    const made = await connectAs(to, userId, roomIds);
    open.push(made);
    return made;
  };
  const shownIds = ({ shown }: TestConnection): unknown[] => shown(ROOM).map(({ id }) => id);
  /** The window is one segment of the history, without a gap. */
  function checkContiguous(connection: TestConnection): void {
    const shown = shownIds(connection);
    const from = ids.indexOf(shown[0] as number);
    assert.deepEqual(shown, ids.slice(from, from + shown.length));
  }

  it('replaces the messages by those around one, in one request', async () => {
    const ana = await connect(ANA);
    ana.requests.length = 0;
    const target = ids[300]!;
    assert.deepEqual(await ana.chat.room(ROOM).openAt(target), { found: true, messageId: target });
    checkContiguous(ana);
    const { hasOlder, hasNewer, timeline } = threadOf(ana.chat.data, ROOM);
    assert.deepEqual([hasOlder, hasNewer, timeline.length], [true, true, 50]);
    assert.deepEqual(ana.requests, [`GET rooms/${ROOM}/messages/`]);
    await ana.chat.loadOlder(ROOM);
    await ana.chat.loadNewer(ROOM);
    assert.equal(shownIds(ana).length, 150);
    checkContiguous(ana);
  });

  it('new messages are counted, and shown once the end is loaded', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    await ana.chat.room(ROOM).openAt(ids.at(-120)!);
    const before = shownIds(ana);
    const unread = roomOf(ana.chat.data, ROOM)!.unread_count;
    const { message } = await ben.chat.sendChatMessage(ROOM, 'while you read');
    ids.push(message.id as number);
    await ana.until((data) => roomOf(data, ROOM)!.unread_count === unread + 1, 'the count');
    assert.deepEqual(shownIds(ana), before);
    while (threadOf(ana.chat.data, ROOM).hasNewer) await ana.chat.loadNewer(ROOM);
    assert.equal(ana.shown(ROOM).at(-1)!.content, 'while you read');
    checkContiguous(ana);
  });

  it('the last jump wins', async () => {
    const ana = await connect(ANA);
    const room = ana.chat.room(ROOM);
    // The answer to the first jump is late.
    const { promise: released, resolve: release } = deferred();
    const { promise: requested, resolve: onRequest } = deferred();
    let count = 0;
    ana.beforeRequest = () => {
      onRequest();
      return ++count === 1 ? released : undefined;
    };
    const first = room.openAt(ids[100]!);
    const refused = assert.rejects(first, withCode('aborted'));
    await requested;
    assert.deepEqual(await room.openAt(ids[2_000]!), { found: true, messageId: ids[2_000] });
    const shown = shownIds(ana);
    release();
    await refused;
    assert.deepEqual(shownIds(ana), shown);
  });

  it('jumps while a page is being loaded, also the first one', async () => {
    const ana = await connect(ANA, []);
    ana.chat.openRoom(ROOM);
    assert.deepEqual(await ana.chat.room(ROOM).openAt(ids[500]!), { found: true, messageId: ids[500] });
    checkContiguous(ana);
    const older = ana.chat.loadOlder(ROOM);
    await ana.chat.room(ROOM).openAt(ids[1_500]!);
    await older;
    assert.ok(shownIds(ana).includes(ids[1_500]));
    checkContiguous(ana);
  });

  it('finds a time, the first unread message, and the neighbour of a deleted one', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    await ana.chat.room(ROOM).openAt(ids[700]!);
    const at = new Date(ana.shown(ROOM).find(({ id }) => id === ids[705])!.timestamp);
    await ana.chat.room(ROOM).openAt(ids[2_000]!);
    assert.deepEqual(await ana.chat.room(ROOM).openAt(at), { found: true, messageId: ids[705] });

    const { message: unread } = await ben.chat.sendChatMessage(ROOM, 'unread');
    ids.push(unread.id as number);
    await ana.until((data) => roomOf(data, ROOM)!.unread_count > 0, 'the count');
    const cleared = await connect(ANA, []);
    cleared.chat.openRoom(ROOM);
    const first = roomOf(cleared.chat.data, ROOM)!.first_unread_id;
    assert.deepEqual(await cleared.chat.room(ROOM).openAt('first-unread'), { found: true, messageId: first });

    const { message: own } = await ana.chat.sendChatMessage(ROOM, 'to be deleted');
    const { message: next } = await ana.chat.sendChatMessage(ROOM, 'the neighbour');
    ids.push(own.id as number, next.id as number);
    await ana.chat.room(ROOM).delete(own.id);
    for (const from of [ids[100]!, ids.at(-1)!]) {
      await ben.chat.room(ROOM).openAt(from);
      assert.deepEqual(await ben.chat.room(ROOM).openAt(own.id), { found: false, messageId: next.id });
    }
    const late = await ben.chat.room(ROOM).openAt(new Date(Date.now() + 3_600_000));
    assert.deepEqual(late, { found: false, messageId: next.id });
    const before = shownIds(ben);
    assert.deepEqual(await ben.chat.room(ROOM).openAt(2_000_000_000), { found: false, messageId: undefined });
    assert.deepEqual(shownIds(ben), before, 'an unknown message changes nothing');
  });

  it('without the capability, up to 20 older pages are loaded', async () => {
    const plain = await startServer({ without: ['around'] });
    try {
      const plainIds = await addRoom(plain);
      const ana = await connect(ANA, [ROOM], plain);
      const room = ana.chat.room(ROOM);
      assert.equal(roomOf(ana.chat.data, ROOM)!.first_unread_id, undefined);
      assert.deepEqual(await room.openAt(plainIds.at(-200)!), { found: true, messageId: plainIds.at(-200) });
      assert.ok(!ana.requests.some((request) => request.includes('around')));
      assert.deepEqual(await room.openAt(new Date(Date.now() + 3_600_000)), {
        found: false,
        messageId: plainIds.at(-1),
      });
      await assert.rejects(room.openAt(plainIds[10]!), withCode('too_far_back'));
      const pages = ana.requests.filter((request) => request === `GET rooms/${ROOM}/messages/`).length;
      assert.ok(pages <= 26, `${pages} pages`);
    } finally {
      open.forEach((each) => each.end());
      await plain.close();
    }
  });
});
