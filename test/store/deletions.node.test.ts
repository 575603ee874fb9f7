/** A deletion is final: what was read before it, and arrives after it, does not bring back any of the message. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Message } from '../../src/protocol/index.js';
import type { Action } from '../../src/store/actions.js';
import * as pages from '../../src/store/history-pages.js';
import { reduce, usePages } from '../../src/store/reduce.js';
import { threadOf } from '../../src/store/selectors.js';
import { INITIAL } from '../../src/store/state.js';

usePages(pages);

const message = (id: number, more: Partial<Message> = {}): Message =>
  ({
    id,
    content: `m${id}`,
    timestamp: new Date(Date.UTC(2026, 0, 1, 0, 0, id)).toISOString(),
    sender: { id: 2, username: 'ben' },
    is_read: false,
    ...more,
  }) as Message;
const ANSWER = message(2, { reply_to: { id: 1, content: 'm1', sender: 'ben' } });
const DELETED: Action = {
  type: 'room-event',
  event: { type: 'message-deleted', roomId: 1, seq: undefined, messageId: 1, deletedAt: '2026-01-01T00:01:00Z' },
};
const page = (side: 'newest' | 'older'): Action => ({
  type: 'history',
  roomId: 1,
  side,
  hasMore: false,
  from: undefined,
  messages: [message(1), ANSWER],
});

const LATE: Record<string, Action> = {
  'a page': page('newest'),
  'an older page': page('older'),
  'a live copy': { type: 'live-message', roomId: 1, message: message(1), wasHeld: false },
  'an edit': {
    type: 'room-event',
    event: { type: 'message-updated', roomId: 1, seq: undefined, message: message(1, { content: 'edited' }) },
  },
  'a reaction': {
    type: 'room-event',
    event: {
      type: 'reactions-updated',
      roomId: 1,
      seq: undefined,
      messageId: 1,
      reactions: [{ emoji: '👍', user_ids: [2] }],
    },
  },
};

describe('a deleted message stays deleted after', () => {
  for (const [name, action] of Object.entries(LATE))
    it(name, () => {
      const state = [{ type: 'open', roomId: 1 } as const, page('newest'), DELETED, action].reduce(reduce, INITIAL);
      const [tombstone, answer] = threadOf(state, 1).timeline;
      assert.deepEqual(
        [tombstone?.content, tombstone?.reactions, tombstone?.deleted_at],
        ['', [], '2026-01-01T00:01:00Z'],
      );
      assert.equal(answer?.reply_to?.content, '');
    });
});
