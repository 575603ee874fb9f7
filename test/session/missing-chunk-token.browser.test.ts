/** A separate file, because a loaded chunk stays loaded for the lifetime of the page. */
import { aTimeout, expect } from '@open-wc/testing';
import { http, HttpResponse } from 'msw';
import { setupWorker } from 'msw/browser';
import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryStorage } from '../support/memory-storage.js';

describe('a chunk that cannot be loaded', () => {
  const worker = setupWorker();
  before(() =>
    worker.start({ quiet: true, onUnhandledRequest: 'bypass', serviceWorker: { url: '/mockServiceWorker.js' } }),
  );
  after(() => worker.stop());

  it('10.8: an expired token meanwhile does not sign the user out permanently', async () => {
    worker.use(
      ...['ts', 'js'].map((ending) => http.get(`*/src/session/deferred.${ending}`, () => HttpResponse.error())),
    );
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.rejectedTokens.add(tokenOf(1, { n: 1 }));
    let asked = 0;
    const chat = new ChatConnection(
      {
        url: 'https://chat.example',
        token: tokenOf(1, { n: 1 }),
        tokenProvider: async () => (asked++, tokenOf(1, { n: 2 })),
      },
      {
        clock,
        random: () => 0.9,
        storage: new MemoryStorage(),
        WebSocket: backend.WebSocket,
        fetch: backend.fetch,
        tabs: {},
      },
    );
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
    expect([first.startsWith('unauthorized'), second, asked > 0]).to.deep.equal(
      [false, 'connected connected', true],
      first,
    );
  });
});
