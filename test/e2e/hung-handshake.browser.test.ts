/** A browser opens one socket per host at a time. A hanging handshake must not block the next socket. */
import { aTimeout, expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { startBackend, type Backend } from '../support/backend.js';
import { until } from '../support/mounted.js';

describe('end to end, a hanging handshake', () => {
  let backend: Backend;
  let chat: ChatConnection;
  before(async () => {
    backend = await startBackend();
  });
  after(() => backend.end());
  afterEach(async () => {
    chat.disconnect();
    await backend.proxy.heal();
  });

  for (const [what, change] of [
    ['another token', async () => chat.configure({ token: await backend.token(1, 600) })],
    [
      'suspended and resumed',
      async () => [new Event('pagehide'), new Event('pageshow')].forEach((event) => window.dispatchEvent(event)),
    ],
    ['disconnected and connected', async () => [chat.disconnect(), chat.connect()]],
  ] as const) {
    it(`10.7: ${what}: the next socket opens at once`, async () => {
      chat = new ChatConnection({ url: backend.url, token: await backend.token(1), share: false });
      chat.openRoom(1);
      chat.connect();
      // State changes are recorded from here on.
      await until(() => chat.state === 'connected');
      const hang = await backend.proxy.rule({ on: 'handshake', do: 'hang', times: 1 });
      await backend.cut();
      while ((await backend.proxy.timesApplied(hang)) === 0) await aTimeout(20);
      const from = performance.now();
      await change();
      await until(() => chat.state === 'connected');
      expect(performance.now() - from).to.be.below(4_000);
    });
  }
});
