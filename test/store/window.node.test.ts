/** The cost of a long room, in operations instead of time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Message } from '../../src/protocol/index.js';
import * as pages from '../../src/store/history-pages.js';
import type { Action } from '../../src/store/actions.js';
import { reduce, usePages } from '../../src/store/reduce.js';
import { threadOf } from '../../src/store/selectors.js';
import { INITIAL, type ChatData } from '../../src/store/state.js';

usePages(pages);

const message = (id: number | string, at: number, more: Partial<Message> = {}): Message =>
  ({
    id,
    content: `m${id}`,
    timestamp: new Date(Date.UTC(2026, 0, 1) + at * 1_000).toISOString(),
    sender: { id: 2, username: 'ben' },
    is_read: false,
    ...more,
  }) as Message;
const live = (id: number): Action => ({ type: 'live-message', roomId: 1, message: message(id, id), wasHeld: false });
const run = (state: ChatData, ...actions: Action[]): ChatData => actions.reduce(reduce, state);
const page = (
  side: 'newest' | 'older' | 'newer' | 'overlap' | 'missed',
  from: number,
  to: number,
  hasMore: boolean,
): Action => ({
  type: 'history',
  roomId: 1,
  side,
  hasMore,
  from: side === 'older' ? to + 1 : from - 1,
  messages: Array.from({ length: to - from + 1 }, (_, n) => message(from + n, from + n)),
});
const range = (state: ChatData): string => {
  const { timeline, hasOlder, hasNewer } = threadOf(state, 1);
  const stored = timeline.filter(({ delivery }) => delivery === 'sent');
  return `${hasOlder ? '…' : ''}${stored[0]?.id}-${stored.at(-1)?.id}${hasNewer ? '…' : ''} (${stored.length})`;
};
const OPEN: Action = { type: 'open', roomId: 1 };
const AWAY: Action = { type: 'away', roomId: 1, on: true };

/** Counts accesses to ids and timestamps. */
function counted(act: () => void): number {
  const { String: string } = globalThis;
  const { parse } = Date;
  let count = 0;
  globalThis.String = new Proxy(string, {
    apply: (target, self, values) => (count++, Reflect.apply(target, self, values)),
  });
  Date.parse = (text) => (count++, parse(text));
  try {
    act();
  } finally {
    globalThis.String = string;
    Date.parse = parse;
  }
  return count;
}

describe('10.22: the window of a room', () => {
  it('holds at most 2,000 messages, and a message costs the same at 20,000 as at 3,000', () => {
    let state = run(INITIAL, OPEN, page('newest', 1, 50, false));
    let next = 51;
    const receive = (count: number): void => {
      for (let n = 0; n < count; n++, next++) {
        state = reduce(state, live(next));
        assert.ok(threadOf(state, 1).timeline.length <= 2_000);
      }
    };
    receive(2_950);
    const early = counted(() => receive(1_000));
    receive(16_000);
    const late = counted(() => receive(1_000));
    assert.ok(Math.abs(late - early) <= early / 100, `${early} operations at 3,000 messages, ${late} at 20,000`);
    assert.ok(late / 1_000 <= 3 * 2_000, `${late / 1_000} operations per message`);
    assert.equal(threadOf(state, 1).hasOlder, true);
    assert.equal(threadOf(state, 1).timeline.at(-1)!.id, next - 1);
  });

  it('stays contiguous while scrolling up and down', () => {
    let state = run(INITIAL, OPEN, page('newest', 9_951, 10_000, true));
    for (let first = 9_950; first > 7_000; first -= 50) {
      state = reduce(state, page('older', first - 49, first, true));
      const ids = threadOf(state, 1).timeline.map(({ id }) => Number(id));
      assert.ok(ids.every((id, at) => at === 0 || id === ids[at - 1]! + 1));
      assert.ok(ids.length <= 2_000);
    }
    assert.equal(range(state), '…7001-9000… (2000)');
    for (let first = 9_001; first < 10_000; first += 50)
      state = reduce(state, page('newer', first, first + 49, first < 9_951));
    assert.match(range(state), /^…\d+-10000 \(\d+\)$/);
    state = run(state, live(10_001));
    assert.equal(threadOf(state, 1).timeline.at(-1)!.id, 10_001);
  });

  it('appends nothing across the gap, and counts it as unread once', () => {
    const room = {
      id: 1,
      name: '',
      room_type: 'general',
      participants: [],
      participant_count: 0,
      last_message: null,
      unread_count: 0,
      created_at: null,
      updated_at: null,
      is_active: true,
    };
    let state = run(
      INITIAL,
      { type: 'rooms', rooms: [room], method: 'rest', exactUnread: true, leftOut: 0, isComplete: true },
      OPEN,
      page('newest', 4_951, 5_000, true),
    );
    for (let first = 4_950; first > 2_000; first -= 50) state = reduce(state, page('older', first - 49, first, true));
    const before = range(state);
    state = run(
      state,
      live(5_001),
      live(5_002),
      live(5_002),
      page('missed', 5_001, 5_010, false),
      page('overlap', 4_961, 5_010, true),
      live(5_010),
    );
    assert.equal(range(state), before);
    assert.deepEqual([state.rooms[0]!.unread_count, state.rooms[0]!.last_message?.content], [2, 'm5010']);
    // Older messages in the window are still updated.
    state = run(state, {
      type: 'room-event',
      event: { type: 'message-deleted', roomId: 1, messageId: 2_500, deletedAt: undefined, seq: undefined },
    });
    assert.equal(
      threadOf(state, 1).timeline.some(({ id }) => id === 2_500),
      false,
    );
    state = run(state, page('newest', 4_961, 5_010, true));
    assert.equal(range(state), '…4961-5010 (50)');
  });

  it('keeps the position of a reader further up: new messages are released instead', () => {
    let state = run(INITIAL, OPEN, page('newest', 2_951, 3_000, true));
    for (let first = 2_950; first > 1_000; first -= 50) state = reduce(state, page('older', first - 49, first, true));
    assert.equal(range(state), '…1001-3000 (2000)');
    state = run(state, AWAY, live(3_001), live(3_002));
    assert.equal(range(state), '…1001-3000… (2000)');
    state = run(state, page('newer', 3_001, 3_002, false), { ...AWAY, on: false } as Action);
    assert.match(range(state), /^…\d+-3002 \(\d+\)$/);
  });

  it('keeps unsent messages in any window: pending ones at the end, rejected ones at their position', () => {
    const send = (localId: string, at: number): Action => ({
      type: 'send',
      draft: { localId, roomId: 1, content: localId, at: Date.UTC(2026, 0, 1) + at * 1_000 },
    });
    let state = run(
      INITIAL,
      OPEN,
      page('newest', 4_951, 5_000, true),
      send('refused', 5_000.5),
      { type: 'refused', localId: 'refused', roomId: 1, error: {} as never },
      live(5_001),
      send('mine', 5_002),
    );
    const places = (): string => {
      const { timeline } = threadOf(state, 1);
      const around = (id: string, at: number): string => `${timeline[at - 1]?.id}<${id}<${timeline[at + 1]?.id}`;
      return ['refused', 'mine']
        .map((id) =>
          around(
            id,
            timeline.findIndex(({ localId }) => localId === id),
          ),
        )
        .join(' ');
    };
    assert.equal(places(), '5000<refused<5001 5001<mine<undefined');
    for (let first = 4_950; first > 2_000; first -= 50) state = reduce(state, page('older', first - 49, first, true));
    assert.equal(places(), '4000<refused<mine refused<mine<undefined', 'beyond the hole');
    for (let first = 4_001; first < 5_001; first += 50)
      state = reduce(state, page('newer', first, first + 49, first < 4_951));
    state = run(state, live(5_001));
    assert.equal(places(), '5000<refused<5001 5001<mine<undefined');
    state = run(state, {
      type: 'stored',
      localId: 'mine',
      roomId: 1,
      message: message(5_002, 5_002, { _tempId: 'mine' }),
      method: 'rest',
    });
    assert.equal(threadOf(state, 1).timeline.at(-1)!.key, 'mine');
  });

  it('keeps 50 messages of a room that is not shown', () => {
    let state = run(INITIAL, OPEN, page('newest', 1, 100, false), { type: 'close', roomId: 1 });
    assert.equal(range(state), '…51-100 (50)');
    for (let id = 101; id < 300; id++) state = reduce(state, live(id));
    assert.equal(range(state), '…250-299 (50)');
  });
});

describe('10.24: a page with has_more but without new messages', () => {
  it('counts as the last one', () => {
    const state = run(INITIAL, OPEN, page('newest', 1, 50, true), { ...page('older', 1, 50, true), from: 1 } as Action);
    assert.equal(threadOf(state, 1).hasOlder, false);
  });
});

describe('10.31: handles room ids that are names of Object.prototype', () => {
  for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
    it(id, () => {
      const draft = { localId: 'a', roomId: id, content: 'x', at: 0 };
      let state = run(INITIAL, { type: 'live-message', roomId: id, message: message(1, 1), wasHeld: false });
      assert.equal(threadOf(state, id).timeline.length, 0, 'it was never opened');
      state = run(
        state,
        { type: 'open', roomId: id },
        { type: 'history', roomId: id, side: 'newest', messages: [message(id, 1)], hasMore: false },
        { type: 'send', draft },
      );
      state = run(
        state,
        { type: 'live-message', roomId: id, message: message('valueOf', 2), wasHeld: false },
        { type: 'reading', roomId: id, on: true },
        { type: 'resent', localId: 'a' },
      );
      assert.deepEqual(
        threadOf(state, id).timeline.map((entry) => entry.id),
        [id, 'valueOf', 'a'],
      );
      assert.deepEqual([...state.threads.keys()], [id]);
    });
  }
});
