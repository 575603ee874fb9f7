import { expect } from '@open-wc/testing';
import { compareIds, decodeChatFrame, decodeNotificationFrame, sameId } from '../../src/protocol/index.js';
import { room } from '../support/fake-backend.js';

const decode = (frame: unknown): ReturnType<typeof decodeChatFrame> => decodeChatFrame(JSON.stringify(frame));
const message = (more: object = {}): object => ({
  id: 1,
  sender: { id: 1, username: 'ana' },
  content: 'x',
  timestamp: '2026-11-22T22:28:57Z',
  ...more,
});

describe('the codec', () => {
  it('drops one bad room of fifty, and reports it', () => {
    const rooms: unknown[] = Array.from({ length: 50 }, (_, n) => room(n + 1, `room ${n}`));
    rooms[17] = { ...(rooms[17] as object), id: { not: 'an id' } };
    const { frame, problems } = decode({ type: 'room_list', rooms });
    expect(frame?.type === 'room_list' && frame.rooms).to.have.length(49);
    expect(problems.map(({ detail }) => detail)).to.deep.equal(['room_list.rooms[17].id: custom']);
  });

  it('tolerates invalid optional fields', () => {
    const { frame, problems } = decode({
      type: 'new_message',
      room_id: 1,
      message: message({
        sender: { id: 1, username: 7, profile_picture: {} },
        is_read: 'yes',
        reply_to: 3,
        attachment: [],
        edited_at: 'never',
        extra: { deep: true },
      }),
    });
    expect(problems).to.deep.equal([]);
    const got = frame?.type === 'new_message' && frame.message;
    expect(got).to.deep.include({
      is_read: false,
      reply_to: null,
      attachment: null,
      edited_at: null,
      extra: { deep: true },
    });
  });

  it('requires the essential fields of a message', () => {
    for (const broken of [
      { id: null },
      { id: 1.5 },
      { id: '' },
      { timestamp: 'yesterday' },
      { timestamp: undefined },
    ]) {
      expect(
        decode({ type: 'new_message', room_id: 1, message: message(broken) }).frame,
        JSON.stringify(broken),
      ).to.equal(undefined);
    }
  });

  it('reads a time without an offset as UTC', () => {
    const { frame } = decode({
      type: 'new_message',
      room_id: 1,
      message: message({ timestamp: '2026-11-22T22:28:57.123456' }),
    });
    expect(frame?.type === 'new_message' && frame.message.timestamp).to.equal('2026-11-22T22:28:57.123456Z');
  });

  it('ignores unknown types and hostile names', () => {
    for (const type of ['from_the_future', 'constructor', '__proto__', 'toString']) {
      expect(decode({ type }).problems[0]?.code, type).to.equal('unknown_frame');
    }
    expect(decode({ type: 'from_the_future' }).problems[0]?.detail).to.equal("frame of unknown type 'from_the_future'");
    expect(decode({ type: '0123456789abcdef' }).problems[0]?.detail, 'it may contain a token').to.equal(
      'frame of unknown type',
    );
    for (const text of ['', 'null', '[1]', '7', '{"type":5}', '{bad']) {
      const { frame, problems } = decodeChatFrame(text);
      expect(frame, text).to.equal(undefined);
      expect(problems).to.have.length(1);
    }
    expect(decodeChatFrame(new ArrayBuffer(4)).problems[0]?.detail).to.contain('binary');
    expect(({} as Record<string, unknown>).polluted).to.equal(undefined);
    decodeChatFrame('{"type":"pong","__proto__":{"polluted":1}}');
    expect(({} as Record<string, unknown>).polluted).to.equal(undefined);
  });

  it('decodes notification frames', () => {
    const { frame, problems } = decodeNotificationFrame(
      JSON.stringify({
        type: 'recent_notifications',
        notifications: [{ id: 1, created_at: '2026-11-22T22:39:05Z', title: 'Hi' }, { id: 2 }],
      }),
    );
    expect(frame?.type === 'recent_notifications' && frame.notifications.map(({ title }) => title)).to.deep.equal([
      'Hi',
    ]);
    expect(problems).to.have.length(1);
  });
});

describe('ids', () => {
  it('are equal as number and as text', () => {
    expect(sameId(7, '7')).to.equal(true);
    expect(sameId(null, null)).to.equal(false);
  });

  it('are ordered as whole numbers, beyond 2^53 too; other ids have no order', () => {
    expect(compareIds(9, 10)).to.be.below(0);
    expect(compareIds('9007199254740993', '9007199254740992')).to.be.above(0);
    expect(compareIds('b', 'a')).to.equal(0);
  });
});
