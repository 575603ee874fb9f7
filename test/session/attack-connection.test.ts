/** What an attacker has found in the connection: each was a state that did not end, or something that was lost or done too often. */
import { aTimeout, expect } from '@open-wc/testing';
import { http, HttpResponse } from 'msw';
import { setupWorker } from 'msw/browser';
import { loadLater } from '../../src/session/load-later.js';
import { ChatConnection } from '../../src/store/index.js';
import { connected, scene } from '../support/connected.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { MemoryVault } from '../support/memory-vault.js';
import { until } from '../support/mounted.js';
import { partsLoaded } from '../support/parts.js';

const SCOPE = 'https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1';

describe('what an attacker found: the connection', () => {

  it('10.6: a proxy takes the Authorization header away, so that REST alone refuses every token: it is said, and not "connecting" for ever', async () => {
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

  it('10.6: a token that REST alone refuses, and a page that has another one each time: no storm in an hour', async () => {
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

  it('10.23: a last message that was deleted, and a backend that answers 400 to `after`: the server is not called failing', async () => {
    const { chat, backend, clock } = await connected({}, (b) => {
      b.capabilities = [];
      b.onSocket = 'refuse';
      b.store(1, 2, 'one');
      b.store(1, 2, 'two');
    });
    chat.openRoom(1);
    await clock.advance(10_000);
    expect(chat.state).to.equal('polling');
    backend.onRequest = (_m, path) => (path.includes('after=2') ? json({ detail: 'Unknown message.' }, 400) : undefined);
    backend.messages.pop();
    backend.messages.push({ ...backend.store(1, 2, 'three'), id: 3 });
    backend.messages.splice(1, 1);
    await clock.advance(12_000);
    const states = [chat.state, chat.reason.code, chat.messages(1).map((m) => m.content)];
    expect(states).to.deep.equal(['polling', 'websocket_blocked', ['one', 'three']]);
    chat.disconnect();
  });

  it('10.30: the first greeting after a time of polling does not throw away what was read meanwhile', async () => {
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

  it('10.26: Retry-After of one backend is not obeyed towards another', async () => {
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

  it('10.21: a request from before the socket that is never answered does not keep the chat from being connected', async () => {
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

  it('10.21: a request from before the socket that is never answered is waited for less than a second', async () => {
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

  it('10.25: notifications come back after their token was refused while the page could give none', async () => {
    let fails = false;
    let k = 0;
    const { chat, backend, clock } = scene({ token: '', notifications: true, tokenProvider: async () => {
      if (fails) throw new TypeError('Failed to fetch');
      return tokenOf(1, { k: k++ });
    } });
    backend.onSent = (socket, { action }) => action === 'get_unread_count' && socket.receive({ type: 'unread_count', count: 0 });
    chat.connect();
    await partsLoaded();
    await clock.advance(5_000);
    await partsLoaded();
    await clock.advance(5_000);
    const bells = () => backend.sockets.filter((s) => s.url.includes('notifications'));
    expect([chat.state, bells().length]).to.deep.equal(['connected', 1]);
    fails = true;
    bells()[0]!.drop(4001);
    await clock.advance(60_000);
    fails = false;
    await clock.advance(3_600_000);
    const got = [chat.state, bells().filter((s) => s.readyState < 2).length];
    chat.disconnect();
    expect(got).to.deep.equal(['connected', 1]);
  });

  for (const way of ['jump to the end', 'a minute passes (baseline)', 'a reconnection (baseline)'] as const) {
    it(`10.15: reading far up and ${way}: nothing old is told as new`, async function () {
      this.timeout(20_000);
      const { chat, backend, clock } = await connected({}, (b) => {
        if (way.includes('baseline')) b.capabilities = [];
        for (let i = 0; i < 5000; i++) b.store(1, 2, `old ${i}`);
      });
      const told: unknown[] = [];
      chat.on('chat-message', ({ message }) => told.push(message.id));
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
      expect(told.length).to.equal(0);
    });
  }

  describe('whose parts cannot be loaded', () => {
    const worker = setupWorker();
    before(() => worker.start({ quiet: true, onUnhandledRequest: 'bypass', serviceWorker: { url: '/mockServiceWorker.js' } }));
    after(() => worker.stop());

  it('10.16: an expired token while a part of the chat cannot be loaded is no reason to say "not signed in" for good', async () => {
    worker.use(...['ts', 'js'].map((ending) => http.get(`*/src/session/later.${ending}`, () => HttpResponse.error())));
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.refused.add(tokenOf(1, { n: 1 }));
    let asked = 0;
    const chat = new ChatConnection({ url: 'https://chat.example', token: tokenOf(1, { n: 1 }), tokenProvider: async () => (asked++, tokenOf(1, { n: 2 })) }, { clock, random: () => 0.9, vault: new MemoryVault(), WebSocket: backend.WebSocket, fetch: backend.fetch, tabs: {} });
    chat.openRoom(1);
    chat.connect();
    await aTimeout(500);
    const first = `${chat.state} ${chat.reason.code}`;
    worker.resetHandlers();
    for (let i = 0; i < 40; i++) {
      await clock.advance(10_000);
      await aTimeout(10);
    }
    window.dispatchEvent(new Event('focus'));
    await clock.advance(60_000);
    await aTimeout(100);
    await clock.advance(60_000);
    const second = `${chat.state} ${chat.reason.code}`;
    chat.disconnect();
    expect([first.startsWith('unauthorized'), second, asked > 0]).to.deep.equal([false, 'connected connected', true], first);
  });

  it('10.8: connected, and a part that could be loaded only later: what waits is sent', async () => {
    worker.use(...['ts', 'js'].map((ending) => http.get(`*/src/session/later.${ending}`, () => HttpResponse.error())));
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    const vault = new MemoryVault();
    vault.messages.set('temp_0', { scope: SCOPE, kept: { localId: 'temp_0', roomId: 1, content: 'from before', at: clock.now(), named: true } });
    const chat = new ChatConnection({ url: 'https://chat.example', token: tokenOf(1) }, { clock, random: () => 0.9, vault, WebSocket: backend.WebSocket, fetch: backend.fetch, tabs: {} });
    chat.openRoom(1);
    chat.connect();
    await until(() => chat.state === 'connected');
    await aTimeout(300);
    worker.resetHandlers(); // the network of parts is back
    chat.sendChatMessage(1, 'now').catch(() => {});
    for (let i = 0; i < 60; i++) {
      await clock.advance(10_000);
      await aTimeout(20);
    }
    await loadLater(); // it can be had
    await clock.advance(600_000);
    expect([chat.state, backend.messages.map((m) => m.content), chat.messages(1).map((m) => m.delivery)]).to.deep.equal(['connected', ['from before', 'now'], ['sent', 'sent']]);
    chat.disconnect();
  });


  });
});
