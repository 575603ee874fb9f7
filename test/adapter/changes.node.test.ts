/** The optional methods `edit`, `delete`, `react` and `around` of an adapter, its events, and adapters that fail. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import {
  AdapterRefusal,
  connectAdapter,
  type AdapterEvents,
  type AdapterHistoryPart,
  type AdapterMessage,
  type AdapterTarget,
  type ChatAdapter,
} from '../../src/adapter/index.js';
import { ChatError, type ChatConnection, type ChatMessage, type ErrorCode } from '../../src/headless.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { within } from '../server/support.js';

const ROOM = 7;
const ana = { id: 1, username: 'ana' };
const ben = { id: 2, username: 'ben' };
const TIME = Date.parse('2026-11-28T12:00:00Z');
const MINUTE_MS = 60_000;

/** 300 messages, one per minute. Ana wrote the last one. */
const archive = (): AdapterMessage[] =>
  Array.from({ length: 300 }, (_, at) => ({
    id: at + 1,
    sender: at === 299 ? ana : ben,
    content: `m${at + 1}`,
    timestamp: TIME + at * MINUTE_MS,
  }));
const LAST = 300;

const refused = (code: ErrorCode, message?: RegExp) => (error: unknown) =>
  error instanceof ChatError && error.code === code && (!message || message.test(error.message));

/** What an adapter may return by mistake, and where the report says so. */
const NONSENSE: [unknown, RegExp][] = [
  [null, /\.id: /],
  [undefined, /\.id: /],
  ['done', /\.id: /],
  [{ content: 'x' }, /\.id: /],
  [{ id: LAST, sender: ana, content: 'x', timestamp: NaN }, /\.timestamp: /],
  [{ id: LAST, sender: ana, content: 'x', timestamp: 'yesterday' }, /\.timestamp: /],
];

describe('an adapter that changes messages', () => {
  const ends: (() => void)[] = [];
  afterEach(() => ends.splice(0).forEach((end) => end()));

  /** Connects, and opens the room. */
  async function connect(methods: Partial<ChatAdapter>): Promise<{
    connection: ChatConnection;
    events: AdapterEvents;
    problems: string[];
    message(id?: number): ChatMessage;
    until(condition: () => unknown, what: string): Promise<void>;
  }> {
    let events!: AdapterEvents;
    const all = archive();
    const adapter: ChatAdapter = {
      user: ana,
      connect: (given) => void (events = given),
      send: () => Promise.reject(new Error('not used')),
      list: async () => [{ id: ROOM, name: 'Garden', participants: [ana, ben] }],
      history: async (_room, { before, limit }) => {
        const end = before === undefined ? all.length : all.findIndex(({ id }) => id === before);
        return { messages: all.slice(Math.max(0, end - limit), end), hasMore: end > limit };
      },
      ...methods,
    };
    const { connection, end } = connectAdapter(adapter, 'test', { storage: new MemoryStorage() });
    ends.push(end);
    const problems: string[] = [];
    connection.on('chat-error', ({ message }) => problems.push(message));
    // Like an attribute: the adapter gets its number.
    connection.openRoom(String(ROOM));
    const until = (condition: () => unknown, what: string): Promise<void> => {
      let stop = (): void => {};
      const done = new Promise<void>((resolve) => {
        const look = (): void => void (condition() && resolve());
        stop = connection.subscribe(look);
        look();
      });
      return within(done, what).finally(() => stop());
    };
    await until(
      () => connection.state === 'connected' && connection.data.threads.get(String(ROOM))?.loaded,
      'the room',
    );
    const message = (id = LAST): ChatMessage => connection.messages(ROOM).find((each) => each.id === id)!;
    return { connection, events, problems, message, until };
  }

  it('announces only the methods that it has', async () => {
    const { connection } = await connect({});
    const room = connection.room(ROOM);
    assert.deepEqual(connection.data.capabilities, ['ack', 'user_channel', 'temp_id']);
    assert.deepEqual(
      [await room.can('edit_own', LAST), await room.can('delete_own', LAST), await room.can('react', LAST)],
      [false, false, false],
    );
    await assert.rejects(room.edit(LAST, 'x'), refused('forbidden'));
    // Without `around`, pages are loaded.
    assert.deepEqual(await room.openAt(150), { found: true, messageId: 150 });
    assert.equal(connection.messages(ROOM).at(-1)!.id, LAST);

    const never = (): Promise<never> => Promise.reject(new Error('not used'));
    const { connection: able } = await connect({ edit: never, delete: never, react: never, around: never });
    assert.deepEqual(able.data.capabilities.slice(3), ['edit', 'delete', 'reactions', 'around']);
    assert.deepEqual(
      [await able.room(ROOM).can('edit_own', LAST), await able.room(ROOM).can('edit_own', LAST - 1)],
      [true, false],
    );
  });

  it('edits: shown at once, and as the adapter returns it', async () => {
    let finish!: (message: AdapterMessage) => void;
    let onCall!: (given: unknown[]) => void;
    const called = new Promise<unknown[]>((resolve) => (onCall = resolve));
    const { connection, message } = await connect({
      edit: (...given) => {
        onCall(given);
        return new Promise((resolve) => (finish = resolve));
      },
    });
    const edited = connection.room(ROOM).edit(String(LAST), 'new text');
    assert.deepEqual(await within(called, 'the call'), [ROOM, LAST, 'new text']);
    assert.equal(message().content, 'new text');
    finish({ ...archive().at(-1)!, content: 'new text, without a swear word', editedAt: TIME });
    await edited;
    assert.deepEqual(
      [message().content, message().edited_at, message().original],
      ['new text, without a swear word', '2026-11-28T12:00:00.000Z', undefined],
    );
  });

  it('deletes: the thread shows a tombstone', async () => {
    const calls: unknown[][] = [];
    const { connection, message } = await connect({ delete: (...given) => void calls.push(given) });
    await connection.room(ROOM).delete(String(LAST));
    assert.deepEqual(calls, [[ROOM, LAST]]);
    assert.deepEqual([message().content, typeof message().deleted_at], ['', 'string']);
  });

  it('reacts; invalid reactions are left out', async () => {
    const calls: unknown[][] = [];
    let reactions: unknown = [{ emoji: '🎉', userIds: [ana.id, ben.id] }];
    const { connection, message } = await connect({
      react: async (...given) => {
        calls.push(given);
        return { ...archive().at(-1)!, reactions: reactions as never };
      },
    });
    const room = connection.room(ROOM);
    await room.react(LAST, '🎉', true);
    assert.deepEqual(calls, [[ROOM, LAST, '🎉', true]]);
    assert.deepEqual(message().reactions, [{ emoji: '🎉', user_ids: [1, 2] }]);
    for (reactions of ['many', [null], [{ emoji: 1, userIds: [1] }], [{ emoji: '🎉', userIds: 'all' }]]) {
      await room.react(LAST, '🎉', false);
      assert.deepEqual([message().content, message().reactions], ['m300', undefined], JSON.stringify(reactions));
    }
  });

  it('a change that the adapter refuses, or that fails, is taken back with the reason', async () => {
    let error: unknown;
    const fail = (): Promise<never> => Promise.reject(error as Error);
    const failAtOnce = (): never => {
      throw error;
    };
    for (const method of [fail, failAtOnce]) {
      const { connection, message, problems } = await connect({ edit: method, delete: method, react: method });
      const room = connection.room(ROOM);
      const changes = [() => room.edit(LAST, 'x'), () => room.delete(LAST), () => room.react(LAST, '👍', true)];
      for (const change of changes) {
        const before = message();
        error = new AdapterRefusal('The room is closed.');
        await assert.rejects(change(), refused('forbidden', /^The room is closed\.$/));
        error = new Error('a secret of the adapter');
        await assert.rejects(change(), refused('unreachable', /^test cannot be reached\.$/));
        error = null;
        await assert.rejects(change(), refused('unreachable'));
        assert.deepEqual({ ...message() }, { ...before });
      }
      assert.deepEqual(problems, []);
      assert.equal(connection.state, 'connected');
    }
  });

  it('a change whose answer is nonsense is taken back, and reported', async () => {
    let answer: unknown;
    const method = async (): Promise<AdapterMessage> => answer as AdapterMessage;
    const { connection, message, problems } = await connect({ edit: method, react: method });
    const room = connection.room(ROOM);
    const before = message();
    for (const [value, where] of NONSENSE) {
      answer = value;
      await assert.rejects(room.edit(LAST, 'x'), refused('unexpected_answer', where));
      await assert.rejects(room.react(LAST, '👍', true), refused('unexpected_answer', where));
      assert.deepEqual(message(), before);
    }
    // Each problem is reported once.
    assert.deepEqual(problems.map((problem) => problem.split(': ')[0]).sort(), [
      'adapter.edit.id',
      'adapter.edit.timestamp',
      'adapter.react.id',
      'adapter.react.timestamp',
    ]);
    // Another message than the changed one.
    answer = archive()[LAST - 2];
    await assert.rejects(room.edit(LAST, 'x'), refused('unexpected_answer', /another message/));
    assert.equal(message(LAST - 1).content, 'm299');
  });

  it('reports changes by others: edits, reactions, deletions', async () => {
    const { events, message, problems } = await connect({});
    const edited = { ...archive()[LAST - 2]!, content: 'edited', editedAt: '2026-11-28T18:00:00+01:00' };
    events.updated(ROOM, edited);
    assert.deepEqual([message(299).content, message(299).edited_at], ['edited', edited.editedAt]);
    events.updated(ROOM, { ...edited, reactions: [{ emoji: '👍', userIds: [1] }] });
    assert.deepEqual(message(299).reactions, [{ emoji: '👍', user_ids: [1] }]);
    // Nothing is shown of a deleted message, even if the adapter returns it.
    events.updated(ROOM, { ...edited, attachment: '/file', deletedAt: TIME });
    const { content, attachment, deleted_at } = message(299);
    assert.deepEqual([content, attachment, deleted_at], ['', null, '2026-11-28T12:00:00.000Z']);
    events.deleted(ROOM, 298);
    assert.deepEqual([message(298).content, typeof message(298).deleted_at], ['', 'string']);
    // Messages that are not loaded.
    events.updated(ROOM, { ...edited, id: 3 });
    events.deleted(ROOM, 4);
    assert.deepEqual(problems, []);
  });

  it('invalid events are reported, and change nothing', async () => {
    const { connection, events, problems } = await connect({});
    const before = connection.messages(ROOM);
    for (const [value] of NONSENSE) events.updated(ROOM, value as AdapterMessage);
    events.updated({} as never, archive()[0]!);
    events.deleted(ROOM, null as never);
    events.deleted(undefined as never, LAST);
    assert.deepEqual(connection.messages(ROOM), before);
    assert.deepEqual(problems.map((problem) => problem.split(': ')[0]).sort(), [
      'adapter.deleted.messageId',
      'adapter.deleted.roomId',
      'adapter.updated.message.id',
      'adapter.updated.message.timestamp',
      'adapter.updated.roomId',
    ]);
  });

  it('without a history, changes survive a reconnection', async () => {
    const { connection, events, message, until } = await connect({
      history: undefined as never,
      edit: async (_room, id, content) => ({ id, sender: ana, content, timestamp: TIME }),
      delete: async () => {},
    });
    for (const id of [1, 2, 3]) events.message(ROOM, { id, sender: ana, content: `m${id}`, timestamp: TIME });
    await until(() => message(3), 'the messages');
    await connection.room(ROOM).edit(1, 'edited');
    await connection.room(ROOM).delete(2);
    events.updated(ROOM, { id: 3, sender: ana, content: 'edited, too', timestamp: TIME });
    events.disconnected();
    await until(() => connection.state !== 'connected', 'the loss');
    connection.retryNow();
    await until(() => connection.state === 'connected', 'the connection');
    assert.deepEqual(
      connection.messages(ROOM).map(({ content, deleted_at }) => [content, !!deleted_at]),
      [
        ['edited', false],
        ['', true],
        ['edited, too', false],
      ],
    );
  });

  // ————— around

  const around = async (_room: unknown, target: AdapterTarget, limit: number): Promise<AdapterHistoryPart | null> => {
    const all = archive();
    const at = all.findIndex(({ id, timestamp }) =>
      'at' in target ? Number(timestamp) >= target.at.getTime() : id === target.around,
    );
    if (at < 0) return null;
    const [from, to] = [Math.max(0, at - limit / 2), at + limit / 2];
    return { messages: all.slice(from, to), hasOlder: from > 0, hasNewer: to < all.length, targetId: all[at]!.id };
  };

  it('jumps to a message and to a time with one call', async () => {
    const calls: unknown[][] = [];
    const { connection } = await connect({
      around: (...given) => {
        calls.push(given);
        return around(...given);
      },
    });
    const room = connection.room(ROOM);
    const loaded = (): unknown[] => [connection.messages(ROOM)[0]!.id, connection.messages(ROOM).at(-1)!.id];
    assert.deepEqual(await room.openAt('100'), { found: true, messageId: 100 });
    assert.deepEqual(loaded(), [75, 124]);
    const at = new Date(TIME + 199.5 * MINUTE_MS);
    assert.deepEqual(await room.openAt(at), { found: true, messageId: 201 });
    assert.deepEqual(loaded(), [176, 225]);
    assert.deepEqual(calls, [
      [ROOM, { around: 100 }, 50],
      [ROOM, { at }, 50],
    ]);
    const { hasOlder, hasNewer } = connection.data.threads.get(String(ROOM))!;
    assert.deepEqual([hasOlder, hasNewer], [true, true]);
    assert.deepEqual(await room.openAt(1_000), { found: false, messageId: undefined });
    assert.deepEqual(loaded(), [176, 225], 'an unknown message changes nothing');
    await connection.loadOlder(ROOM);
    await connection.loadNewest(ROOM);
    assert.deepEqual(loaded(), [251, LAST]);
  });

  it('an adapter whose `around` fails, or returns nonsense, changes nothing', async () => {
    let answer: unknown;
    const { connection, problems } = await connect({
      around: async () => {
        if (answer instanceof Error) throw answer;
        return answer as AdapterHistoryPart;
      },
    });
    const before = connection.messages(ROOM);
    const whole = await around(ROOM, { around: 100 }, 50);
    for (const [value, code] of [
      [new Error('no archive'), 'unreachable'],
      [undefined, 'unexpected_answer'],
      ['part', 'unexpected_answer'],
      [{ ...whole, messages: 'all' }, 'unexpected_answer'],
      [{ ...whole, hasOlder: undefined }, 'unexpected_answer'],
      [{ ...whole, hasNewer: 1 }, 'unexpected_answer'],
    ] as const) {
      answer = value;
      await assert.rejects(connection.room(ROOM).openAt(100), refused(code), String(value));
      assert.deepEqual(connection.messages(ROOM), before);
    }
    assert.ok(
      problems.length > 0 && problems.every((problem) => problem.startsWith('adapter.around')),
      problems.join(),
    );

    // Invalid messages are left out, an invalid `targetId` is not used.
    answer = { ...whole!, messages: [null, { id: {} }, ...whole!.messages], targetId: {} };
    assert.deepEqual(await connection.room(ROOM).openAt(100), { found: true, messageId: 100 });
    assert.equal(connection.messages(ROOM).length, 50);
    assert.equal(connection.data.threads.get(String(ROOM))!.leftOut, 2);
  });
});
