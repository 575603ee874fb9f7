/** Marking as unread, and who has read a message, against a real backend. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { roomOf } from '../../src/store/selectors.js';
import { ChatError } from '../../src/transport/index.js';
import { ANA, BEN, CLEO, rest } from '../server/support.js';
import { connectAs, type TestConnection } from './support.js';

const JOB = 2;

describe('13.3: read state', () => {
  let server: RunningServer;
  let open: TestConnection[] = [];
  before(async () => (server = await startServer()));
  afterEach(() => {
    open.forEach((each) => each.end());
    open = [];
  });
  after(() => server.close());

  const connect = async (userId: number, roomIds: number[] = [JOB], to = server): Promise<TestConnection> => {
    const made = await connectAs(to, userId, roomIds);
    open.push(made);
    return made;
  };
  const unread = ({ chat }: TestConnection): number => roomOf(chat.data, JOB)!.unread_count;

  it('marks a message and all later ones as unread, on all devices, until the room was left', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    const laptop = await connect(BEN, []);
    const ids: unknown[] = [];
    for (const text of ['one', 'two', 'three']) ids.push((await ana.chat.sendChatMessage(JOB, text)).message.id);
    ben.chat.setViewing(JOB, true);
    await laptop.until(() => unread(laptop) === 0, 'all read');
    const isReadByBen = async () => ana.shown(JOB).find(({ id }) => id === ids[1])!.is_read;
    await ana.until(() => ana.shown(JOB).at(-1)!.is_read, 'the receipt');

    await ben.chat.room(JOB).markUnread(ids[1] as number);
    for (const each of [ben, laptop]) {
      await each.until(() => unread(each) === 2, 'two unread messages');
      assert.equal(roomOf(each.chat.data, JOB)!.first_unread_id, ids[1]);
    }
    // Still shown, but neither what is there nor what comes is marked as read.
    ben.chat.setViewing(JOB, true);
    await ana.chat.sendChatMessage(JOB, 'four');
    await laptop.until(() => unread(laptop) === 3, 'a third one');
    assert.equal(unread(ben), 3);
    await ben.chat.refreshRoomList();
    assert.equal(unread(ben), 3);
    // Others have seen that the messages were read.
    assert.equal(await isReadByBen(), true);
    const { body } = await rest(server, ANA, `rooms/${JOB}/messages/?limit=4`);
    assert.deepEqual(
      (body.messages as { content: string; is_read: boolean }[]).map(({ content, is_read }) => [content, is_read]),
      [
        ['one', true],
        ['two', true],
        ['three', true],
        ['four', false],
      ],
    );
    assert.deepEqual((await ana.chat.room(JOB).readBy(ids[2] as number)).includes(BEN), true);
  });

  it('another device that shows the room does not mark it as read again', async () => {
    const [ana, ben, laptop] = [await connect(ANA), await connect(BEN), await connect(BEN)];
    laptop.chat.setViewing(JOB, true);
    const { message } = await ana.chat.sendChatMessage(JOB, 'read on the laptop');
    await ben.until((data) => unread(ben) === 0 && data.roomsLoaded, 'read');
    await ben.until(() => ben.shown(JOB).some(({ id }) => id === message.id), 'the message');
    await ben.chat.room(JOB).markUnread(message.id);
    await laptop.until(() => unread(laptop) === 1, 'the unread message');
    await ana.chat.sendChatMessage(JOB, 'one more');
    for (const each of [ben, laptop]) await each.until(() => unread(each) === 2, 'two unread messages');
  });

  it('what was marked as unread is marked as read when the room is opened again', async () => {
    const [ben, laptop] = [await connect(BEN, []), await connect(BEN, [])];
    const close = ben.chat.openRoom(JOB);
    await ben.until((data) => data.threads.get(String(JOB))?.loaded === true, 'the room');
    ben.chat.setViewing(JOB, true);
    await ben.until(() => unread(ben) === 0, 'all read');
    await ben.chat.room(JOB).markUnread(ben.shown(JOB).at(-1)!.id);
    assert.equal(ben.chat.data.keptUnread.length, 1);
    await laptop.until(() => unread(laptop) === 1, 'the unread message');
    ben.chat.setViewing(JOB, false);
    close();
    assert.equal(ben.chat.data.keptUnread.length, 0);
    ben.chat.openRoom(JOB);
    ben.chat.setViewing(JOB, true);
    // The server has it, too.
    await laptop.until(() => unread(laptop) === 0, 'read again');
  });

  it('who has read a message', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    const { message } = await ana.chat.sendChatMessage(JOB, 'who reads this?');
    const readers = async () => ana.chat.room(JOB).readBy(message.id);
    assert.deepEqual((await readers()).includes(BEN), false);
    await ben.chat.markRead(JOB);
    assert.deepEqual([(await readers()).includes(BEN), (await readers()).includes(CLEO)], [true, false]);
    assert.equal((await readers()).includes(ANA), false, 'not the author');
    const { message: later } = await ana.chat.sendChatMessage(JOB, 'and this?');
    assert.deepEqual(await ana.chat.room(JOB).readBy(later.id), []);
  });

  it('is taken back if the server cannot be reached, and not requested without the capability', async () => {
    const ben = await connect(BEN);
    await ben.chat.markRead(JOB);
    ben.chat.setViewing(JOB, true);
    const id = ben.shown(JOB).at(-2)!.id;
    ben.beforeRequest = (method) => {
      if (method === 'POST') throw new TypeError('connection refused');
    };
    await assert.rejects(
      ben.chat.room(JOB).markUnread(id),
      (error) => error instanceof ChatError && error.code === 'unreachable',
    );
    assert.deepEqual([unread(ben), ben.chat.data.keptUnread, ben.chat.data.reading], [0, [], [String(JOB)]]);

    const plain = await startServer({ without: ['mark_unread'] });
    try {
      const ana = await connect(ANA, [JOB], plain);
      const { id: last } = ana.shown(JOB).at(-1)!;
      await assert.rejects(
        ana.chat.room(JOB).markUnread(last),
        (error) => error instanceof ChatError && error.code === 'not_supported',
      );
      assert.ok(!ana.requests.some((request) => request.includes('mark_unread')));
      assert.equal((await rest(plain, ANA, `messages/${last}/mark_unread/`, { json: {} })).status, 404);
    } finally {
      open.forEach((each) => each.end());
      await plain.close();
    }
  });
});
