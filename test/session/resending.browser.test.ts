/** Retries, and the cases in which they must not happen. */
import { expect } from '@open-wc/testing';
import { textSimilarity } from '../../src/session/outbox/text-similarity.js';
import { ChatConnection, type ConnectionConfig } from '../../src/client/index.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

const WEEKEND_MS = 64 * 3_600_000;

describe('resending', () => {
  let clock: FakeClock;
  let backend: FakeBackend;
  let storage: MemoryStorage;
  let open: ChatConnection[];
  beforeEach(() => {
    clock = new FakeClock();
    backend = new FakeBackend(clock);
    storage = new MemoryStorage();
    open = [];
  });
  afterEach(() => {
    for (const chat of open) chat.disconnect();
    expect(clock.pending).to.equal(0);
  });

  async function connect(config: ConnectionConfig = {}, browser?: FakeBrowser): Promise<ChatConnection> {
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1), ...config },
      {
        clock,
        random: () => 0.5,
        WebSocket: backend.WebSocket,
        fetch: backend.fetch,
        storage,
        tabs: browser?.tab() ?? {},
      },
    );
    open.push(chat);
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(1_000);
    return chat;
  }
  const stored = (): string[] => backend.messages.map(({ content }) => content);
  const own = (chat: ChatConnection): string[] =>
    chat.messages(1).map(({ content, delivery, error }) => `${delivery} ${content}${error ? ` (${error.code})` : ''}`);
  const down = (): void => {
    backend.onSocket = 'refuse';
    backend.onRequest = () => new TypeError('Failed to fetch');
    for (const socket of backend.open) socket.drop(1006);
  };
  const up = (): void => {
    backend.onSocket = 'greet';
    backend.onRequest = () => undefined;
  };

  for (const wasStored of [true, false]) {
    it(`10.15: a message sent on Friday is searched for on Monday before it is resent; ${wasStored ? 'it is found' : 'it is not found, and the author is asked'}`, async () => {
      const before = await connect();
      backend.stores = wasStored;
      backend.echo = 'none';
      before.sendChatMessage(1, 'see you tonight').catch(() => {});
      await settle();
      down();
      before.disconnect();
      clock.sleep(WEEKEND_MS);
      // The backend has forgotten the id by now.
      for (const message of backend.messages) delete message._tempId;
      up();
      backend.stores = true;
      backend.echo = 'both';
      const after = await connect();
      await clock.advance(20_000);
      expect(stored()).to.deep.equal(wasStored ? ['see you tonight'] : []);
      expect(own(after)).to.deep.equal([wasStored ? 'sent see you tonight' : 'failed see you tonight (stale)']);
      if (wasStored) return;
      await after.retry(after.messages(1)[0]!.localId!);
      expect(stored()).to.deep.equal(['see you tonight']);
    });
  }

  it('10.15: a message that was never sent and is a day old needs confirmation by the author; discarding removes it', async () => {
    const chat = await connect();
    down();
    await settle();
    backend.onSocket = 'hang';
    chat.sendChatMessage(1, 'lunch?').catch(() => {});
    await clock.advance(1_000);
    clock.sleep(WEEKEND_MS);
    up();
    await clock.advance(90_000);
    expect([stored(), own(chat)]).to.deep.equal([[], ['failed lunch? (stale)']]);
    chat.discard(chat.messages(1)[0]!.localId!);
    await clock.advance(10_000);
    expect([stored(), own(chat)]).to.deep.equal([[], []]);
  });

  for (const [what, sent, kept] of [
    ['escapes HTML', 'is 1 < 2 && "so"?', 'is 1 &lt; 2 &amp;&amp; &quot;so&quot;?'],
    ['masks a word', 'this is a damn long sentence about nothing', 'this is a d**n long sentence about nothing'],
    ['collapses whitespace', 'two  spaces,\n\nand lines', 'two spaces, and lines'],
    ['normalises Unicode', 'Cafe\u0301 at noon', 'Café at noon'],
    ['strips tags', 'a <b>bold</b> claim', 'a bold claim'],
  ] as const) {
    it(`10.16: a backend without temporary ids that ${what} stores the message once`, async () => {
      backend.capabilities = [];
      const chat = await connect();
      backend.echo = 'none';
      const { store } = backend;
      backend.store = (room, sender, content, tempId) =>
        store.call(backend, room, sender, content === sent.trim() ? kept : content, tempId);
      chat.sendChatMessage(1, sent).catch(() => {});
      await clock.advance(40_000);
      expect(stored()).to.deep.equal([kept]);
      expect(own(chat)).to.deep.equal([`sent ${kept}`]);
    });
  }

  it('10.16: another own message from a phone is not mistaken for it; in doubt the author is asked', async () => {
    backend.capabilities = [];
    const chat = await connect();
    backend.echo = 'none';
    backend.stores = false;
    chat.sendChatMessage(1, 'I will be there at 10 tomorrow').catch(() => {});
    await settle();
    backend.stores = true;
    // Similar by more than 80 %, and a different one.
    backend.sendAs(1, 1, 'I will be there at 11 tomorrow');
    backend.sendAs(1, 1, 'Bring the keys');
    await clock.advance(40_000);
    expect(own(chat)).to.include('failed I will be there at 10 tomorrow (maybe_sent)');
    expect(stored()).to.have.length(2);
    chat.retry(chat.messages(1).find(({ delivery }) => delivery === 'failed')!.localId!).catch(() => {});
    await clock.advance(20_000);
    expect(stored().at(-1)).to.equal('I will be there at 10 tomorrow');
    expect(stored()).to.have.length(3);
  });

  it('10.16: texts are compared in linear time', () => {
    const long = 'a b'.repeat(2_000_000);
    const from = performance.now();
    textSimilarity(long, `${long}c`);
    textSimilarity('<'.repeat(100_000), '&'.repeat(100_000));
    expect(performance.now() - from).to.be.below(1_000);
    expect(textSimilarity('ok', 'ok')).to.equal('same');
    expect(textSimilarity('ok', 'no')).to.equal('different');
    expect(textSimilarity('See you at 5', 'See you at 6')).to.equal('unsure');
    expect(textSimilarity('&#99999999;', '&#99999999;')).to.equal('same');
  });

  it('10.19: a tab that is no longer the sender stops sending', async () => {
    const browser = new FakeBrowser();
    const chat = await connect({}, browser);
    await clock.advance(1_000);
    backend.onSocket = 'refuse';
    backend.onRequest = (method) => (method === 'POST' ? 'hang' : undefined);
    for (const socket of backend.open) socket.drop(1006);
    for (const words of ['one', 'two']) chat.sendChatMessage(1, words).catch(() => {});
    await clock.advance(2_000);
    const posts = (): number => backend.requests.filter(({ method }) => method === 'POST').length;
    const before = posts();
    // Another tab takes over, because this one does not answer.
    const scope = 'https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1';
    let release = (): void => {};
    void browser
      .tab()
      .locks.request(
        `unified-chat/3 outbox ${scope}`,
        { steal: true },
        () => new Promise<void>((go) => (release = go)),
      );
    await settle();
    backend.onRequest = () => undefined;
    await clock.advance(30_000);
    expect(posts() - before).to.equal(0);
    release();
    await clock.advance(30_000);
    expect(stored()).to.deep.equal(['one', 'two']);
  });

  it('10.19: a message discarded while storage is read is not sent', async () => {
    down();
    const before = await connect();
    before.sendChatMessage(1, 'never mind').catch(() => {});
    await clock.advance(2_000);
    storage.latency = () => new Promise((resolve) => clock.after(300, resolve));
    before.disconnect();
    before.connect();
    before.discard(before.messages(1)[0]!.localId!);
    up();
    await clock.advance(30_000);
    expect([stored(), own(before)]).to.deep.equal([[], []]);
  });

  it('10.19: a follower keeps its own estimate of the server clock', async () => {
    const browser = new FakeBrowser();
    backend.greeting = () => ({
      type: 'connection_established',
      user_id: 1,
      username: 'ana',
      protocol: 1,
      capabilities: backend.capabilities,
      timestamp: new Date(started).toISOString(),
    });
    const started = clock.now();
    await connect({}, browser);
    await clock.advance(3_600_000);
    let asked = 0;
    const exp = (clock.now() + 600_000) / 1_000;
    const second = await connect(
      {
        token: tokenOf(1, { exp, iat: exp - 600 }),
        tokenProvider: async () => (asked++, tokenOf(1, { exp: exp + 3_600, iat: exp })),
      },
      browser,
    );
    await clock.advance(500_000);
    expect([second.state, asked], 'by an old greeting, the token would be valid for another hour').to.deep.equal([
      'connected',
      0,
    ]);
    await clock.advance(100_000);
    expect(asked).to.equal(1);
  });

  it('a message rejected by REST has the reason, and stays with its author', async () => {
    backend.onSocket = 'refuse';
    backend.onRequest = (method) => (method === 'POST' ? json({ detail: 'Not here.' }, 403) : undefined);
    const chat = await connect();
    chat.sendChatMessage(1, 'no').catch(() => {});
    await clock.advance(5_000);
    expect(own(chat)).to.deep.equal(['failed no (forbidden)']);
  });
});
