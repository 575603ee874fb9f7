/** The conversion between the frames of our protocol, and the events and commands of a connection. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeEvent, toFrame } from '../../src/transport/frames.js';
import type { TransportCommand } from '../../src/transport/index.js';
import { type ChatFrames } from '../../src/protocol/index.js';
import { ClientFrames } from '../../src/protocol/client-frames.js';

const message = { id: 9, content: 'hi', sender: null, timestamp: '2026-01-01T12:00:00Z' };
const at = { room_id: 7, seq: 3 };

/** One example per frame, and the properties of its event. */
const FRAMES: Record<keyof typeof ChatFrames, [frame: object, event: object]> = {
  connection_established: [
    { user_id: 1, username: 'ana', heartbeat_s: 20 },
    { type: 'connection-established', userId: 1, username: 'ana', capabilities: [], heartbeatS: 20 },
  ],
  room_list: [{ rooms: [{ id: 7 }, {}] }, { type: 'room-list', leftOut: 1 }],
  subscribed: [{ room_id: 7 }, { type: 'subscribed', roomId: 7 }],
  unsubscribed: [{ room_id: 7 }, { type: 'unsubscribed', roomId: 7 }],
  new_message: [
    { ...at, message, _tempId: 'a' },
    { type: 'new-message', roomId: 7, seq: 3, localId: 'a' },
  ],
  message_ack: [
    { room_id: 7, message, _tempId: 'a' },
    { type: 'message-ack', roomId: 7, localId: 'a' },
  ],
  message_updated: [
    { ...at, message },
    { type: 'message-updated', roomId: 7, seq: 3 },
  ],
  message_deleted: [
    { ...at, message_id: 9 },
    { type: 'message-deleted', roomId: 7, seq: 3, messageId: 9 },
  ],
  reactions_updated: [
    { ...at, message_id: 9, reactions: [] },
    { type: 'reactions-updated', roomId: 7, seq: 3, messageId: 9, reactions: [] },
  ],
  typing: [
    { room_id: 7, user_id: 1, username: 'ana', is_typing: true },
    { type: 'typing', roomId: 7, userId: 1, username: 'ana', isTyping: true },
  ],
  messages_marked_read: [
    { ...at, count: 2 },
    { type: 'messages-marked-read', roomId: 7, seq: 3, count: 2 },
  ],
  message_read: [
    { ...at, user_id: 1, message_ids: [9], up_to: 9 },
    { type: 'message-read', roomId: 7, seq: 3, userId: 1, messageIds: [9], upTo: 9 },
  ],
  message_delivered: [
    { room_id: 7, user_id: 1, up_to: 9 },
    { type: 'message-delivered', roomId: 7, userId: 1, messageIds: [], upTo: 9 },
  ],
  room_updated: [
    { room_id: 7, updates: { unread_count: 2 } },
    { type: 'room-updated', roomId: 7, updates: { unread_count: 2 } },
  ],
  error: [
    { message: 'no', room_id: 7, code: 'rate_limited', _tempId: 'a', retry_after: 5 },
    { type: 'error', message: 'no', roomId: 7, code: 'rate_limited', localId: 'a', retryAfter: 5 },
  ],
  pong: [{}, { type: 'pong' }],
  sync_result: [{ rooms: [] }, { type: 'sync-result', rooms: [] }],
  token_expiring: [{ in_s: 60 }, { type: 'token-expiring', inS: 60 }],
  authenticated: [{}, { type: 'authenticated' }],
};

/** One example per command, and its frame. */
const COMMANDS: Record<TransportCommand['type'], [command: TransportCommand, frame: object]> = {
  'subscribe-room': [
    { type: 'subscribe-room', roomId: 7 },
    { type: 'subscribe_room', room_id: 7 },
  ],
  'unsubscribe-room': [
    { type: 'unsubscribe-room', roomId: 7 },
    { type: 'unsubscribe_room', room_id: 7 },
  ],
  'send-message': [
    { type: 'send-message', roomId: 7, content: 'hi', localId: 'a', replyTo: 9 },
    { type: 'send_message', room_id: 7, content: 'hi', _tempId: 'a', reply_to: 9 },
  ],
  'mark-read': [
    { type: 'mark-read', roomId: 7, messageIds: [], upTo: 9 },
    { type: 'mark_read', room_id: 7, message_ids: [], up_to: 9 },
  ],
  'mark-delivered': [
    { type: 'mark-delivered', roomId: 7, upTo: 9 },
    { type: 'mark_delivered', room_id: 7, up_to: 9 },
  ],
  typing: [
    { type: 'typing', roomId: 7 },
    { type: 'typing', room_id: 7 },
  ],
  'stop-typing': [
    { type: 'stop-typing', roomId: 7 },
    { type: 'stop_typing', room_id: 7 },
  ],
  'get-room-list': [{ type: 'get-room-list' }, { type: 'get_room_list' }],
  ping: [{ type: 'ping' }, { type: 'ping' }],
  sync: [
    { type: 'sync', rooms: { '7': 3, a_b: 1 } },
    { type: 'sync', rooms: { '7': 3, a_b: 1 } },
  ],
  authenticate: [
    { type: 'authenticate', token: 'x' },
    { type: 'authenticate', token: 'x' },
  ],
};

describe('frames', () => {
  for (const [type, [frame, event]] of Object.entries(FRAMES))
    it(`${type} becomes an event`, () => {
      const { frame: found, problems } = decodeEvent(JSON.stringify({ type, ...frame }));
      assert.equal(problems.length, type === 'room_list' ? 1 : 0);
      for (const [name, value] of Object.entries(event))
        assert.deepEqual((found as unknown as Record<string, unknown>)[name], value, name);
    });

  it('a field that the schema does not know cannot replace a validated one', () => {
    const { frame } = decodeEvent(JSON.stringify({ type: 'error', message: 'no', roomId: {}, localId: [], seq: {} }));
    assert.deepEqual(frame, {
      type: 'error',
      message: 'no',
      roomId: undefined,
      code: undefined,
      localId: undefined,
      retryAfter: undefined,
    });
  });

  it('only a change of a room has `seq`', () => {
    const changes = Object.entries(FRAMES).filter(([type, [frame]]) =>
      Object.hasOwn(decodeEvent(JSON.stringify({ type, ...frame })).frame!, 'seq'),
    );
    assert.deepEqual(
      changes.map(([type]) => type),
      [
        'new_message',
        'message_updated',
        'message_deleted',
        'reactions_updated',
        'messages_marked_read',
        'message_read',
        // Applied in order with the changes of its room, but never numbered.
        'message_delivered',
      ],
    );
  });
});

describe('commands', () => {
  for (const [type, [command, frame]] of Object.entries(COMMANDS))
    it(`${type} becomes a frame that a server accepts`, () => {
      const sent = toFrame(command);
      assert.deepEqual(sent, frame);
      assert.equal(ClientFrames[sent.type]().safeParse(sent).success, true);
    });
});
