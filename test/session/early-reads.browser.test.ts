import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { connected, scene } from '../support/connected.js';
import { FakeBackend, json, room, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

const userOfToken = (t: string): number =>
  t.includes('.') ? (JSON.parse(atob(t.split('.')[1]!)) as { user_id: number }).user_id : Number(/\d/.exec(t)![0]);

describe('reads before the greeting, and a window far from the end', () => {
  it('connects as Ben if the page sets the new token first and `user` a moment later', async () => {
    const { chat, clock } = await connected({ user: 'ana', token: tokenOf(1) }, (b) => void (b.userOf = userOfToken));
    chat.configure({ token: tokenOf(2) });
    await clock.advance(1000);
    chat.configure({ user: 'ben' });
    await clock.advance(10_000);
    chat.retryNow();
    await clock.advance(10_000);
    const got = [chat.state, chat.reason.code, chat.user?.id];
    chat.disconnect();
    expect(got).to.deep.equal(['connected', 'connected', 2]);
  });

  it('reports a message that arrives between the early page and the greeting once and in order (full, baseline)', async () => {
    for (const kind of ['full', 'baseline']) {
      const { chat, backend, clock } = scene({}, (b) => {
        if (kind === 'baseline') b.capabilities = [];
        b.onSocket = 'hang';
        b.store(1, 2, 'before');
      });
      const reported: string[] = [];
      chat.on('chat-message', ({ message }) => reported.push(message.content));
      chat.openRoom(1);
      chat.connect();
      await partsLoaded();
      await clock.advance(100);
      const m = backend.store(1, 2, 'between');
      backend.rooms = [room(1, 'Ana & Ben', { unread_count: 1, last_message: m }), room(2, 'General')];
      backend.socket.accept();
      backend.socket.receive(backend.greeting(1));
      backend.socket.receive({ type: 'new_message', room_id: 1, message: m });
      const n = backend.store(1, 2, 'after');
      backend.rooms = [room(1, 'Ana & Ben', { unread_count: 2, last_message: n }), room(2, 'General')];
      backend.socket.receive({ type: 'new_message', room_id: 1, message: n });
      await clock.advance(120_000);
      const got = [kind, chat.messages(1).map((x) => x.content), reported, chat.rooms[0]!.unread_count];
      chat.disconnect();
      expect(got).to.deep.equal([kind, ['before', 'between', 'after'], ['between', 'after'], 2]);
    }
  });

  it('a slow first page does not undo later changes (a deletion in between)', async () => {
    const { chat, backend, clock } = scene({}, (b) => {
      b.onSocket = 'hang';
      b.store(1, 2, 'one');
      b.store(1, 2, 'two');
    });
    let release!: () => void;
    const gate = new Promise<void>((r) => (release = r));
    let first = true;
    backend.onRequest = (_m, path) => {
      if (!path.startsWith('rooms/1/messages/') || !first) return undefined;
      first = false;
      const body = JSON.stringify({ messages: [...backend.messages], has_more: false, count: 2 });
      const response = json({});
      response.text = async () => (await gate, body);
      return response;
    };
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(100);
    backend.socket.accept();
    backend.socket.receive(backend.greeting(1));
    await clock.advance(100);
    backend.messages.splice(0, 1);
    backend.socket.receive({ type: 'message_deleted', room_id: 1, message_id: 1 });
    await clock.advance(100);
    release();
    await clock.advance(10_000);
    const got = [chat.state, chat.messages(1).map((x) => x.content)];
    chat.disconnect();
    expect(got).to.deep.equal(['connected', ['two']]);
  });

  it('an early read with a rejected token requests one new token', async () => {
    let asked = 0;
    const { chat, backend, clock } = scene({
      token: tokenOf(1, { n: 1 }),
      tokenProvider: async () => (asked++, tokenOf(1, { n: 2 })),
    });
    backend.rejectedTokens.add(tokenOf(1, { n: 1 }));
    for (let r = 1; r <= 3; r++) chat.openRoom(r);
    chat.connect();
    await partsLoaded();
    await clock.advance(30_000);
    const got = [chat.state, asked, backend.sockets.length < 5];
    chat.disconnect();
    expect(got).to.deep.equal(['connected', 1, true]);
  });

  it('two tabs with permanently different users request tokens rarely', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.userOf = userOfToken;
    const browser = new FakeBrowser();
    let asked = 0;
    const make = (u: number): ChatConnection =>
      new ChatConnection(
        { url: 'https://chat.example', tokenProvider: async () => (asked++, tokenOf(u)) },
        {
          clock,
          random: () => 0.5,
          WebSocket: backend.WebSocket,
          fetch: backend.fetch,
          storage: new MemoryStorage(),
          tabs: browser.tab(),
        },
      );
    const chats = [make(1), make(2)];
    for (const c of chats) c.connect();
    await partsLoaded();
    await clock.advance(3_600_000);
    const before = asked;
    await clock.advance(600_000);
    for (const c of chats) c.disconnect();
    expect(asked - before).to.be.below(3);
  });

  it('messages sent while the window is far from the end appear once after jumping to the end, and are kept on failure', async () => {
    const { chat, backend, clock } = await connected({}, (b) => {
      for (let i = 0; i < 4000; i++) b.store(1, 2, `old ${i}`);
    });
    chat.openRoom(1);
    await clock.advance(100);
    chat.setAway(1, true);
    for (let i = 0; i < 45; i++) await Promise.all([chat.loadOlder(1), settle()]);
    backend.onSocket = 'refuse';
    backend.onRequest = (m) => (m === 'POST' ? json({ detail: 'No.' }, 400) : undefined);
    backend.socket.drop();
    chat.sendChatMessage(1, 'refused one').catch(() => {});
    await clock.advance(20_000);
    backend.onRequest = () => undefined;
    backend.onSocket = 'greet';
    chat.sendChatMessage(1, 'good one').catch(() => {});
    await clock.advance(60_000);
    await Promise.all([chat.loadNewest(1), settle()]);
    await clock.advance(1000);
    const tail = chat
      .messages(1)
      .filter((m) => !m.content.startsWith('old'))
      .map((m) => `${m.content} ${m.delivery}`);
    chat.disconnect();
    expect(tail.sort()).to.deep.equal(['good one sent', 'refused one failed']);
  });

  it('retrying a rejected message while its room is scrolled up shows it once', async () => {
    const { chat, backend, clock } = await connected();
    chat.openRoom(1);
    await clock.advance(0);
    backend.onSocket = 'refuse';
    backend.socket.drop();
    backend.onRequest = (m) => (m === 'POST' ? json({ detail: 'No.' }, 400) : undefined);
    chat.sendChatMessage(1, 'a').catch(() => {});
    await clock.advance(20_000);
    const { localId } = chat.messages(1)[0]!;
    backend.onRequest = () => undefined;
    chat.retry(localId!).catch(() => {});
    chat.discard(localId!);
    await clock.advance(20_000);
    const got = [backend.messages.length, chat.messages(1).length];
    chat.disconnect();
    expect(got[0]).to.equal(got[1]);
  });
});
