/** Receipts that arrive before the list of rooms, which names the members. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Message, Room } from '../../src/protocol/index.js';
import * as pages from '../../src/store/history-pages.js';
import { reduce, usePages } from '../../src/store/reduce.js';
import { threadOf } from '../../src/store/selectors.js';
import { INITIAL, type ChatData } from '../../src/store/state.js';

usePages(pages);

const [ANA, BEN] = [
  { id: 1, username: 'ana' },
  { id: 2, username: 'ben' },
];
const MESSAGE = { id: 5, content: 'hello', timestamp: '2026-01-01T00:00:00Z', sender: ANA, is_read: false } as Message;
const ROOM = { id: 1, participants: [ANA, BEN], participant_count: 2, unread_count: 0, is_active: true } as Room;

it('a delivery that is reported before the list of rooms is shown with the list', () => {
  let data: ChatData = { ...INITIAL, user: { id: 1, username: 'ana' }, capabilities: ['delivered'] };
  const isDelivered = (): boolean => threadOf(data, 1).timeline[0]!.delivered === true;
  data = reduce(data, { type: 'open', roomId: 1 });
  data = reduce(data, {
    type: 'history',
    roomId: 1,
    side: 'newest',
    hasMore: false,
    from: undefined,
    messages: [MESSAGE],
  });
  data = reduce(data, {
    type: 'room-event',
    event: { type: 'message-delivered', roomId: 1, userId: 2, seq: undefined, upTo: 5 },
  } as never);
  assert.ok(!isDelivered(), 'the members are not known yet');
  data = reduce(data, {
    type: 'rooms',
    rooms: [ROOM],
    method: 'rest',
    exactUnread: true,
    leftOut: 0,
    isComplete: true,
  });
  assert.ok(isDelivered());
});
