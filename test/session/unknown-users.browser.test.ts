import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { connected, scene } from '../support/connected.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { partsLoaded } from '../support/lazy-parts.js';

describe('messages of an unknown user', () => {
  it('a POST that a baseline backend always answers with 500 is not stored repeatedly', async () => {
    const { chat, backend, clock } = await connected({}, (b) => {
      b.capabilities = [];
      b.onSocket = 'refuse';
    });
    chat.openRoom(1);
    await clock.advance(20_000);
    backend.onRequest = (m) =>
      m === 'POST' ? (backend.store(1, 1, 'stored despite the 500'), json({}, 500)) : undefined;
    chat.sendChatMessage(1, 'stored despite the 500').catch(() => {});
    await clock.advance(600_000);
    const n = backend.messages.length;
    chat.disconnect();
    expect(n).to.equal(1);
  });

  it('a greeting that names another user than the JWT (user_id 1, greeting 2) counts as one user, without a loop', async () => {
    const { chat, backend, clock } = scene({}, (b) => (b.me = 2));
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(60_000);
    chat.sendChatMessage(1, 'x').catch(() => {});
    await clock.advance(10_000);
    const got = [chat.state, chat.messages(1).map((m) => m.delivery), backend.sockets.length];
    chat.disconnect();
    expect(got).to.deep.equal(['connected', ['sent'], 1]);
  });

  for (const [kind, token] of [
    ['opaque', 'opaque'],
    ['provider', ''],
  ] as const)
    it(`${kind}: a message written before the user is known, on slow storage, is removed from there once it is sent`, async () => {
      const clock = new FakeClock();
      const backend = new FakeBackend(clock);
      backend.onSocket = 'hang';
      const storage = new MemoryStorage();
      let chain: Promise<void> = Promise.resolve();
      storage.latency = () => (chain = chain.then(() => new Promise<void>((r) => clock.after(300, r))));
      let give!: (t: string) => void;
      const chat = new ChatConnection(
        {
          url: 'https://chat.example',
          token,
          ...(token ? {} : { tokenProvider: () => new Promise<string>((r) => (give = r)) }),
        },
        { clock, random: () => 0.5, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs: {} },
      );
      for (const r of [1, 2, 3]) chat.openRoom(r);
      chat.connect();
      await partsLoaded();
      await clock.advance(10);
      const sent = [1, 2, 3].map((r) => chat.sendChatMessage(r, `to ${r}`));
      await clock.advance(10);
      if (token) {
        backend.onSocket = 'greet';
        backend.socket.accept();
        backend.socket.receive(backend.greeting(1));
      } else {
        backend.onSocket = 'greet';
        give(tokenOf(1));
      }
      await clock.advance(60_000);
      await Promise.all(sent);
      const left = [...storage.messages.values()].map(({ message }) => message.content);
      chat.disconnect();
      expect(left).to.deep.equal([]);
    });
});
