/** A separate file, because a loaded chunk stays loaded for the lifetime of the page. */
import { expect } from '@open-wc/testing';
import { http, HttpResponse } from 'msw';
import { setupWorker } from 'msw/browser';
import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { until } from '../support/mounted.js';

describe('chunks that cannot be loaded', () => {
  const worker = setupWorker();
  before(() =>
    worker.start({ quiet: true, onUnhandledRequest: 'bypass', serviceWorker: { url: '/mockServiceWorker.js' } }),
  );
  after(() => worker.stop());

  it('are reported, cause no losses, and are loaded when available', async () => {
    worker.use(
      ...['ts', 'js'].map((ending) => http.get(`*/src/session/deferred.${ending}`, () => HttpResponse.error())),
    );
    const backend = new FakeBackend(new FakeClock());
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1) },
      { WebSocket: backend.WebSocket, fetch: backend.fetch, tabs: {}, timing: { pollMs: 50 } },
    );
    chat.openRoom(1);
    chat.connect();
    await until(() => chat.state === 'connected');
    backend.onSocket = 'refuse';
    backend.socket.drop(1006);
    await until(() => chat.state === 'error');
    const sending = chat.sendChatMessage(1, 'waits for a way out');
    await until(() => chat.messages(1).length === 1);
    expect(chat.messages(1)[0]!.delivery).to.equal('sending');
    expect(chat.reason.code).to.equal('server_unreachable');
    worker.resetHandlers();
    backend.onSocket = 'greet';
    await until(() => (chat.retryNow(), chat.state === 'connected'));
    expect((await sending).message.delivery).to.equal('sent');
    chat.disconnect();
  });
});
