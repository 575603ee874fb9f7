/** Changes that arrive before history-pages.ts is loaded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as pages from '../../src/store/history-pages.js';
import { reduce, usePages } from '../../src/store/reduce.js';
import { threadOf } from '../../src/store/selectors.js';
import { INITIAL } from '../../src/store/state.js';

const message = {
  id: 1,
  room: 1,
  sender: { id: 2, username: 'ben', first_name: '', last_name: '', profile_picture: null },
  message_type: 'text',
  content: 'Hello',
  attachment: null,
  timestamp: '2026-01-01T12:00:00Z',
  is_read: false,
  edited_at: null,
  reply_to: null,
  is_own_message: false,
} as const;

test('a change that arrives before its chunk is loaded is applied afterwards, unless the user has changed', () => {
  let state = reduce(INITIAL, { type: 'history', roomId: 1, side: 'newest', messages: [message], hasMore: false });
  state = reduce(state, {
    type: 'room-event',
    event: { type: 'message-updated', roomId: 1, seq: undefined, message: { ...message, content: 'Hello!' } },
  });
  assert.equal(threadOf(state, 1).timeline[0]!.content, 'Hello');
  assert.equal(reduce(state, { type: 'reset' }).early.length, 0);
  usePages(pages);
  state = reduce(state, { type: 'late' });
  assert.equal(threadOf(state, 1).timeline[0]!.content, 'Hello!');
  assert.equal(state.early.length, 0);
});
