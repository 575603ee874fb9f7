/** Regressions: states that did not end, losses, and repeated work. */
import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { connected, scene } from '../support/connected.js';
import { FakeBackend, type FakeSocket, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { until } from '../support/mounted.js';
import { partsLoaded } from '../support/lazy-parts.js';

describe('states that must end', () => {
  it('10.8: reports a proxy that strips the Authorization header, so that only REST rejects every token, instead of staying in "connecting"', async () => {
    let n = 0;
    const { chat, backend, clock, states } = scene({ token: '', tokenProvider: async () => tokenOf(1, { n: n++ }) });
    backend.onRequest = () => json({ detail: 'Authentication credentials were not provided.' }, 401);
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(60_000);
    const after1 = chat.state;
    chat.retryNow();
    await clock.advance(600_000);
    const got = [after1, chat.state, states.length, backend.open.length];
    chat.disconnect();
    expect([got[0], got[1]]).to.deep.equal(['unauthorized', 'unauthorized'], JSON.stringify(got));
  });

  it('10.8: does not cause a token storm if only REST rejects every token', async () => {
    let asked = 0;
    const { chat, backend, clock } = scene({ token: '', tokenProvider: async () => tokenOf(1, { n: asked++ }) });
    backend.onRequest = () => json({ detail: 'no', code: 'token_not_valid' }, 401);
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(3_600_000);
    const got = [chat.state, asked < 60, backend.requests.length < 300, backend.sockets.length < 100];
    const counts = [asked, backend.requests.length, backend.sockets.length];
    chat.disconnect();
    expect([...got, ...counts]).to.deep.equal(['unauthorized', true, true, true, ...counts]);
  });

  it('10.11: a deleted last message and a backend that answers `after` with 400 do not count as a failing server', async () => {
    const { chat, backend, clock } = await connected({}, (b) => {
      b.capabilities = [];
      b.onSocket = 'refuse';
      b.store(1, 2, 'one');
      b.store(1, 2, 'two');
    });
    chat.openRoom(1);
    await clock.advance(10_000);
    expect(chat.state).to.equal('polling');
    backend.onRequest = (_m, path) =>
      path.includes('after=2') ? json({ detail: 'Unknown message.' }, 400) : undefined;
    backend.messages.pop();
    backend.messages.push({ ...backend.store(1, 2, 'three'), id: 3 });
    backend.messages.splice(1, 1);
    await clock.advance(12_000);
    const states = [chat.state, chat.reason.code, chat.messages(1).map((m) => m.content)];
    expect(states).to.deep.equal(['polling', 'websocket_blocked', ['one', 'three']]);
    chat.disconnect();
  });

  it('10.10: the first greeting after polling keeps the data read meanwhile', async () => {
    const { chat, backend, clock } = await connected({}, (b) => void (b.onSocket = 'refuse'));
    chat.disconnect();
    for (let i = 0; i < 45; i++) backend.store(1, 2, `old ${i}`);
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(10_000);
    for (let i = 0; i < 30; i++) backend.store(1, 2, `new ${i}`);
    await clock.advance(60_000);
    const before = chat.messages(1).length;
    backend.onSocket = 'greet';
    chat.retryNow();
    await clock.advance(60_000);
    expect([chat.state, before, chat.messages(1).length]).to.deep.equal(['connected', 75, 75]);
    chat.disconnect();
  });

  it('10.11: Retry-After of one backend does not apply to another', async () => {
    const { chat, backend, clock } = await connected({}, (b) => {
      b.onSocket = 'refuse';
      b.onRequest = () => json({ detail: 'away' }, 503, { 'Retry-After': '300' });
    });
    await clock.advance(5_000);
    expect(chat.state).to.equal('error');
    backend.onRequest = () => undefined;
    chat.configure({ url: 'https://other.example' });
    await clock.advance(30_000);
    expect([chat.state, chat.rooms.length]).to.deep.equal(['polling', 2]);
    const n = backend.requests.length;
    await clock.advance(60_000);
    expect([backend.requests.length - n > 2]).to.deep.equal([true]);
    chat.disconnect();
  });

  it('10.8: connects even if a request from before the socket is never answered', async () => {
    const { chat, backend, clock } = scene();
    let n = 0;
    backend.onRequest = (_m, path) => (path.startsWith('rooms/1/messages/') && n++ === 0 ? 'hang' : undefined);
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(5_000);
    const got = [chat.state, chat.data.threads.get('1')!.loaded];
    chat.disconnect();
    expect(got).to.deep.equal(['connected', true]);
  });

  it('10.8: waits less than a second for a request from before the socket that is never answered', async () => {
    const { chat, backend, clock } = scene();
    let n = 0;
    backend.onRequest = (_m, path) => (path.startsWith('rooms/1/messages/') && n++ === 0 ? 'hang' : undefined);
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    let seconds = 0;
    while (chat.state !== 'connected' && seconds < 100) {
      await clock.advance(1000);
      seconds++;
    }
    chat.disconnect();
    expect(seconds).to.be.below(2);
  });

  it('10.13: notifications resume after their token was rejected while the page had no new one', async () => {
    let fails = false;
    let k = 0;
    const tokenProvider = async (): Promise<string> => {
      if (fails) throw new TypeError('Failed to fetch');
      return tokenOf(1, { k: k++ });
    };
    const { chat, backend, clock } = scene({ token: '', notifications: true, tokenProvider }, (b) => {
      b.onSent = (socket, { action }) =>
        action === 'get_unread_count' && socket.receive({ type: 'unread_count', count: 0 });
    });
    const bells = (): FakeSocket[] => backend.sockets.filter(({ url }) => url.includes('notifications'));
    chat.connect();
    await partsLoaded();
    // The chunk loads in real time.
    await until(() => (void clock.advance(0), bells().length === 1));
    fails = true;
    bells()[0]!.drop(4001);
    await clock.advance(60_000);
    fails = false;
    await clock.advance(600_000);
    const got = [chat.state, bells().filter(({ readyState }) => readyState === 1).length];
    chat.disconnect();
    expect(got).to.deep.equal(['connected', 1]);
  });

  it('10.13: notifications that always reject the token request new ones at growing intervals', async () => {
    let asked = 0;
    const { chat, backend, clock } = scene({
      token: '',
      notifications: true,
      tokenProvider: async () => tokenOf(1, { asked: asked++ }),
    });
    const bells = (): FakeSocket[] => backend.sockets.filter(({ url }) => url.includes('notifications'));
    chat.connect();
    await partsLoaded();
    await until(() => (void clock.advance(0), bells().length === 1));
    for (let minute = 0; minute < 60; minute++) {
      for (let tick = 0; tick < 12; tick++) {
        for (const bell of bells()) bell.drop(4001);
        await clock.advance(5_000);
      }
    }
    const got = [chat.state, asked];
    chat.disconnect();
    expect(got[0]).to.equal('connected');
    expect(asked).to.be.within(5, 20);
  });

  for (const way of ['jump to the end', 'a minute passes (baseline)', 'a reconnection (baseline)'] as const) {
    it(`10.22: does not report old messages as new when reading far up and ${way}`, async function () {
      this.timeout(20_000);
      const { chat, backend, clock } = await connected({}, (b) => {
        if (way.includes('baseline')) b.capabilities = [];
        for (let i = 0; i < 5000; i++) b.store(1, 2, `old ${i}`);
      });
      const reported: unknown[] = [];
      chat.on('chat-message', ({ message }) => reported.push(message.id));
      chat.openRoom(1);
      await clock.advance(100);
      chat.setAway(1, true);
      for (let i = 0; i < 60; i++) await Promise.all([chat.loadOlder(1), settle()]);
      expect(chat.data.threads.get('1')!.hasNewer).to.equal(true);
      if (way === 'jump to the end') await Promise.all([chat.loadNewest(1), settle()]);
      else if (way.startsWith('a min')) await clock.advance(180_000);
      else {
        backend.socket.drop(1006);
        await clock.advance(10_000);
      }
      chat.disconnect();
      expect(reported.length).to.equal(0);
    });
  }

  it('10.24: a backend with one change counter for all rooms does not cause a room list request per message', async () => {
    let seq = 0;
    const changes: { type: string; room_id: number; message: object; seq: number }[] = [];
    const { chat, backend, clock } = await connected({}, (b) => {
      b.capabilities = ['idempotent_send', 'ack', 'user_channel', 'sync'];
      b.onRequest = (_m, path) =>
        path.startsWith('rooms/1/messages/')
          ? json({ messages: b.messages.slice(-50), has_more: false, count: 0, seq })
          : undefined;
      b.onSent = (socket, frame) => {
        if (frame.type !== 'sync') return;
        const from = (frame.rooms as Record<string, number>)['1']!;
        socket.receive({
          type: 'sync_result',
          rooms: [{ room_id: 1, seq, changes: changes.filter((c) => c.seq > from), has_more: false, expired: false }],
        });
      };
    });
    chat.openRoom(1);
    await clock.advance(1000);
    const before = backend.requests.length;
    for (let i = 0; i < 200; i++) {
      const message = backend.store(1, 2, `m${i}`);
      seq += 2; // the second change was in an unknown room
      const change = { type: 'new_message', room_id: 1, message, seq };
      changes.push(change);
      backend.socket.receive(change);
      await clock.advance(50);
    }
    const asked = backend.requests.length - before;
    const syncs = backend.socket.sent.filter((f) => f.type === 'sync').length;
    const n = chat.messages(1).length;
    chat.disconnect();
    expect([asked < 50, asked, syncs, n]).to.deep.equal([true, asked, syncs, 200]);
  });

  it('10.3: connects if lock requests are never answered', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    const tabs = { locks: { request: () => new Promise(() => {}) } as unknown as LockManager, BroadcastChannel };
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1) },
      {
        clock,
        random: () => 0.9,
        WebSocket: backend.WebSocket,
        fetch: backend.fetch,
        storage: new MemoryStorage(),
        tabs,
      },
    );
    chat.connect();
    await partsLoaded();
    await clock.advance(600_000);
    const state = chat.state;
    chat.disconnect();
    expect(state).to.not.equal('connecting');
  });
});
