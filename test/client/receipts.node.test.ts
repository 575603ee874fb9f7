/** Delivery receipts, hidden receipts, and who has read single messages, against a real backend. */
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import type { Id } from '../../src/protocol/index.js';
import { ChatError } from '../../src/transport/index.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { ANA, BEN, CLEO, join, rest } from '../server/support.js';
import { connectAs, type TestConnection } from './support.js';

const DIRECT = 900;
const GROUP = 901;

describe('14.2, 14.3: receipts', () => {
  let server: RunningServer;
  let open: TestConnection[] = [];
  before(async () => {
    server = await startServer({ limits: { rate: 10_000, settingsPerUser: 10_000 } });
    await server.database.query(`insert into rooms (id, name, room_type) values
      (${DIRECT}, 'Two', 'direct'), (${GROUP}, 'Three', 'general')`);
    await server.database.query(`insert into members (room_id, user_id) values
      (${DIRECT}, ${ANA}), (${DIRECT}, ${BEN}), (${GROUP}, ${ANA}), (${GROUP}, ${BEN}), (${GROUP}, ${CLEO})`);
  });
  beforeEach(() => server.database.query('update users set hides_receipts = false'));
  afterEach(() => open.splice(0).forEach((each) => each.end()));
  after(() => server.close());

  const connect = async (...given: [user: number, rooms?: number[], device?: Parameters<typeof connectAs>[3]]) => {
    const [user, rooms = [], device] = given;
    const made = await connectAs(server, user, rooms, device);
    open = [...open, made];
    return made;
  };
  const entry = (of: TestConnection, room: number, id: Id) => of.shown(room).find((each) => each.id === id);
  const isDelivered = (of: TestConnection, room: number, id: Id): boolean => entry(of, room, id)?.delivered === true;

  it('a device that shows only the list confirms what it receives', async () => {
    const ana = await connect(ANA, [DIRECT]);
    const { message } = await ana.chat.sendChatMessage(DIRECT, 'before another device is connected');
    assert.equal(isDelivered(ana, DIRECT, message.id), false);
    assert.deepEqual(await ana.chat.room(DIRECT).deliveredTo(message.id), []);
    const ben = await connect(BEN);
    const sent = await ana.chat.sendChatMessage(DIRECT, 'received in the list');
    await ana.until(() => isDelivered(ana, DIRECT, sent.message.id), 'the delivery');
    assert.equal(isDelivered(ana, DIRECT, message.id), true, 'everything before it, too');
    assert.deepEqual(await ana.chat.room(DIRECT).deliveredTo(sent.message.id), [BEN]);
    assert.equal(entry(ana, DIRECT, sent.message.id)!.is_read, false);
    assert.deepEqual(await ana.chat.room(DIRECT).readBy(sent.message.id), []);
    assert.equal(ben.chat.rooms.find(({ id }) => id === DIRECT)!.unread_count >= 1, true);
  });

  it('is known in a room that is opened later, and a room that is opened confirms its messages', async () => {
    const ana = await connect(ANA);
    const { message } = await ana.chat.sendChatMessage(DIRECT, 'no other device is connected');
    await connect(BEN, [DIRECT]);
    const later = await connect(ANA, [DIRECT]);
    await later.until(() => isDelivered(later, DIRECT, message.id), 'the delivery');
  });

  it('the receipts of an open room are requested once, even if none is listed', async () => {
    const room = 902;
    await server.database.query(
      `insert into rooms (id, name, room_type) values (${room}, 'Nothing is received', 'general')`,
    );
    await server.database.query(`insert into members (room_id, user_id) values (${room}, ${ANA}), (${room}, ${CLEO})`);
    for (let count = 0; count < 120; count++)
      await rest(server, ANA, `rooms/${room}/send_message/`, { json: { room, content: `not received ${count}` } });
    const ana = await connect(ANA, [room]);
    const requested = (request: string) =>
      ana.requests.filter((each) => each === `GET rooms/${room}/${request}/`).length;
    for (let count = 0; count < 5; count++) {
      await ana.chat.room(room).openAt(new Date(0));
      await ana.chat.loadNewest(room);
    }
    assert.equal(requested('messages'), 11);
    // A room that was read before the socket was up is caught up with once, and its receipts with it.
    assert.ok(requested('receipts') >= 1 && requested('receipts') <= 2, String(requested('receipts')));
  });

  it('in a group, a message is delivered when all others have it', async () => {
    const [ana] = [await connect(ANA, [GROUP]), await connect(BEN)];
    const { message } = await ana.chat.sendChatMessage(GROUP, 'to both');
    await ana.until((data) => data.threads.get(String(GROUP))!.receipts?.delivered.size === 1, 'one of two');
    assert.deepEqual(await ana.chat.room(GROUP).deliveredTo(message.id), [BEN]);
    assert.equal(isDelivered(ana, GROUP, message.id), false);
    const cleo = await join(server, CLEO);
    // Reading includes delivery.
    await cleo.ask({ type: 'mark_read', room_id: GROUP, up_to: message.id }, 'messages_marked_read');
    await ana.until(() => isDelivered(ana, GROUP, message.id), 'the delivery');
    assert.deepEqual(await ana.chat.room(GROUP).deliveredTo(message.id), [BEN, CLEO]);
    cleo.close();
  });

  it('one of the tabs confirms a message', async () => {
    const browser = new FakeBrowser();
    const storage = new MemoryStorage();
    const tab = () => connect(BEN, [], { storage: storage.handle(), tabs: browser.tab() });
    const tabs = [await tab(), await tab()];
    const frames: unknown[] = [];
    const cleo = await join(server, CLEO);
    const { body } = await rest(server, CLEO, `rooms/${GROUP}/send_message/`, {
      json: { room: GROUP, content: 'once' },
    });
    const { id } = body as { id: number };
    await cleo.take('message_delivered').then((frame) => frames.push(frame));
    for (const tab of tabs) await tab.until((data) => data.seen.includes(`${GROUP} ${id}`), 'the message');
    frames.push(...(await cleo.settle()).filter(({ type }) => type === 'message_delivered'));
    assert.equal(frames.length, 1);
    cleo.close();
  });

  it('is not requested, and nothing of it is sent, without the capability', async () => {
    const plain = await startServer({ without: ['delivered'] });
    try {
      const ana = await connectAs(plain, ANA, [1]);
      open.push(ana);
      const errors: string[] = [];
      ana.chat.on('chat-error', ({ code }) => errors.push(code));
      const ben = await join(plain, BEN);
      ben.send({ type: 'send_message', room_id: 1, content: 'x', _tempId: 'x' });
      const id = ((await ben.take('message_ack'))['message'] as { id: number }).id;
      await ana.until(() => entry(ana, 1, id) !== undefined, 'the message');
      await assert.rejects(ana.chat.room(1).deliveredTo(id), { code: 'not_supported' });
      await ana.chat.refreshRoomList();
      assert.deepEqual(errors, []);
      ben.close();
    } finally {
      open.splice(0).forEach((each) => each.end());
      await plain.close();
    }
  });

  it('who has read a single message counts while the page is open', async () => {
    const ana = await connect(ANA, [GROUP]);
    const [first, second] = [
      await ana.chat.sendChatMessage(GROUP, 'one'),
      await ana.chat.sendChatMessage(GROUP, 'two'),
    ].map(({ message }) => message.id) as [Id, Id];
    const ben = await join(server, BEN);
    await ben.ask({ type: 'mark_read', room_id: GROUP, message_ids: [second] }, 'messages_marked_read');
    await ana.until(() => entry(ana, GROUP, second)!.is_read, 'the receipt');
    assert.deepEqual(await ana.chat.room(GROUP).readBy(second), [BEN]);
    assert.deepEqual(await ana.chat.room(GROUP).readBy(first), []);
    await ben.ask({ type: 'mark_read', room_id: GROUP, up_to: second }, 'messages_marked_read');
    await ana.until(() => entry(ana, GROUP, first)!.is_read, 'the receipt');
    assert.deepEqual(await ana.chat.room(GROUP).readBy(second), [BEN], 'listed once');
    ben.close();
  });

  it('hiding receipts drops those of others on all devices, and showing them brings them back', async () => {
    const [ana, laptop] = [await connect(ANA, [DIRECT]), await connect(ANA, [DIRECT])];
    assert.equal(ana.chat.data.hideReceipts, false);
    const { message } = await ana.chat.sendChatMessage(DIRECT, 'read');
    const ben = await connect(BEN, [DIRECT]);
    await ben.chat.markRead(DIRECT);
    const state = (of: TestConnection) => {
      const { is_read, delivered } = entry(of, DIRECT, message.id)!;
      return [is_read, delivered === true];
    };
    for (const each of [ana, laptop])
      await each.until(() => state(each).every(Boolean), 'the message is read and delivered');

    const changed = ana.chat.hideReceipts(true);
    await ana.until((data) => data.hideReceipts === true, 'the change, at once');
    await changed;
    for (const each of [ana, laptop]) {
      await each.until((data) => data.hideReceipts === true, 'the setting');
      assert.deepEqual(state(each), [false, false]);
    }
    // Neither side learns anything from now on.
    const hidden = await ana.chat.sendChatMessage(DIRECT, 'hidden');
    const fromBen = await ben.chat.sendChatMessage(DIRECT, 'hidden, too');
    await ben.chat.markRead(DIRECT);
    await ana.until(() => entry(ana, DIRECT, fromBen.message.id) !== undefined, 'the message');
    await ana.chat.markRead(DIRECT);
    assert.deepEqual(await ana.chat.room(DIRECT).readBy(hidden.message.id), []);
    assert.deepEqual(await ana.chat.room(DIRECT).deliveredTo(hidden.message.id), []);
    assert.deepEqual(await ben.chat.room(DIRECT).readBy(fromBen.message.id), []);
    await ben.chat.refreshRoomList();
    assert.equal(entry(ben, DIRECT, fromBen.message.id)!.is_read, false);
    assert.equal(entry(ana, DIRECT, hidden.message.id)!.is_read, false);

    await laptop.chat.hideReceipts(false);
    for (const each of [ana, laptop]) {
      await each.until((data) => data.hideReceipts === false, 'the setting');
      await each.until(() => state(each).every(Boolean), 'the receipts are back');
    }
  });

  it('a device that was away learns the setting with its next connection', async () => {
    const ana = await connect(ANA, [DIRECT]);
    const { message } = await ana.chat.sendChatMessage(DIRECT, 'read');
    const ben = await connect(BEN, [DIRECT]);
    await ben.chat.markRead(DIRECT);
    await ana.until(() => entry(ana, DIRECT, message.id)!.is_read, 'read');
    ana.end();
    assert.equal((await rest(server, ANA, 'me/', { method: 'PATCH', body: '{"hide_receipts": true}' })).status, 200);
    ana.chat.connect();
    await ana.until((data) => data.hideReceipts === true && data.phase.is === 'connected', 'connected again');
    assert.equal(entry(ana, DIRECT, message.id)!.is_read, false);
  });

  it('a failure takes the change back, and of quick changes the last one counts', async () => {
    const ana = await connect(ANA, [DIRECT]);
    const { message } = await ana.chat.sendChatMessage(DIRECT, 'read');
    const ben = await connect(BEN, [DIRECT]);
    await ben.chat.markRead(DIRECT);
    await ana.until(() => entry(ana, DIRECT, message.id)!.is_read, 'read');
    ana.beforeRequest = (method) => {
      if (method === 'PATCH') throw new TypeError('connection refused');
    };
    await assert.rejects(
      ana.chat.hideReceipts(true),
      (error) => error instanceof ChatError && error.code === 'unreachable',
    );
    assert.equal(ana.chat.data.hideReceipts, false);
    await ana.until(() => entry(ana, DIRECT, message.id)!.is_read, 'the receipts are back');
    ana.beforeRequest = () => {};
    await Promise.all([ana.chat.hideReceipts(true), ana.chat.hideReceipts(false), ana.chat.hideReceipts(true)]);
    assert.equal(ana.chat.data.hideReceipts, true);
    assert.equal((await rest(server, ANA, 'me/')).body.hide_receipts, true);
  });

  it('hiding is refused without the capability', async () => {
    const plain = await startServer({ without: ['hide_receipts'] });
    try {
      const ana = await connectAs(plain, ANA);
      open.push(ana);
      await assert.rejects(ana.chat.hideReceipts(true), { code: 'not_supported' });
      assert.equal(ana.chat.data.hideReceipts, undefined);
      assert.ok(!ana.requests.some((request) => request.startsWith('PATCH')));
    } finally {
      open.splice(0).forEach((each) => each.end());
      await plain.close();
    }
  });
});
