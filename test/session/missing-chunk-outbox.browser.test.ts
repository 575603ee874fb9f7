/** A separate file, because a loaded chunk stays loaded for the lifetime of the page. */
import { aTimeout, expect } from '@open-wc/testing';
import { http, HttpResponse } from 'msw';
import { setupWorker } from 'msw/browser';
import { loadDeferred } from '../../src/session/load-deferred.js';
import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { until } from '../support/mounted.js';

const SCOPE = 'https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1';

describe('a chunk that cannot be loaded', () => {
  const worker = setupWorker();
  before(() =>
    worker.start({ quiet: true, onUnhandledRequest: 'bypass', serviceWorker: { url: '/mockServiceWorker.js' } }),
  );
  after(() => worker.stop());

  it('10.11: pending messages are sent when a chunk becomes available after connecting', async () => {
    worker.use(
      ...['ts', 'js'].map((ending) => http.get(`*/src/session/deferred.${ending}`, () => HttpResponse.error())),
    );
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    const storage = new MemoryStorage();
    storage.messages.set('temp_0', {
      scope: SCOPE,
      message: { localId: 'temp_0', roomId: 1, content: 'from before', at: clock.now(), idempotent: true },
    });
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1) },
      { clock, random: () => 0.9, storage, WebSocket: backend.WebSocket, fetch: backend.fetch, tabs: {} },
    );
    chat.openRoom(1);
    chat.connect();
    await until(() => chat.state === 'connected');
    await aTimeout(300);
    worker.resetHandlers(); // chunks are reachable again
    chat.sendChatMessage(1, 'now').catch(() => {});
    for (let i = 0; i < 60; i++) {
      await clock.advance(10_000);
      await aTimeout(20);
    }
    await loadDeferred(); // the chunk is available
    await clock.advance(600_000);
    expect([chat.state, backend.messages.map((m) => m.content), chat.messages(1).map((m) => m.delivery)]).to.deep.equal(
      ['connected', ['from before', 'now'], ['sent', 'sent']],
    );
    chat.disconnect();
  });
});
