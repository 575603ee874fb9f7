/** A separate file, because a loaded chunk stays loaded for the lifetime of the page. */
import { aTimeout, expect } from '@open-wc/testing';
import { http, HttpResponse } from 'msw';
import { setupWorker } from 'msw/browser';
import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryStorage } from '../support/memory-storage.js';

describe('a chunk that cannot be loaded', () => {
  const worker = setupWorker();
  before(() =>
    worker.start({ quiet: true, onUnhandledRequest: 'bypass', serviceWorker: { url: '/mockServiceWorker.js' } }),
  );
  after(() => worker.stop());

  it('10.10: a message confirmed while the second page loads stays in the thread', async () => {
    worker.use(
      ...['ts', 'js'].flatMap((ending) => [
        http.get(`*/src/session/deferred.${ending}`, () => HttpResponse.error()),
        http.get(`*/src/client/deferred.${ending}`, () => HttpResponse.error()),
      ]),
    );
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.echo = 'ack';
    backend.store(1, 2, 'first');
    let release!: () => void;
    const gate = new Promise<void>((r) => (release = r));
    let n = 0;
    backend.onRequest = (_m, path) => {
      if (!path.startsWith('rooms/1/messages/') || n++ === 0) return undefined;
      const body = JSON.stringify({ messages: [...backend.messages], has_more: false, count: 1 });
      const response = json({});
      response.text = async () => (await gate, body);
      return response;
    };
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1) },
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
    await clock.advance(0);
    await aTimeout(100);
    await clock.advance(0);
    const sent = chat.sendChatMessage(1, 'mine');
    await clock.advance(10);
    await aTimeout(50);
    await clock.advance(10);
    const { message } = await sent;
    const before = chat.messages(1).map((m) => m.content);
    release();
    await clock.advance(10);
    await aTimeout(100);
    await clock.advance(10);
    const after = chat.messages(1).map((m) => m.content);
    chat.disconnect();
    expect([message.delivery, n, before, after]).to.deep.equal(['sent', 2, ['first', 'mine'], ['first', 'mine']]);
  });
});
