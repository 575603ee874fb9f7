/** An adapter with the least that is asked of it, and with more; and how its failures are taken. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { AdapterRefusal, connectAdapter, type AdapterEvents, type AdapterMessage, type ChatAdapter, type Outgoing } from '../../src/adapter/index.js';
import type { ChatConnection } from '../../src/headless.js';
import { MemoryVault } from '../support/memory-vault.js';

const ana = { id: 'ana', username: 'ana' };
const ben = { id: 'ben', username: 'ben' };
const stored = ({ content, tempId }: Outgoing, id: number): AdapterMessage => ({ id, sender: ana, content, timestamp: 1_700_000_000_000 + id, tempId });

describe('an adapter', () => {
  let end = (): void => {};
  afterEach(() => end());
  const connect = (adapter: ChatAdapter): ChatConnection => {
    const connected = connectAdapter(adapter, 'test', { vault: new MemoryVault(), timing: { confirmMs: 200 } });
    ({ end } = connected);
    return connected.connection;
  };
  const until = async (condition: () => unknown): Promise<void> => {
    const deadline = Date.now() + 15_000;
    while (!condition()) {
      if (Date.now() > deadline) assert.fail('never');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const words = (connection: ChatConnection): string[] => connection.messages(1).map(({ content, delivery }) => `${content}: ${delivery}`);

  it('needs nothing but to send', async () => {
    let count = 0;
    const connection = connect({ user: ana, send: async (outgoing) => stored(outgoing, ++count) });
    await until(() => connection.state === 'connected');
    connection.openRoom(1);
    await until(() => connection.data.threads[1]?.loaded);
    const { message } = await connection.sendChatMessage(1, 'hello');
    assert.equal(message.id, 1);
    assert.deepEqual(words(connection), ['hello: sent']);
    assert.equal(connection.user?.username, 'ana');
  });

  it('shows why a message is refused for good, and tries anything else again under the same name', async () => {
    const tried: string[] = [];
    const connection = connect({
      user: ana,
      isIdempotent: true,
      send: async (outgoing) => {
        tried.push(outgoing.tempId);
        if (outgoing.content === 'no') throw new AdapterRefusal('This room is closed.');
        if (tried.length < 3) throw new Error('the network, for example');
        return stored(outgoing, 1);
      },
    });
    connection.openRoom(1);
    await connection.sendChatMessage(1, 'try');
    assert.deepEqual([tried.length, new Set(tried).size], [3, 1]);
    await assert.rejects(connection.sendChatMessage(1, 'no'), { message: 'This room is closed.' });
    assert.deepEqual(words(connection), ['try: sent', 'no: failed']);
  });

  it('has rooms, a history in pages, what comes in, who types, and what is read', async () => {
    let events!: AdapterEvents;
    const read: unknown[] = [];
    const all: AdapterMessage[] = Array.from({ length: 120 }, (_, at) => ({ id: at + 1, sender: ben, content: `m${at + 1}`, timestamp: 1_700_000_000_000 + at }));
    const connection = connect({
      user: ana,
      connect: (given) => void (events = given),
      send: async (outgoing) => stored(outgoing, 500),
      list: async () => [{ id: 1, name: 'Garden', participants: [ana, ben], lastMessage: all.at(-1)!, unread: 2 }],
      history: async (_room, { before, limit }) => {
        const upTo = before === undefined ? all.length : all.findIndex(({ id }) => String(id) === String(before));
        return { messages: all.slice(Math.max(0, upTo - limit), upTo), hasMore: upTo > limit };
      },
      read: async (room) => void read.push(room),
    });
    await until(() => connection.rooms.length === 1);
    assert.deepEqual([connection.rooms[0]!.name, connection.rooms[0]!.unread_count], ['Garden', 2]);
    connection.openRoom(1);
    await until(() => connection.messages(1).length === 50);
    await connection.loadOlder(1);
    assert.equal(connection.messages(1)[0]!.content, 'm21');
    events.typing(1, ben, true);
    assert.equal(connection.data.threads[1]!.typing.length, 1);
    all.push({ id: 121, sender: ben, content: 'live', timestamp: Date.now() });
    events.message(1, all.at(-1)!);
    assert.equal(connection.messages(1).at(-1)!.content, 'live');
    await connection.markRead(1);
    assert.deepEqual(read, [1]);
    assert.equal(connection.rooms[0]!.unread_count, 0);
  });

  it('is connected anew when its line is gone, and what was missed is read', async () => {
    const lines: AdapterEvents[] = [];
    const all: AdapterMessage[] = [{ id: 1, sender: ben, content: 'before', timestamp: 1 }];
    const connection = connect({
      user: ana,
      connect: (given) => void lines.push(given),
      send: async (outgoing) => stored(outgoing, 9),
      history: async () => ({ messages: [...all], hasMore: false }),
    });
    connection.openRoom(1);
    await until(() => words(connection).length === 1);
    all.push({ id: 2, sender: ben, content: 'missed', timestamp: 2 });
    lines[0]!.disconnected();
    await until(() => connection.state !== 'connected');
    connection.retryNow();
    await until(() => connection.state === 'connected');
    assert.equal(lines.length, 2);
    assert.deepEqual(words(connection), ['before: sent', 'missed: sent']);
    // What an old line says is said to nobody.
    lines[0]!.message(1, { id: 3, sender: ben, content: 'late', timestamp: 3 });
    assert.equal(words(connection).length, 2);
  });
});
