/** Out-of-range numbers from a backend, and endless pages, cause no request storms, endless waits or wrong counts. */
import { expect } from '@open-wc/testing';
import { connected, scene, type Scene } from '../support/connected.js';
import { json, room } from '../support/fake-backend.js';
import { partsLoaded } from '../support/lazy-parts.js';

const sent = ({ backend }: Scene, type: string): number =>
  backend.sockets.flatMap((socket) => socket.sent).filter((frame) => frame.type === type).length;
const fill =
  (count: number) =>
  (backend: Scene['backend']): void => {
    for (let n = 1; n <= count; n++) backend.store(1, 2, `m${n}`);
  };

/** Sends a greeting with additional fields. */
const greeting = (backend: Scene['backend'], more: object): void => {
  const { greeting } = backend;
  backend.greeting = (userId) => ({ ...greeting.call(backend, userId), ...more });
};

/** Rejects every message with `rate_limited`. */
const rateLimit =
  (retry_after: number): Scene['backend']['onSent'] =>
  (socket, frame) => {
    if (frame.type === 'send_message')
      socket.receive({
        type: 'error',
        code: 'rate_limited',
        message: 'Slow down.',
        _tempId: frame._tempId,
        room_id: 1,
        retry_after,
      });
  };

describe('10.24: numbers from the server', () => {
  for (const retry_after of [0, -5, 0.001]) {
    it(`retry_after: ${retry_after} counts as at least a second`, async () => {
      const made = await connected();
      const { chat, backend, clock } = made;
      backend.stores = false;
      backend.onSent = rateLimit(retry_after);
      void chat.sendChatMessage(1, 'hello').catch(() => {});
      await clock.advance(4_000);
      expect(sent(made, 'send_message')).to.be.within(2, 6);
      chat.disconnect();
    });
  }

  it('retry_after: 1e9 counts as five minutes', async () => {
    const made = await connected();
    const { chat, backend, clock } = made;
    backend.stores = false;
    backend.onSent = rateLimit(1e9);
    void chat.sendChatMessage(1, 'hello').catch(() => {});
    await clock.advance(0);
    backend.stores = true;
    backend.onSent = () => {};
    await clock.advance(300_100);
    expect(chat.messages(1)[0]!.delivery).to.equal('sent');
    chat.disconnect();
  });

  it('Retry-After: 0 counts as at least a second', async () => {
    const { chat, backend, clock } = scene({}, (made) => {
      made.onSocket = 'refuse';
      made.onRequest = (method) =>
        method === 'POST' ? json({ detail: 'Slow down.' }, 429, { 'Retry-After': '0' }) : undefined;
    });
    chat.connect();
    await partsLoaded();
    await clock.advance(100);
    void chat.sendChatMessage(1, 'hello').catch(() => {});
    await clock.advance(4_000);
    expect(backend.requests.filter(({ method }) => method === 'POST').length).to.be.within(2, 6);
    chat.disconnect();
  });

  for (const heartbeat_s of [-1, -30, 0, 0.001, 1e9, 1e308]) {
    it(`heartbeat_s: ${heartbeat_s} causes neither constant pings nor none`, async () => {
      const made = await connected({}, (backend) => greeting(backend, { heartbeat_s }));
      const { chat, backend, clock } = made;
      expect(chat.state).to.equal('connected');
      await clock.advance(600_000);
      expect([chat.state, backend.sockets.length]).to.deep.equal(['connected', 1]);
      expect(sent(made, 'ping')).to.be.within(1, 121);
      chat.disconnect();
    });
  }

  for (const content of [0, -1, null, 'many']) {
    it(`limits.content: ${content} is ignored`, async () => {
      const { chat } = await connected({}, (backend) => greeting(backend, { limits: { content } }));
      expect((await chat.sendChatMessage(1, 'hello')).message.delivery).to.equal('sent');
      chat.disconnect();
    });
  }

  it('unread counts are clamped', async () => {
    const { chat, backend, problems } = await connected({}, (made) => {
      made.rooms = [
        room(1, 'a', { unread_count: -3, participant_count: -1 }),
        room(2, 'b', { unread_count: 1e308, participant_count: 1e308 }),
        room(3, 'c', { unread_count: 2, participant_count: 'two' }),
        room(4, 'd', { unread_count: 1e308 }),
      ];
    });
    const counts = (): unknown[] =>
      [1, 2, 3, 4]
        .map((id) => chat.rooms.find((each) => each.id === id)!)
        .map((each) => `${each.unread_count} ${each.participant_count}`);
    expect(counts()).to.deep.equal(['0 0', '1000000 1000000', '2 0', '1000000 0']);
    backend.socket.receive({ type: 'messages_marked_read', room_id: 3, count: -7 });
    expect(counts()[2]).to.equal('2 0');
    backend.socket.receive({ type: 'room_updated', room_id: 3, updates: { unread_count: -1 } });
    expect(counts()[2]).to.equal('0 0');
    expect(problems).to.deep.equal([]);
    chat.disconnect();
  });

  it('a seq without a possible successor is ignored', async () => {
    const { chat, backend, clock } = await connected({}, (made) => {
      made.capabilities = ['user_channel', 'sync'];
      made.onRequest = (_method, path) =>
        path.includes('/messages/') ? json({ messages: made.messages, has_more: false, seq: 1e308 }) : undefined;
    });
    chat.openRoom(1);
    await clock.advance(0);
    const message = backend.store(1, 2, 'hello');
    backend.socket.receive({ type: 'new_message', room_id: 1, seq: 5, message });
    expect(chat.messages(1).map(({ content }) => content)).to.deep.equal(['hello']);
    chat.disconnect();
  });
});

describe('10.24: endless pages', () => {
  it('older: a repeated page counts as the last one', async () => {
    const made = await connected({}, fill(50));
    const { chat, backend, clock } = made;
    backend.onRequest = (_method, path) =>
      path.includes('/messages/') ? json({ messages: backend.messages, has_more: true }) : undefined;
    chat.openRoom(1);
    await clock.advance(0);
    for (let n = 0; n < 10; n++) await chat.loadOlder(1);
    expect(backend.requests.filter(({ path }) => path.includes('before=')).length).to.be.at.most(2);
    chat.disconnect();
  });

  it('forward after a gap: a backend that ignores `after` is not asked repeatedly, but for its newest page', async () => {
    const { chat, backend, clock } = await connected({}, (made) => {
      made.capabilities = [];
      fill(10)(made);
    });
    chat.openRoom(1);
    await clock.advance(0);
    for (let n = 0; n < 200; n++) backend.store(1, 2, `later ${n}`);
    backend.onRequest = (_method, path) =>
      path.includes('after=') ? json({ messages: backend.messages.slice(100, 150), has_more: true }) : undefined;
    const before = backend.requests.length;
    await clock.advance(15_100);
    const asked = backend.requests
      .slice(before)
      .map(({ path }) => path)
      .filter((path) => path.includes('/messages/'));
    // The check for new messages, and two pages.
    expect(asked.filter((path) => path.includes('after='))).to.have.length(3);
    expect(chat.messages(1).at(-1)!.content).to.equal('later 199');
    expect(chat.messages(1).length).to.equal(50);
    chat.disconnect();
  });

  for (const [what, seqAfter] of [
    ['the same seq', (seq: number) => seq],
    ['a growing seq', (seq: number) => seq + 1],
  ] as const) {
    it(`sync: always has_more with ${what} ends`, async () => {
      const { chat, backend, clock } = await connected({}, (made) => {
        made.capabilities = ['user_channel', 'sync'];
        made.onRequest = (_method, path) => {
          if (path.startsWith('sync/')) {
            const seq = Number(/:(\d+)/.exec(decodeURIComponent(path))![1]);
            return json({ rooms: [{ room_id: 1, seq: seqAfter(seq), has_more: true, changes: [] }] });
          }
          return path.includes('/messages/') ? json({ messages: made.messages, has_more: false, seq: 7 }) : undefined;
        };
        fill(3)(made);
      });
      chat.openRoom(1);
      await clock.advance(0);
      backend.onSent = (socket, frame) => {
        if (frame.type !== 'sync') return;
        const seq = (frame.rooms as Record<string, number>)['1']!;
        socket.receive({
          type: 'sync_result',
          rooms: [{ room_id: 1, seq: seqAfter(seq), has_more: true, changes: [] }],
        });
      };
      const before = backend.requests.length + backend.socket.sent.length;
      backend.socket.receive({ type: 'message_deleted', room_id: 1, message_id: 99, seq: 12 });
      await clock.advance(5_000);
      expect(backend.requests.length + backend.socket.sent.length - before).to.be.at.most(45);
      expect(chat.state).to.equal('connected');
      chat.disconnect();
    });
  }

  it('the search for a message that may be stored', async () => {
    const made = await connected({}, (backend) => {
      backend.capabilities = [];
      fill(120)(backend);
    });
    const { chat, backend, clock } = made;
    backend.stores = false;
    backend.onRequest = (method, path) =>
      method === 'GET' && path.includes('limit=100')
        ? json({ messages: backend.messages.slice(0, 100), has_more: true })
        : undefined;
    void chat.sendChatMessage(1, 'hello').catch(() => {});
    await clock.advance(6_100);
    expect(backend.requests.filter(({ path }) => path.includes('limit=100')).length).to.be.at.most(2);
    chat.disconnect();
  });

  it('the list is read once for a room that it never contains', async () => {
    const made = await connected();
    const { chat, backend, clock } = made;
    const lists = (): number => backend.requests.filter(({ path }) => path === 'rooms/').length;
    const before = lists();
    for (let n = 0; n < 50; n++) backend.sendAs(77, 2, `m${n}`);
    await clock.advance(1_000);
    // Again when a message arrives meanwhile.
    expect(lists() - before).to.be.at.most(2);
    await clock.advance(60_000);
    backend.sendAs(77, 2, 'again');
    await clock.advance(1_000);
    expect(lists() - before).to.be.at.most(3);
    chat.disconnect();
  });
});
