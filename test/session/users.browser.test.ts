/** Ownership of messages, drafts and threads, by user and backend. */
import { expect } from '@open-wc/testing';
import { ChatConnection, type ConnectionConfig } from '../../src/client/index.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

const ANA = tokenOf(1);
const ANA_AGAIN = tokenOf(1, { jti: 'again' });
const BEN = tokenOf(2);

describe('users and backends', () => {
  let clock: FakeClock;
  let backend: FakeBackend;
  let storage: MemoryStorage;
  let open: ChatConnection[];
  beforeEach(() => {
    clock = new FakeClock();
    backend = new FakeBackend(clock);
    storage = new MemoryStorage();
    open = [];
    backend.userOf = (token) => (token === BEN || token.startsWith('ben') ? 2 : 1);
  });
  afterEach(() => {
    for (const chat of open) chat.disconnect();
    expect(clock.pending, 'timers').to.equal(0);
  });

  async function chatWith(config: ConnectionConfig, browser?: FakeBrowser): Promise<ChatConnection> {
    const chat = new ChatConnection(
      { url: 'https://chat.example', ...config },
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
    await clock.advance(0);
    return chat;
  }
  const write = (chat: ChatConnection, content: string): void => void chat.sendChatMessage(1, content).catch(() => {});
  const stored = (): string[] => backend.messages.map(({ content, sender }) => `${sender.id} ${content}`);
  const shown = (chat: ChatConnection): string[] => chat.messages(1).map(({ content }) => content);
  const noPosts = (): void => {
    backend.onSocket = 'refuse';
    backend.onRequest = (method) => (method === 'POST' ? new TypeError('Failed to fetch') : undefined);
  };
  const works = (): void => {
    backend.onSocket = 'greet';
    backend.onRequest = () => undefined;
  };

  for (const latencyMs of [0, 1, 30, 700]) {
    it(`10.1: a pending message is sent under no other user, though the token changes twice in succession; storage takes ${latencyMs} ms`, async () => {
      if (latencyMs > 0) storage.latency = () => new Promise((resolve) => clock.after(latencyMs, resolve));
      noPosts();
      const chat = await chatWith({ token: ANA });
      await clock.advance(5_000);
      write(chat, 'of Ana');
      await clock.advance(2_000);
      chat.configure({ token: ANA_AGAIN });
      write(chat, 'of Ana, in between');
      chat.configure({ token: BEN });
      works();
      await clock.advance(60_000);
      expect([chat.user?.id, stored(), shown(chat)]).to.deep.equal([2, [], []]);
      expect(
        [...storage.messages.values()].map(({ scope, message: kept }) => `${scope.split(' ').at(-1)} ${kept.content}`),
      ).to.deep.equal(['1 of Ana', '1 of Ana, in between']);
      chat.configure({ token: ANA });
      await clock.advance(60_000);
      expect(stored()).to.deep.equal(['1 of Ana', '1 of Ana, in between']);
    });
  }

  it('10.1: a pending request of the first user is not repeated with the token of the second', async () => {
    backend.onSocket = 'refuse';
    let answer = (_: Response): void => {};
    const chat = await chatWith({ token: ANA });
    const { fetch } = backend;
    Object.assign(backend, { fetch: undefined });
    const posts: string[] = [];
    const slow: typeof globalThis.fetch = (input, init) => {
      if (init?.method !== 'POST') return fetch(input, init);
      posts.push(new Headers(init.headers).get('Authorization') ?? '');
      return new Promise((resolve) => (answer = resolve));
    };
    const other = new ChatConnection(
      { url: 'https://chat.example', token: ANA },
      { clock, random: () => 0.5, WebSocket: backend.WebSocket, fetch: slow, storage, tabs: {} },
    );
    open.push(other);
    chat.disconnect();
    other.connect();
    await clock.advance(2_000);
    write(other, 'of Ana');
    await settle();
    other.configure({ token: BEN });
    answer(json({ detail: 'expired' }, 401));
    await clock.advance(60_000);
    expect(posts).to.deep.equal([`Bearer ${ANA}`]);
  });

  it('10.2: two backends on one origin share neither messages nor drafts nor a socket', async () => {
    const browser = new FakeBrowser();
    const tenant = (name: string): ConnectionConfig => ({
      token: ANA,
      apiPath: `/${name}/api/`,
      wsPath: `/${name}/ws/`,
    });
    noPosts();
    const here = await chatWith(tenant('one'), browser);
    write(here, 'for one');
    here.saveDraft(1, 'a draft for one');
    await clock.advance(2_000);
    const there = await chatWith(tenant('two'), browser);
    await clock.advance(2_000);
    expect([shown(there), await there.draft(1)]).to.deep.equal([[], '']);
    here.disconnect();
    backend.onSocket = 'greet';
    backend.onRequest = (_, path) =>
      path.includes('two/api') ? json(path.includes('rooms/1/') ? { messages: [], has_more: false } : []) : undefined;
    await clock.advance(60_000);
    expect(backend.requests.filter(({ method, path }) => method === 'POST' && path.includes('/two/')).length).to.equal(
      0,
    );
    expect(new Set(backend.sockets.map(({ url }) => new URL(url).pathname)).size, 'each its own socket').to.equal(2);
    expect([...storage.messages.keys()]).to.have.length(1);
  });

  it('10.2: another socket path is another backend: pending messages are not sent there', async () => {
    noPosts();
    const chat = await chatWith({ token: ANA });
    write(chat, 'for the first');
    await clock.advance(1_000);
    chat.configure({ wsPath: '/other/ws/' });
    works();
    await clock.advance(30_000);
    expect([stored(), shown(chat)]).to.deep.equal([[], []]);
  });

  for (const hasMe of [true, false]) {
    it(`10.4: opaque tokens without a socket, ${hasMe ? 'with GET me/' : 'baseline backend'}: another token hides the data of the first`, async () => {
      backend.hasMe = hasMe;
      backend.onSocket = 'refuse';
      backend.store(1, 2, 'for the eyes of Ana');
      const chat = await chatWith({ token: 'ana, opaque' });
      chat.selectRoom(1);
      await clock.advance(3_000);
      expect([shown(chat), chat.user?.id]).to.deep.equal([['for the eyes of Ana'], hasMe ? 1 : undefined]);
      let isAnswered = false;
      const answered = new Promise<void>(
        (resolve) => (backend.onRequest = () => (isAnswered ? undefined : (resolve(), 'hang'))),
      );
      chat.configure({ token: 'ben, opaque' });
      expect([shown(chat), chat.rooms.length, chat.user]).to.deep.equal([[], 0, null]);
      await answered;
      isAnswered = true;
      backend.messages = [];
      await clock.advance(60_000);
      expect([shown(chat), chat.rooms.length, chat.user?.id]).to.deep.equal([[], 2, hasMe ? 2 : undefined]);
      expect(chat.data.selected, hasMe ? 'another person' : 'perhaps the same person').to.equal(hasMe ? null : 1);
    });
  }

  it('10.4: GET me/ is requested once if no socket has named the user, and never otherwise', async () => {
    const asked = (): number => backend.requests.filter(({ path }) => path === 'me/').length;
    const chat = await chatWith({ token: 'ana, opaque' });
    await clock.advance(60_000);
    expect(asked(), 'greeted').to.equal(0);
    chat.disconnect();
    backend.onSocket = 'refuse';
    const blocked = await chatWith({ token: 'ana, opaque' });
    await clock.advance(60_000);
    expect([blocked.state, asked()], 'a baseline').to.deep.equal(['polling', 1]);
    blocked.disconnect();
    backend.hasMe = true;
    const connectedChat = await chatWith({ token: 'ana, opaque' });
    await clock.advance(60_000);
    expect([connectedChat.user?.id, connectedChat.data.capabilities, asked()]).to.deep.equal([
      1,
      backend.capabilities,
      2,
    ]);
  });

  it('10.4: `sub` names the user without `user_id`, and the greeting may use another id', async () => {
    backend.userOf = () => 1;
    const [ana, again] = [
      { user_id: undefined, sub: 'auth|ana' },
      { user_id: undefined, sub: 'auth|ana', jti: 'again' },
    ].map((claims) => tokenOf(1, claims)) as [string, string];
    const chat = await chatWith({ token: ana });
    expect(chat.user?.id).to.equal(1);
    noPosts();
    backend.socket.drop(1006);
    write(chat, 'of Ana');
    await clock.advance(3_000);
    chat.configure({ token: again });
    expect(shown(chat), 'the same user').to.deep.equal(['of Ana']);
    works();
    await clock.advance(60_000);
    expect(stored()).to.deep.equal(['1 of Ana']);
    chat.configure({ token: tokenOf(1, { user_id: undefined, sub: 'auth|ben' }) });
    expect(shown(chat)).to.deep.equal([]);
  });

  it('10.5: a token provided later names its user too, without a socket', async () => {
    backend.onSocket = 'refuse';
    const chat = await chatWith({ tokenProvider: async () => ANA });
    await clock.advance(3_000);
    expect([chat.state, chat.user?.id]).to.deep.equal(['polling', 1]);
  });

  it('10.6: a draft survives a reload if the token comes later, and if only the server names the user', async () => {
    for (const config of [{ tokenProvider: async () => ANA }, { token: 'ana, opaque' }]) {
      const before = await chatWith(config);
      before.saveDraft(1, 'half a thought');
      await clock.advance(1_000);
      before.disconnect();
      let give = (_: string): void => {};
      const after = await chatWith(
        'token' in config ? config : { tokenProvider: () => new Promise((resolve) => (give = resolve)) },
      );
      const draft = after.draft(1);
      await settle();
      give(ANA);
      await clock.advance(0);
      expect(await draft).to.equal('half a thought');
      after.saveDraft(1, '');
      after.disconnect();
      await settle();
    }
  });

  it('10.6: text typed before the user is known is kept for that user', async () => {
    let give = (_: string): void => {};
    const chat = await chatWith({ tokenProvider: () => new Promise((resolve) => (give = resolve)) });
    chat.saveDraft(1, 'typed early');
    await clock.advance(1_000);
    give(ANA);
    await clock.advance(1_000);
    expect([...storage.drafts].filter(([key]) => key.includes(' 1 1')).map(([, text]) => text)).to.deep.equal([
      'typed early',
    ]);
    chat.configure({ tokenProvider: async () => BEN, token: BEN });
    await clock.advance(1_000);
    expect(await chat.draft(1)).to.equal('');
  });

  it('10.6: a storage result that arrives after a user change is not used as a draft', async () => {
    const chat = await chatWith({ token: ANA });
    chat.saveDraft(1, 'of Ana');
    await clock.advance(1_000);
    storage.latency = () => new Promise((resolve) => clock.after(500, resolve));
    const draft = chat.draft(1);
    await settle();
    chat.configure({ token: BEN });
    await clock.advance(2_000);
    expect(await draft).to.equal('');
  });

  it('10.6: clearLocalData removes a draft that was about to be stored', async () => {
    const chat = await chatWith({ token: ANA });
    chat.saveDraft(1, 'about to be kept');
    await chat.clearLocalData();
    await clock.advance(2_000);
    expect([...storage.drafts.values()].filter(Boolean)).to.deep.equal([]);
  });

  it('10.43: signing in as another user in one tab changes the others, and signing out signs them out', async () => {
    const browser = new FakeBrowser();
    let cookie = ANA;
    const config = { tokenProvider: async () => cookie };
    const first = await chatWith(config, browser);
    await clock.advance(1_000);
    expect(first.user?.id).to.equal(1);
    cookie = BEN;
    const second = await chatWith(config, browser);
    await clock.advance(2_000);
    expect([first.user?.id, second.user?.id]).to.deep.equal([2, 2]);
    await clock.advance(10_000);
    cookie = '';
    second.configure({ tokenProvider: undefined });
    await clock.advance(2_000);
    expect([first.state, first.reason.code, first.user, first.rooms]).to.deep.equal([
      'unauthorized',
      'token_missing',
      null,
      [],
    ]);
    expect(browser.messages.join()).not.to.contain(ANA).and.not.to.contain(BEN);
  });

  it('10.43: two tabs whose pages have different users request tokens rarely, and nothing changes', async () => {
    const browser = new FakeBrowser();
    let asked = 0;
    const chats = [];
    for (const token of [ANA, BEN])
      chats.push(await chatWith({ tokenProvider: async () => (asked++, token) }, browser));
    for (let minute = 0; minute < 60; minute++) await clock.advance(60_000);
    expect(chats.map(({ state, user }) => `${state} ${user?.id}`)).to.deep.equal(['connected 1', 'connected 2']);
    expect(asked).to.be.at.most(6);
  });
});
