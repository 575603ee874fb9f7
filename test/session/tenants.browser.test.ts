import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { connected, scene } from '../support/connected.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

describe('another tenant', () => {
  it('opaque token: a message written for tenant A before its greeting is not sent to tenant B', async () => {
    const { chat, backend, clock } = scene({ token: 'opaque', apiPath: '/a/api/', wsPath: '/a/ws/' }, (b) => {
      b.onSocket = 'hang';
      b.onRequest = (_m, path) => (path.includes('/a/') ? 'hang' : undefined);
    });
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(100);
    chat.sendChatMessage(1, 'for tenant A').catch(() => {});
    chat.saveDraft(2, 'draft for tenant A');
    await clock.advance(1000);
    backend.onSocket = 'greet';
    chat.configure({ apiPath: '/api/chat/', wsPath: '/ws/chat/' });
    await clock.advance(60_000);
    const got = [
      chat.state,
      backend.messages.map((m) => m.content),
      chat.messages(1).map((m) => m.content),
      await chat.draft(2),
    ];
    chat.disconnect();
    expect(got).to.deep.equal(['connected', [], [], '']);
  });

  it('JWT: pending answers of tenant A (list, page) never appear in tenant B', async () => {
    const { chat, backend, clock } = scene(
      { token: tokenOf(1), url: 'https://a.example' },
      (b) => void (b.onSocket = 'hang'),
    );
    let release!: () => void;
    const gate = new Promise<void>((r) => (release = r));
    backend.onRequest = (_m, path) => {
      const body =
        path === 'rooms/'
          ? backend.rooms
          : {
              messages: [
                {
                  id: 9,
                  room: 1,
                  sender: { id: 2, username: 'x' },
                  content: 'secret of A',
                  timestamp: '2026-11-23T10:00:00Z',
                  message_type: 'text',
                },
              ],
              has_more: false,
              count: 1,
            };
      const response = json({});
      response.text = async () => (await gate, JSON.stringify(body));
      return response;
    };
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(10);
    backend.onRequest = (_m, path) => (path === 'rooms/' ? json([]) : undefined);
    chat.configure({ url: 'https://b.example' });
    release();
    await clock.advance(5000);
    const got = [chat.rooms.length, chat.messages(1).map((m) => m.content)];
    chat.disconnect();
    expect(got).to.deep.equal([0, []]);
  });

  it('a reader of a room when the user changes: unread counts of the next user are still cleared', async () => {
    const { chat, backend, clock } = await connected({ token: 'opaque-1' }, (b) => (b.userOf = () => 1));
    chat.openRoom(1);
    chat.setViewing(1, true);
    await clock.advance(1000);
    chat.configure({ token: 'opaque-2' });
    await clock.advance(10_000);
    backend.sendAs(1, 2, 'hello');
    await clock.advance(5000);
    const room1 = chat.rooms.find((r) => r.id === 1)!;
    const got = [chat.state, room1.unread_count, backend.socket.sent.some((f) => f.type === 'mark_read')];
    chat.disconnect();
    expect(got).to.deep.equal(['connected', 0, true]);
  });

  it('storage that hangs on load: connected, and messages are sent in order', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    const storage = new MemoryStorage();
    storage.load = () => new Promise((r) => clock.after(2000, () => r([])));
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1) },
      { clock, random: () => 0.5, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs: {} },
    );
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    const all = ['1', '2', '3'].map((c) => chat.sendChatMessage(1, c));
    await clock.advance(10_000);
    await Promise.all(all);
    const got = backend.messages.map((m) => m.content);
    chat.disconnect();
    expect(got).to.deep.equal(['1', '2', '3']);
  });

  it('a message discarded while it is restored (device asleep) is not sent after connecting', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.onSocket = 'refuse';
    backend.onRequest = () => new TypeError('Failed to fetch');
    const storage = new MemoryStorage();
    const scope = 'https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1';
    storage.messages.set('temp_0', {
      scope,
      message: { localId: 'temp_0', roomId: 1, content: 'old', at: clock.now(), idempotent: true },
    });
    let chain: Promise<void> = Promise.resolve();
    storage.latency = () => (chain = chain.then(() => new Promise<void>((r) => clock.after(700, r))));
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1) },
      { clock, random: () => 0.5, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs: {} },
    );
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(750); // shown by `open`, and loaded again by `lead`
    const shown = chat.messages(1).map((m) => m.localId);
    for (const id of shown) chat.discard(id!);
    backend.onSocket = 'greet';
    backend.onRequest = () => undefined;
    await clock.advance(120_000);
    const got = [shown.length, backend.messages.length, chat.messages(1).length];
    chat.disconnect();
    expect(got).to.deep.equal([1, 0, 0]);
  });
});
