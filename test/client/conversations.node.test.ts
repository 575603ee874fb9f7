/** Conversations that are created with their first message, against a real backend. */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { isNewRoom } from '../../src/model/index.js';
import type { Id } from '../../src/protocol/index.js';
import { roomOf } from '../../src/store/selectors.js';
import type { ChatError } from '../../src/transport/index.js';
import { ANA, BEN, CLEO } from '../server/support.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { connectAs, type TestConnection } from './support.js';

const CREATE = 'POST rooms/';

describe('13.6: conversations', () => {
  let server: RunningServer;
  let connections: TestConnection[] = [];
  let lastContext = 0;
  before(async () => (server = await startServer()));
  afterEach(() => {
    connections.forEach((each) => each.end());
    connections = [];
  });
  after(() => server.close());

  const connect = async (
    userId: number,
    device?: Parameters<typeof connectAs>[3],
    to = server,
  ): Promise<TestConnection> => {
    const made = await connectAs(to, userId, [], device);
    connections.push(made);
    return made;
  };
  /** A matter that no other test uses. */
  const job = (): { type: string; id: string } => ({ type: 'job', id: `test-${++lastContext}` });
  const roomsAbout = ({ id }: { id: string }): Promise<{ id: number }[]> =>
    server.database.query('select id from rooms where context_id = $1', [id]);
  /** Waits until a new room is created, and its first message stored. */
  const created = async (connection: TestConnection, localId: Id): Promise<Id> => {
    await connection.until((data) => data.createdRooms.has(String(localId)), 'the room');
    const roomId = connection.chat.data.createdRooms.get(String(localId))!;
    await connection.until(
      () => connection.chat.messages(roomId).some(({ delivery }) => delivery === 'sent'),
      'the stored message',
    );
    return roomId;
  };

  it('creates a room with its first message, and nothing before', async () => {
    const [ana, cleo] = [await connect(ANA), await connect(CLEO)];
    const context = job();
    const localId = await ana.chat.openConversation({ with: CLEO, context });
    assert.ok(isNewRoom(localId));
    assert.equal(ana.chat.data.selected, localId);
    assert.equal(roomOf(ana.chat.data, localId)!.participant_count, 2);
    ana.chat.openRoom(localId);
    await ana.chat.refreshRoomList();
    assert.ok(roomOf(ana.chat.data, localId), 'the list of the server does not remove it');
    assert.equal((await roomsAbout(context)).length, 0);
    // The same people and matter are the same conversation.
    assert.equal(await ana.chat.openConversation({ with: [CLEO], context }), localId);

    const sent = ana.chat.sendChatMessage(localId, 'Is it free?');
    assert.equal((await sent).message.content, 'Is it free?');
    const roomId = await created(ana, localId);
    assert.deepEqual(
      (await roomsAbout(context)).map(({ id }) => id),
      [roomId],
    );
    assert.equal(ana.chat.data.selected, roomId);
    assert.equal(roomOf(ana.chat.data, localId), undefined);
    assert.ok(!ana.requests.some((request) => request.includes(String(localId))), 'no request names the local id');
    await cleo.until((data) => roomOf(data, roomId)?.last_message?.content === 'Is it free?', 'the room of Cleo');
    // From now on, it is an existing conversation.
    assert.equal(await ana.chat.openConversation({ with: CLEO, context }), roomId);
    assert.equal(await cleo.chat.openConversation({ with: ANA, context }), roomId);
  });

  it('a new conversation about a matter, or with a name, is not the direct conversation of the two', async () => {
    const ana = await connect(ANA);
    const about = await ana.chat.openConversation({ with: BEN, context: job() });
    const named = await ana.chat.openConversation({ with: BEN, name: 'Moving day' });
    const direct = await ana.chat.openConversation({ with: BEN });
    assert.equal(new Set([about, named, direct]).size, 3);
    assert.equal(await ana.chat.openConversation({ with: BEN }), direct);
  });

  it('lists a new conversation once, also when the server announces another room', async () => {
    const ana = await connect(ANA);
    const empty = await ana.chat.openConversation({ with: BEN, context: job() });
    const written = await ana.chat.openConversation({ with: CLEO, context: job(), text: 'hello' });
    const roomId = await created(ana, written);
    const other = (await ana.chat.people.startDirect(CLEO)).room;
    const ids = ana.chat.rooms.map(({ id }) => id);
    assert.equal(ids.filter((id) => id === empty).length, 1);
    assert.ok(ids.includes(roomId) && ids.includes(other.id));
  });

  it('after a sign-in, nothing is sent to the new conversation of the former user', async () => {
    const ana = await connect(ANA);
    const localId = await ana.chat.openConversation({ with: CLEO, context: job() });
    ana.chat.configure({ url: server.url, token: await server.signToken(BEN) });
    await ana.until(({ user, phase }) => user?.id === BEN && phase.is === 'connected', 'the connection of Ben');
    await assert.rejects(ana.chat.sendChatMessage(localId, 'lost'), ({ code }: ChatError) => code === 'not_found');
    assert.deepEqual(ana.chat.messages(localId), []);
    assert.ok(!ana.requests.some((request) => request.includes(String(localId))));
  });

  it('typing and reading in a room that is not created yet tell the server nothing', async () => {
    const ana = await connect(ANA);
    const problems: string[] = [];
    ana.chat.on('chat-error', ({ message }) => problems.push(message));
    const localId = await ana.chat.openConversation({ with: BEN, context: job() });
    ana.chat.typing(localId, true);
    await ana.chat.markRead(localId);
    // A later frame of the same socket is answered after them.
    assert.equal((await ana.chat.sendChatMessage(1, 'elsewhere')).method, 'websocket');
    assert.deepEqual(problems, []);
  });

  it('at most 100 conversations without a message are kept; those with one stay', async () => {
    const ana = await connect(ANA);
    ana.answer = (method, path) =>
      `${method} ${path}` === CREATE ? Response.json({ detail: 'Not now.' }, { status: 503 }) : undefined;
    const written = await ana.chat.openConversation({ with: BEN, context: job(), text: 'waits' });
    await ana.until(() => ana.chat.messages(written).length === 1, 'the message');
    const first = await ana.chat.openConversation({ with: BEN, context: job() });
    for (let count = 0; count < 100; count++) await ana.chat.openConversation({ with: BEN, context: job() });
    assert.equal(ana.chat.data.newRooms.size, 101);
    assert.ok(roomOf(ana.chat.data, written));
    assert.equal(roomOf(ana.chat.data, first), undefined);
    ana.chat.discard(ana.chat.messages(written)[0]!.localId!);
  });

  it('without a network, the messages wait in their order, and the room is created once', async () => {
    const ana = await connect(ANA);
    const context = job();
    ana.isOnline = false;
    ana.chat.retryNow();
    const localId = await ana.chat.openConversation({ with: BEN, context, text: 'first' });
    await ana.until(() => ana.chat.messages(localId).length === 1, 'the first message');
    void ana.chat.sendChatMessage(localId, 'second').catch(() => {});
    await ana.until(() => ana.chat.messages(localId).length === 2, 'the second message');
    assert.equal((await roomsAbout(context)).length, 0);
    ana.isOnline = true;
    ana.chat.retryNow();
    const roomId = await created(ana, localId);
    await ana.until(
      () => ana.chat.messages(roomId).filter(({ delivery }) => delivery === 'sent').length === 2,
      'both messages',
    );
    const stored = await server.database.query<{ content: string }>(
      'select content from messages where room_id = $1 order by id',
      [roomId],
    );
    assert.deepEqual(
      stored.map(({ content }) => content),
      ['first', 'second'],
    );
    assert.equal((await roomsAbout(context)).length, 1);
  });

  it('two people who open the same conversation at once get one room', async () => {
    const [ana, ben] = [await connect(ANA), await connect(BEN)];
    const context = job();
    const [a, b] = await Promise.all([
      ana.chat.openConversation({ with: BEN, context, text: 'from Ana' }),
      ben.chat.openConversation({ with: ANA, context, text: 'from Ben' }),
    ]);
    assert.equal(await created(ana, a), await created(ben, b));
    assert.equal((await roomsAbout(context)).length, 1);
  });

  it('a room that was created, but whose answer was lost, is created once', async () => {
    const ana = await connect(ANA);
    let lost = 0;
    ana.afterRequest = (method, path) => {
      if (`${method} ${path}` === CREATE && lost++ < 2) throw new TypeError('connection lost');
    };
    const localId = await ana.chat.openConversation({ with: [BEN, CLEO], name: 'A group', text: 'once' });
    const roomId = await created(ana, localId);
    assert.equal(lost, 3);
    const groups = await server.database.query("select 1 from rooms where name = 'A group'");
    assert.equal(groups.length, 1);
    const messages = await server.database.query('select 1 from messages where room_id = $1', [roomId]);
    assert.equal(messages.length, 1);
  });

  it('a new conversation of a tab that was closed is created by another tab', async () => {
    const browser = new FakeBrowser();
    const storage = new MemoryStorage();
    const tabs = browser.tab();
    const first = await connect(ANA, { storage: storage.handle(), tabs });
    const second = await connect(ANA, { storage: storage.handle(), tabs: browser.tab() });
    first.beforeRequest = (method, path) => (`${method} ${path}` === CREATE ? new Promise<void>(() => {}) : undefined);
    const context = job();
    const localId = await first.chat.openConversation({ with: BEN, context, text: 'from a closed tab' });
    await second.until((data) => roomOf(data, localId) !== undefined, 'the new room in the other tab');
    tabs.kill();
    const roomId = await created(second, localId);
    assert.deepEqual(
      (await roomsAbout(context)).map(({ id }) => id),
      [roomId],
    );
  });

  it('survives a reload', async () => {
    const storage = new MemoryStorage();
    const page = (): Promise<TestConnection> => connect(ANA, { storage: storage.handle(), tabs: {} });
    const first = await page();
    first.beforeRequest = (method, path) => (`${method} ${path}` === CREATE ? new Promise<void>(() => {}) : undefined);
    const context = job();
    const localId = await first.chat.openConversation({ with: BEN, context, text: 'before the reload' });
    await first.until(() => storage.messages.size === 1, 'the message on the device');
    first.end();
    const second = await page();
    const roomId = await created(second, localId);
    assert.deepEqual(
      (await roomsAbout(context)).map(({ id }) => id),
      [roomId],
    );
  });

  it('a message that is refused stays, and is sent in the new room when it is retried', async () => {
    const ana = await connect(ANA);
    ana.answer = (method, path) =>
      `${method} ${path}` === CREATE ? Response.json({ detail: 'Not today.' }, { status: 403 }) : undefined;
    const localId = await ana.chat.openConversation({ with: CLEO, context: job(), text: 'please' });
    await ana.until(() => ana.chat.messages(localId).at(-1)?.delivery === 'failed', 'the refusal');
    assert.equal(ana.chat.messages(localId).at(-1)!.error!.message, 'Not today.');
    ana.answer = () => undefined;
    const { message } = await ana.chat.retry(ana.chat.messages(localId).at(-1)!.localId!);
    assert.equal(message.room, ana.chat.data.createdRooms.get(String(localId)));
  });

  it('a message to the local id is sent in the created room, and so is the draft', async () => {
    const ana = await connect(ANA);
    const localId = await ana.chat.openConversation({ with: CLEO, context: job() });
    ana.chat.saveDraft(localId, 'half a thought');
    ana.chat.disconnect();
    ana.chat.connect();
    await ana.until((data) => data.phase.is === 'connected', 'the connection');
    await ana.chat.sendChatMessage(localId, 'first');
    const roomId = await created(ana, localId);
    assert.equal(await ana.chat.draft(roomId), 'half a thought');
    assert.equal(await ana.chat.draft(localId), '');
    const { message } = await ana.chat.sendChatMessage(localId, 'to the local id');
    assert.equal(message.room, roomId);
  });

  it('a renewed context token counts, also for a message that was refused', async () => {
    const ana = await connect(ANA);
    const context = job();
    const tokens: unknown[] = [];
    ana.answer = (method, path) =>
      `${method} ${path}` === CREATE && tokens.push(path) === 1
        ? Response.json({ detail: 'The token has expired.' }, { status: 400 })
        : undefined;
    const localId = await ana.chat.openConversation({ with: CLEO, context, contextToken: 'expired', text: 'hello' });
    await ana.until(() => ana.chat.messages(localId).at(-1)?.delivery === 'failed', 'the refusal');
    const contextToken = await server.signToken(ANA, {
      claims: { context: { ...context, title: 'Flat 12' } },
    } as never);
    assert.equal(await ana.chat.openConversation({ with: CLEO, context, contextToken }), localId);
    assert.equal(ana.chat.data.newRooms.get(String(localId))!.contextToken, contextToken);
    assert.ok(ana.chat.messages(localId).length > 0);
  });

  it('a baseline backend opens a conversation of two; groups and contexts are not supported', async () => {
    const baseline = await startServer({ baseline: true });
    try {
      const ana = await connect(ANA, undefined, baseline);
      const localId = await ana.chat.openConversation({ with: 3, text: 'hello' });
      if (isNewRoom(localId)) await created(ana, localId);
      assert.ok(!ana.requests.includes(CREATE));
      for (const options of [{ with: [BEN, CLEO] }, { with: CLEO, context: job() }, { with: BEN, name: 'A group' }])
        await assert.rejects(ana.chat.openConversation(options), ({ code }: ChatError) => code === 'not_supported');
      await assert.rejects(ana.chat.openConversation({ with: ANA }), ({ code }: ChatError) => code === 'invalid');
    } finally {
      await baseline.close();
    }
  });
});
