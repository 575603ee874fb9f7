import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

describe('another tab signs in as another user', () => {
  for (const kind of ['503 once', 'network once', 'hang once', 'provider throws once', 'nothing']) {
    it(`10.43: and the token request of the first tab fails (${kind}): it is repeated`, async () => {
      const clock = new FakeClock();
      const backend = new FakeBackend(clock);
      backend.userOf = (token) => (JSON.parse(atob(token.split('.')[1]!)) as { user_id: number }).user_id;
      const browser = new FakeBrowser();
      const storage = new MemoryStorage();
      let session = 1;
      let fail = 0;
      const make = (isFirst: boolean): ChatConnection =>
        new ChatConnection(
          {
            url: 'https://chat.example',
            ...(kind.startsWith('provider')
              ? {
                  tokenProvider: async () => {
                    if (isFirst && fail-- > 0) throw new Error('x');
                    return tokenOf(session);
                  },
                }
              : { tokenUrl: 'https://site.example/chat-token/' }),
            ...(!isFirst && { user: '1' }),
          },
          {
            clock,
            random: () => 0.5,
            WebSocket: backend.WebSocket,
            fetch: async (input, init) => {
              if (!String(input).includes('chat-token')) return backend.fetch(input, init);
              if (isFirst && fail-- > 0) {
                if (kind.startsWith('503')) return json({}, 503);
                if (kind.startsWith('hang'))
                  await new Promise((_, reject) =>
                    init?.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))),
                  );
                throw new TypeError('Failed to fetch');
              }
              return json({ token: tokenOf(session) });
            },
            storage,
            tabs: browser.tab(),
          },
        );
      const [one, two] = [make(true), make(false)];
      for (const chat of [one, two]) {
        chat.openRoom(1);
        chat.connect();
        await partsLoaded();
        await clock.advance(3_000);
      }
      expect([one.user?.id, two.user?.id]).to.deep.equal([1, 1]);
      session = 2;
      fail = kind === 'nothing' ? 0 : 1;
      two.configure({ user: '2' });
      await clock.advance(300_000);
      const users = [one.user?.id, two.user?.id, one.state, two.state];
      for (const chat of [one, two]) chat.disconnect();
      expect(users).to.deep.equal([2, 2, 'connected', 'connected']);
    });
  }
});
