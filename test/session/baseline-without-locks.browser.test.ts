import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { connected, scene } from '../support/connected.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

describe('failing baseline backends, and tabs without locks', () => {
  for (const kind of ['live', 'restored'] as const)
    it(`two tabs without Web Locks (http://, with BroadcastChannel) send each message once to a baseline backend (${kind})`, async () => {
      const clock = new FakeClock();
      const backend = new FakeBackend(clock);
      backend.capabilities = [];
      backend.onSocket = 'refuse';
      const browser = new FakeBrowser();
      const storage = new MemoryStorage();
      const fetch = backend.fetch;
      // a POST takes half a second to be stored, as on a mobile network
      const slow: typeof globalThis.fetch = async (input, init) => {
        if (init?.method === 'POST') await new Promise<void>((r) => clock.after(500, r));
        return fetch(input, init);
      };
      const chats = [0, 1].map(() => {
        const { BroadcastChannel } = browser.tab();
        return new ChatConnection(
          { url: 'https://chat.example', token: tokenOf(1) },
          { clock, random: () => 0.5, WebSocket: backend.WebSocket, fetch: slow, storage, tabs: { BroadcastChannel } },
        );
      }) as [ChatConnection, ChatConnection];
      if (kind === 'restored') backend.onRequest = () => new TypeError('Failed to fetch');
      for (const c of chats) {
        c.openRoom(1);
        c.connect();
        await partsLoaded();
        await clock.advance(100);
      }
      await clock.advance(20_000);
      chats[0].sendChatMessage(1, 'once, please').catch(() => {});
      await clock.advance(20_000);
      backend.onRequest = () => undefined;
      await clock.advance(120_000);
      const n = backend.messages.length;
      for (const c of chats) c.disconnect();
      expect(n).to.equal(1);
    });

  it('a POST of an unknown user without a message in the response is not stored repeatedly', async () => {
    const { chat, backend, clock } = scene({ token: 'opaque' }, (b) => {
      b.capabilities = [];
      b.onSocket = 'refuse';
    });
    backend.onRequest = (m) => {
      if (m !== 'POST') return undefined;
      backend.store(1, 1, 'hello');
      return json({ status: 'ok' }, 201);
    };
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(5_000);
    chat.sendChatMessage(1, 'hello').catch(() => {});
    await clock.advance(600_000);
    const n = backend.messages.length;
    chat.disconnect();
    expect(n).to.be.at.most(1);
  });

  it('without locks, a message discarded in one tab is not sent by another', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.onSocket = 'refuse';
    backend.onRequest = () => new TypeError('Failed to fetch');
    const browser = new FakeBrowser();
    const storage = new MemoryStorage();
    const chats = [0, 1].map(
      () =>
        new ChatConnection(
          { url: 'https://chat.example', token: tokenOf(1) },
          {
            clock,
            random: () => 0.5,
            WebSocket: backend.WebSocket,
            fetch: backend.fetch,
            storage,
            tabs: { BroadcastChannel: browser.tab().BroadcastChannel },
          },
        ),
    ) as [ChatConnection, ChatConnection];
    for (const c of chats) {
      c.openRoom(1);
      c.connect();
    }
    await partsLoaded();
    await clock.advance(1000);
    chats[0].sendChatMessage(1, 'given up').catch(() => {});
    await clock.advance(1000);
    chats[0].discard(chats[0].messages(1)[0]!.localId!);
    await settle();
    backend.onRequest = () => undefined;
    await clock.advance(120_000);
    const n = backend.messages.length;
    for (const c of chats) c.disconnect();
    expect(n).to.equal(0);
  });

  it('connects without a tight loop if the room list always fails (500) but the socket works', async () => {
    const { chat, backend, clock } = await connected(
      {},
      (b) => void (b.onRequest = (_m, path) => (path.startsWith('rooms/1/') ? json({ detail: 'x' }, 500) : undefined)),
    );
    chat.openRoom(1);
    chat.openRoom(2);
    await clock.advance(600_000);
    backend.socket.drop();
    await clock.advance(600_000);
    const got = [chat.state, chat.reason.code, backend.requests.length < 400];
    const n = backend.requests.length;
    chat.disconnect();
    expect(got[2], `${n} ${got.join()}`).to.equal(true);
  });

  it('reads other rooms and sends messages if one open room always answers 500', async () => {
    const { chat, backend, clock } = await connected({}, (b) => {
      b.capabilities = [];
      b.onRequest = (_m, path) => (path.startsWith('rooms/1/messages') ? json({ detail: 'x' }, 500) : undefined);
    });
    chat.openRoom(1);
    chat.openRoom(2);
    backend.socket.drop();
    await clock.advance(60_000);
    chat.sendChatMessage(2, 'hello').catch(() => {});
    await clock.advance(60_000);
    const got = [backend.messages.length, chat.messages(2).map((m) => m.delivery), chat.state, chat.reason.code];
    chat.disconnect();
    expect(got.slice(0, 2)).to.deep.equal([1, ['sent']], JSON.stringify(got));
  });
});
