import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

describe('10.25: the old token expires while the new one is in flight on the same socket', () => {
  for (const way of [
    'property token',
    'tokenProvider with one good token',
    'closed without a token error, 1006',
  ] as const) {
    it(`${way}: the new one is tried`, async () => {
      const clock = new FakeClock();
      const backend = new FakeBackend(clock);
      backend.capabilities = ['idempotent_send', 'ack', 'user_channel', 'token_refresh'];
      const [old, good] = [tokenOf(1, { jti: 'old' }), tokenOf(1, { jti: 'good' })];
      let present = old;
      let asked = 0;
      const chat = new ChatConnection(
        {
          url: 'https://chat.example',
          ...(way.startsWith('tokenProvider') ? { tokenProvider: async () => (asked++, present) } : { token: old }),
        },
        {
          clock,
          random: () => 0.5,
          WebSocket: backend.WebSocket,
          fetch: backend.fetch,
          storage: new MemoryStorage(),
          tabs: {},
        },
      );
      chat.openRoom(1);
      chat.connect();
      await partsLoaded();
      await clock.advance(31_000);
      expect(chat.state).to.equal('connected');
      present = good;
      backend.rejectedTokens.add(old);
      const [socket] = backend.open;
      if (way.startsWith('tokenProvider')) socket!.receive({ type: 'token_expiring', in_s: 1 });
      else chat.configure({ token: good });
      await settle();
      expect(socket!.sent.at(-1)).to.deep.equal({ type: 'authenticate', token: good });
      // The server's timer for the old token fired before that frame arrived.
      socket!.drop(way.endsWith('1006') ? 1006 : 4001, 'token expired');
      await clock.advance(120_000);
      const result = [chat.state, chat.reason.code, asked];
      chat.disconnect();
      expect(result.slice(0, 2)).to.deep.equal(['connected', 'connected']);
    });
  }
});
