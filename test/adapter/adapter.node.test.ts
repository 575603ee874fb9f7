/** A minimal adapter, a complete one, and failing ones. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import {
  AdapterRefusal,
  connectAdapter,
  type AdapterEvents,
  type AdapterMessage,
  type ChatAdapter,
  type OutgoingMessage,
} from '../../src/adapter/index.js';
import type { ChatConnection } from '../../src/headless.js';
import { MemoryStorage } from '../support/memory-storage.js';

const ana = { id: 'ana', username: 'ana' };
const ben = { id: 'ben', username: 'ben' };
const stored = ({ content, localId }: OutgoingMessage, id: number): AdapterMessage => ({
  id,
  sender: ana,
  content,
  timestamp: 1_700_000_000_000 + id,
  localId,
});

describe('an adapter', () => {
  let end = (): void => {};
  afterEach(() => end());
  const connect = (adapter: ChatAdapter): ChatConnection => {
    const connected = connectAdapter(adapter, 'test', {
      storage: new MemoryStorage(),
      timing: { confirmMs: 200, requestMs: 1_000 },
    });
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
  const words = (connection: ChatConnection): string[] =>
    connection.messages(1).map(({ content, delivery }) => `${content}: ${delivery}`);

  it('only needs `send`', async () => {
    let count = 0;
    const connection = connect({ user: ana, send: async (outgoing) => stored(outgoing, ++count) });
    await until(() => connection.state === 'connected');
    connection.openRoom(1);
    await until(() => connection.data.threads.get('1')?.loaded);
    const { message } = await connection.sendChatMessage(1, 'hello');
    assert.equal(message.id, 1);
    assert.deepEqual(words(connection), ['hello: sent']);
    assert.equal(connection.user?.username, 'ana');
  });

  it('shows the reason of a permanent rejection, and retries other failures with the same id', async () => {
    const tried: string[] = [];
    const connection = connect({
      user: ana,
      isIdempotent: true,
      send: async (outgoing) => {
        tried.push(outgoing.localId);
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

  it('sends nothing twice if the answer was lost: the history contains the id', async () => {
    const tried: string[] = [];
    const all: AdapterMessage[] = [];
    const connection = connect({
      user: ana,
      send: async (outgoing) => {
        tried.push(outgoing.localId);
        all.push(stored(outgoing, all.length + 1));
        throw new Error('the answer is lost');
      },
      history: async () => ({ messages: all, hasMore: false }),
    });
    connection.openRoom(1);
    const first = connection.sendChatMessage(1, 'same words');
    const second = connection.sendChatMessage(1, 'same words');
    assert.deepEqual(
      (await Promise.all([first, second])).map(({ message }) => message.id),
      [1, 2],
    );
    assert.deepEqual([tried.length, new Set(tried).size], [2, 2]);
    assert.deepEqual(words(connection), ['same words: sent', 'same words: sent']);
  });

  it('is recognised by its id when resent to a backend that stores duplicates', async () => {
    const tried: string[] = [];
    const connection = connect({
      user: ana,
      send: async (outgoing) => {
        tried.push(outgoing.localId);
        if (tried.length < 3) throw new Error('the network, for example');
        return stored(outgoing, 1);
      },
    });
    connection.openRoom(1);
    await connection.sendChatMessage(1, 'try');
    assert.deepEqual([tried.length, new Set(tried).size], [3, 1]);
  });

  it('gets ids for messages written before it is connected', async () => {
    const tried: string[] = [];
    let come = (): void => {};
    const connection = connect({
      user: ana,
      connect: () => new Promise((resolve) => (come = () => resolve())),
      send: async (outgoing) => (tried.push(outgoing.localId), stored(outgoing, tried.length)),
    });
    const sent = [1, 2].map((room) => (connection.openRoom(room), connection.sendChatMessage(room, `early ${room}`)));
    await new Promise((resolve) => setTimeout(resolve, 400)); // longer than the confirmation timeout
    come();
    await Promise.all(sent);
    assert.deepEqual(
      [tried.length, new Set(tried).size, tried.every((name) => typeof name === 'string')],
      [2, 2, true],
    );
  });

  it('is not called again while a send is pending', async () => {
    let asked = 0;
    const connection = connect({
      user: ana,
      // Longer than the confirmation and request timeouts.
      send: async (outgoing) => (
        asked++,
        await new Promise((resolve) => setTimeout(resolve, 2_500)),
        stored(outgoing, 1)
      ),
    });
    connection.openRoom(1);
    const { message } = await connection.sendChatMessage(1, 'slow');
    assert.deepEqual([asked, message.id], [1, 1]);
    assert.deepEqual(words(connection), ['slow: sent']);
  });

  it('may never answer: it is called again next time', async () => {
    let hangs = true;
    const lines: AdapterEvents[] = [];
    const connection = connect({
      user: ana,
      connect: (given) => void lines.push(given),
      send: async (outgoing) => stored(outgoing, 1),
      history: () =>
        hangs
          ? new Promise(() => {})
          : Promise.resolve({ messages: [{ id: 1, sender: ben, content: 'there', timestamp: 1 }], hasMore: false }),
    });
    connection.openRoom(1);
    await until(() => connection.reason.code === 'catching_up');
    hangs = false;
    await until(() => (connection.retryNow(), connection.state === 'connected'));
    assert.deepEqual(words(connection), ['there: sent']);
  });

  it('gets its ids back unchanged, numbers as numbers', async () => {
    const asked: unknown[] = [];
    const all = Array.from({ length: 60 }, (_, at): AdapterMessage => ({
      id: at + 1,
      sender: ben,
      content: `m${at + 1}`,
      timestamp: at,
    }));
    const connection = connect({
      user: ana,
      list: async () => [{ id: 7, name: 'Seven' }],
      send: async (outgoing) => (asked.push(outgoing.roomId), stored(outgoing, 99)),
      history: async (room, { before, limit }) => {
        asked.push(room, before);
        const upTo = before === undefined ? all.length : all.findIndex(({ id }) => id === before);
        return { messages: all.slice(Math.max(0, upTo - limit), upTo), hasMore: upTo > limit };
      },
      subscribe: (room) => void asked.push(room),
    });
    await until(() => connection.rooms.length === 1);
    // Like `<chat-thread room="7">`.
    connection.openRoom('7');
    await until(() => connection.messages('7').length === 50);
    await connection.loadOlder('7');
    assert.equal(connection.messages('7')[0]!.content, 'm1');
    await connection.sendChatMessage('7', 'hello');
    assert.deepEqual([...new Set(asked)], [7, undefined, 11]);
  });

  it('reports skipped messages if too much was missed', async () => {
    const lines: AdapterEvents[] = [];
    const all: AdapterMessage[] = [];
    const write = (count: number): void => {
      for (let n = 0; n < count; n++)
        all.push({ id: all.length + 1, sender: ben, content: `m${all.length + 1}`, timestamp: all.length });
    };
    write(60);
    const connection = connect({
      user: ana,
      connect: (given) => void lines.push(given),
      send: async (outgoing) => stored(outgoing, 9_999),
      history: async (_room, { before, limit }) => {
        const upTo = before === undefined ? all.length : Number(before) - 1;
        return { messages: all.slice(Math.max(0, upTo - limit), upTo), hasMore: upTo > limit };
      },
    });
    connection.openRoom(1);
    await until(() => connection.messages(1).length === 50);
    write(1_500);
    lines[0]!.disconnected();
    await until(() => connection.state !== 'connected');
    connection.retryNow();
    await until(() => connection.state === 'connected' && connection.data.threads.get('1')!.skipped);
    assert.deepEqual([connection.messages(1).length, connection.messages(1).at(-1)!.content], [50, 'm1560']);
  });

  it('leaves a room that it is still joining; failing lists break nothing', async () => {
    let events!: AdapterEvents;
    let come: (() => void) | undefined;
    let left = 0;
    let fails = false;
    const connection = connect({
      user: ana,
      connect: (given) => void (events = given),
      send: async (outgoing) => stored(outgoing, 1),
      list: async () => {
        if (fails) throw new Error('no list');
        return [{ id: 1, name: 'One' }];
      },
      subscribe: () => new Promise((resolve) => (come = () => resolve(() => void left++))),
    });
    await until(() => connection.state === 'connected');
    const leave = connection.openRoom(1);
    await until(() => come);
    leave();
    connection.disconnect();
    come?.();
    await until(() => left === 1);
    fails = true;
    events.roomsChanged();
    // An unhandled rejection would end this process.
    await new Promise((resolve) => setImmediate(resolve));
    await assert.rejects(connection.diagnose(), /cannot check a backend behind an adapter/);
  });

  it('provides rooms, paged history, new messages, typing and read state', async () => {
    let events!: AdapterEvents;
    const read: unknown[] = [];
    const all: AdapterMessage[] = Array.from({ length: 120 }, (_, at) => ({
      id: at + 1,
      sender: ben,
      content: `m${at + 1}`,
      timestamp: 1_700_000_000_000 + at,
    }));
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
    assert.equal(connection.data.threads.get('1')!.typing.length, 1);
    all.push({ id: 121, sender: ben, content: 'live', timestamp: Date.now() });
    events.message(1, all.at(-1)!);
    assert.equal(connection.messages(1).at(-1)!.content, 'live');
    await connection.markRead(1);
    assert.deepEqual(read, [1]);
    assert.equal(connection.rooms[0]!.unread_count, 0);
  });

  it('reports invalid events while it is connected, and ignores all events before and after', async () => {
    let events!: AdapterEvents;
    let finish!: () => void;
    const connection = connect({
      user: ana,
      connect: (given) => {
        events = given;
        return new Promise<void>((resolve) => (finish = resolve));
      },
      send: async (outgoing) => stored(outgoing, 1),
      list: async () => [{ id: 1, name: 'Garden', participants: [ana, ben] }],
    });
    const problems: string[] = [];
    connection.on('chat-error', ({ message }) => problems.push(message));
    connection.openRoom(1);
    await until(() => events);
    const invalid = (): void => events.typing(1, { username: 'ben' } as never, true);
    invalid();
    finish();
    await until(() => connection.state === 'connected');
    assert.deepEqual(problems, []);
    await connection.sendChatMessage(1, 'hello');
    // A list of ids that is no list means the whole room.
    events.read(1, 'ben', null as never);
    await until(() => connection.messages(1)[0]?.is_read);
    invalid();
    events.message({} as never, { id: 7, sender: ben, content: 'x', timestamp: 1 });
    assert.equal(problems.length, 2);
    assert.match(problems.join(' '), /adapter\.typing\.userId.*adapter\.message\.roomId/);
    connection.disconnect();
    invalid();
    assert.equal(problems.length, 2);
  });

  it('reconnects after a loss, and reads the missed messages', async () => {
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
    // Events of a closed connection are ignored.
    lines[0]!.message(1, { id: 3, sender: ben, content: 'late', timestamp: 3 });
    assert.equal(words(connection).length, 2);
  });
});
