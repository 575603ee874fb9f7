/** Whose messages are sent with whose token, whichever way another token comes. */
import { expect } from '@open-wc/testing';
import type { TabApis } from '../../src/session/index.js';
import { ChatConnection, type ConnectionConfig } from '../../src/client/index.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryVault } from '../support/memory-vault.js';
import { partsLoaded } from '../support/lazy-parts.js';

const ANA = tokenOf(1);
const BEN = tokenOf(2);

describe('one person after the other', () => {
  let clock: FakeClock;
  let backend: FakeBackend;
  let vault: MemoryVault;
  let chat: ChatConnection;
  beforeEach(() => {
    clock = new FakeClock();
    backend = new FakeBackend(clock);
    vault = new MemoryVault();
    backend.whose = (token) => (token === BEN || token.startsWith('ben') ? 2 : 1);
  });
  afterEach(() => chat.disconnect());

  async function open(config: ConnectionConfig, tabs: TabApis = {}): Promise<void> {
    chat = new ChatConnection(
      { url: 'https://chat.example', ...config },
      { clock, random: () => 0.999, WebSocket: backend.WebSocket, fetch: backend.fetch, vault, tabs },
    );
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(0);
  }
  const write = async (content: string): Promise<void> => {
    chat.sendChatMessage(1, content).catch(() => {});
    await settle();
  };
  const stored = (): string[] => backend.messages.map(({ content, sender }) => `${sender.id} ${content}`);
  const shown = (): string[] => chat.messages(1).map(({ content, delivery }) => `${delivery} ${content}`);
  const noSocket = (): void => {
    backend.onSocket = 'refuse';
    for (const socket of backend.open) socket.drop(1006);
  };
  /** No socket any more, and REST refuses Ana's token. */
  const expire = (token: string): void => {
    backend.refused.add(token);
    noSocket();
  };

  it('10.4: a third opaque token hides what the second one has fetched, before the server says whose it is', async () => {
    await open({ token: 'ana, opaque' });
    await clock.advance(1_000);
    chat.configure({ token: 'ben, opaque' });
    await clock.advance(10_000);
    backend.say(1, 1, 'for Ben');
    await clock.advance(1_000);
    expect([chat.user?.id, ...shown()]).to.deep.equal([2, 'sent for Ben']);
    backend.onSocket = 'hang';
    backend.onRequest = () => 'hang';
    chat.configure({ token: 'cleo, opaque' });
    await settle();
    expect([chat.user, ...shown()]).to.deep.equal([null]);
  });

  it('10.1: a message that is confirmed at the moment of the change is not shown to the next user', async () => {
    await open({ token: ANA });
    await clock.advance(1_000);
    backend.echo = 'none';
    await write('of Ana');
    const { socket } = backend;
    const [message] = backend.messages;
    backend.onSocket = 'hang';
    backend.onRequest = () => 'hang';
    socket.receive({ type: 'message_ack', room_id: 1, message, _tempId: message!._tempId });
    chat.configure({ token: BEN });
    await settle();
    expect(shown()).to.deep.equal([]);
  });

  it('a token of somebody else, given for one that was refused: nothing of the first is sent or shown', async () => {
    await open({ token: ANA, tokenProvider: async () => BEN });
    backend.say(1, 1, 'of Ana, before');
    expire(ANA);
    await write('of Ana');
    await clock.advance(60_000);
    expect(stored()).to.deep.equal(['1 of Ana, before']);
    expect([chat.user?.id, ...shown()]).to.deep.equal([2, 'sent of Ana, before']);
    // It waits for its author.
    backend.refused.clear();
    chat.configure({ token: ANA, tokenProvider: undefined });
    await clock.advance(60_000);
    expect(stored()).to.deep.equal(['1 of Ana, before', '1 of Ana']);
  });

  it('a late answer of the page is no different', async () => {
    let answer: (token: string) => void = () => {};
    await open({ token: ANA, tokenProvider: () => new Promise((resolve) => (answer = resolve)) });
    expire(ANA);
    await write('of Ana');
    await clock.advance(30_000);
    expect(chat.state).to.equal('unauthorized');
    answer(BEN);
    await clock.advance(60_000);
    expect([chat.user?.id, stored(), shown()]).to.deep.equal([2, [], []]);
  });

  for (const [how, next] of [['the page gives', 'ben, opaque'], ['the page gives, and it is the same person', 'ana, a new one']] as const) {
    it(`a token that does not say whose it is, ${how}: sent once it is known, by whoever wrote it`, async () => {
      await open({ token: 'ana, opaque' });
      noSocket();
      backend.onRequest = (method) => (method === 'POST' ? new TypeError('Failed to fetch') : undefined);
      await write('of Ana');
      backend.onRequest = () => undefined;
      chat.configure({ token: next });
      await clock.advance(60_000);
      // REST alone, and no message of anybody's own in the room: nobody knows.
      expect([chat.state, ...stored()]).to.deep.equal(['polling']);
      backend.onSocket = 'greet';
      await clock.advance(60_000);
      expect(chat.state).to.equal('connected');
      expect(stored()).to.deep.equal(next.startsWith('ben') ? [] : ['1 of Ana']);
    });
  }

  it('what is written before it is known who is there is sent as whoever that is, and kept for nobody else', async () => {
    await open({ token: 'ana, opaque' });
    noSocket();
    backend.onRequest = (method) => (method === 'POST' ? new TypeError('Failed to fetch') : undefined);
    await write('of Ana');
    await write('of Ana, given up');
    chat.discard(chat.messages(1)[1]!.localId!);
    chat.configure({ token: 'ben, opaque' });
    await write('of Ben');
    backend.onRequest = () => undefined;
    await clock.advance(60_000);
    expect(stored()).to.deep.equal(['2 of Ben']);
    backend.onSocket = 'greet';
    await clock.advance(60_000);
    expect([chat.user?.id, ...shown()]).to.deep.equal([2, 'sent of Ben']);
    chat.configure({ token: 'ana, opaque' });
    await clock.advance(60_000);
    expect([chat.user?.id, ...stored()]).to.deep.equal([1, '2 of Ben', '1 of Ana']);
  });

  it('also after the server has said that somebody else is there', async () => {
    await open({ token: 'ana, opaque' });
    chat.configure({ token: 'ben, opaque' });
    await clock.advance(1_000);
    expect(chat.user?.id).to.equal(2);
    noSocket();
    backend.onRequest = (method) => (method === 'POST' ? new TypeError('Failed to fetch') : undefined);
    await write('of Ben');
    backend.onRequest = () => undefined;
    chat.configure({ token: 'ana, opaque, again' });
    await clock.advance(60_000);
    expect(stored()).to.deep.equal([]);
    chat.configure({ token: 'ben, opaque' });
    backend.onSocket = 'greet';
    await clock.advance(60_000);
    expect(stored()).to.deep.equal(['2 of Ben']);
  });

  it('on a device that keeps nothing, too', async () => {
    Object.assign(vault, { put: async () => {}, load: async () => [] });
    await open({ token: 'ana, opaque' });
    noSocket();
    backend.onRequest = (method) => (method === 'POST' ? new TypeError('Failed to fetch') : undefined);
    await write('of Ana');
    const sent = chat.sendChatMessage(1, 'and this').catch((error: Error) => error.message);
    await settle();
    backend.onRequest = () => undefined;
    chat.configure({ token: 'ana, a new one' });
    backend.onSocket = 'greet';
    await clock.advance(60_000);
    expect(stored()).to.deep.equal(['1 of Ana', '1 and this']);
    expect(await sent).to.have.property('method');
  });

  it('a page whose every token opens a socket and is refused by REST is left alone after a while', async () => {
    let asked = 0;
    backend.onRequest = () => json({ detail: 'Not with this one.' }, 401);
    await open({ token: 'ana, opaque', tokenProvider: async () => `ana ${asked++}` });
    await clock.advance(60_000);
    expect(chat.state).to.equal('unauthorized');
    expect(asked).to.be.at.most(6);
    expect(backend.sockets.length).to.be.at.most(8);
    expect(backend.requests.length).to.be.at.most(40);
  });

  it('what waits for one backend is not sent to another', async () => {
    backend.onSocket = 'refuse';
    backend.onRequest = () => new TypeError('Failed to fetch');
    await open({ token: ANA });
    await write('for here');
    chat.disconnect();
    chat.configure({ url: 'https://other.example' });
    backend.onSocket = 'greet';
    backend.onRequest = () => undefined;
    chat.connect();
    await clock.advance(60_000);
    expect([chat.state, ...stored()]).to.deep.equal(['connected']);
    chat.configure({ url: 'https://chat.example' });
    await clock.advance(60_000);
    expect(stored()).to.deep.equal(['1 for here']);
  });

  it('a page that always has another token, of nobody knows whom, is not asked for ever', async () => {
    let asked = 0;
    await open({ token: 'ana, opaque', tokenProvider: async () => (backend.refused.add(`ana ${asked}`), `ana ${asked++}`) });
    expire('ana, opaque');
    const before = backend.requests.length;
    await clock.advance(60_000);
    expect(chat.state).to.equal('unauthorized');
    expect(asked).to.be.at.most(6);
    expect(backend.requests.length - before).to.be.at.most(18);
  });

  it('a token that does not say whose it is, given for one that was refused: no request is repeated with it', async () => {
    await open({ token: 'ana, opaque', tokenProvider: async () => 'ben, opaque' });
    expire('ana, opaque');
    await write('of Ana');
    await clock.advance(60_000);
    expect(stored()).to.deep.equal([]);
  });

  it('written before anybody was known: another token leaves it to its author', async () => {
    backend.onSocket = 'refuse';
    backend.onRequest = (method) => (method === 'POST' ? new TypeError('Failed to fetch') : undefined);
    await open({ token: 'ana, opaque' });
    await write('of somebody');
    backend.onRequest = () => undefined;
    const failed: string[] = [];
    chat.on('chat-send-failed', ({ error }) => failed.push(error.message));
    chat.configure({ token: 'ben, opaque' });
    await clock.advance(60_000);
    // The owner of the new token may be another user: they do not even see it.
    expect([stored(), shown(), failed]).to.deep.equal([[], [], ['Not sent: the sign-in has changed.']]);
    chat.configure({ token: 'ana, opaque' });
    await clock.advance(60_000);
    expect([stored(), shown()]).to.deep.equal([[], ['failed of somebody']]);
    await chat.retry(chat.messages(1)[0]!.localId!);
    expect(stored()).to.deep.equal(['1 of somebody']);
  });

  it('signed out: nothing is shown any more, and what waits comes back with its author', async () => {
    await open({ token: ANA });
    backend.say(1, 1, 'private');
    noSocket();
    backend.onRequest = () => new TypeError('Failed to fetch');
    await write('on its way');
    chat.configure({ token: '' });
    await clock.advance(0);
    expect([chat.state, chat.user, chat.rooms, chat.messages(1)]).to.deep.equal(['idle', null, [], []]);
    backend.onSocket = 'greet';
    backend.onRequest = () => undefined;
    chat.configure({ token: ANA });
    await clock.advance(60_000);
    expect(stored()).to.deep.equal(['1 private', '1 on its way']);
  });

  it('signed out where the page was asked: nothing is shown any more', async () => {
    await open({ tokenProvider: async () => ANA });
    await clock.advance(1_000);
    expect(chat.rooms).to.have.length(2);
    chat.configure({ tokenProvider: undefined });
    await clock.advance(0);
    expect([chat.state, chat.user, chat.rooms]).to.deep.equal(['idle', null, []]);
  });

  it('a draft is kept for its author', async () => {
    await open({ token: ANA });
    chat.saveDraft(1, 'half a thou');
    chat.configure({ token: BEN });
    await clock.advance(1_000);
    expect(await chat.draft(1)).to.equal('');
    chat.configure({ token: ANA });
    await clock.advance(1_000);
    expect(await chat.draft(1)).to.equal('half a thou');
  });

  it('what was sent is no draft any more, not even if the page is loaded anew at once', async () => {
    await open({ token: ANA });
    chat.saveDraft(1, 'said');
    await clock.advance(1_000);
    chat.saveDraft(1, '');
    await settle();
    expect(vault.drafts.get('https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1 1')).to.equal('');
  });

  it('a token that was asked for another backend goes nowhere', async () => {
    let answer: (token: string) => void = () => {};
    await open({ tokenProvider: () => new Promise((resolve) => (answer = resolve)) });
    const [first] = [answer];
    chat.configure({ url: 'https://other.example' });
    await clock.advance(0);
    first(ANA);
    await clock.advance(1_000);
    expect([backend.sockets.length, backend.requests.length]).to.deep.equal([0, 0]);
    answer(BEN);
    await clock.advance(1_000);
    expect(backend.sockets.map(({ url }) => new URL(url).host)).to.deep.equal(['other.example']);
  });

  it('nor does one that comes when nobody waits any more', async () => {
    let answer: (token: string) => void = () => {};
    await open({ tokenProvider: () => new Promise((resolve) => (answer = resolve)) });
    const [first] = [answer];
    chat.configure({ url: 'https://other.example' });
    await clock.advance(30_000);
    expect(chat.state).to.equal('unauthorized');
    first(ANA);
    await clock.advance(1_000);
    expect([chat.state, backend.sockets.length, backend.requests.length]).to.deep.equal(['unauthorized', 0, 0]);
  });

  it('what is put aside is sent by another tab that is certainly its author’s', async () => {
    const browser = new FakeBrowser();
    await open({ token: 'ana, opaque', tokenProvider: async () => 'ben, opaque' }, browser.tab());
    noSocket();
    backend.onRequest = (method) => (method === 'POST' ? new TypeError('Failed to fetch') : undefined);
    await write('of Ana');
    // Her tab is somebody's now, nobody knows whose; and she has opened another one.
    backend.refused.add('ana, opaque');
    backend.onRequest = () => undefined;
    await clock.advance(60_000);
    expect(stored()).to.deep.equal([]);
    const here = chat;
    await open({ token: ANA }, browser.tab());
    await clock.advance(60_000);
    expect(stored()).to.deep.equal(['1 of Ana']);
    here.disconnect();
  });

  it('a server that repeats the token is not repeated', async () => {
    await open({ token: ANA });
    const said: string[] = [];
    chat.on('chat-error', ({ message }) => said.push(message));
    backend.socket.receive({ type: 'error', message: `Token ${ANA} is odd` });
    noSocket();
    backend.onRequest = (method) => (method === 'POST' ? json({ detail: `Not with ${ANA}.` }, 400) : undefined);
    await write('refused');
    await clock.advance(1_000);
    expect(said).to.deep.equal(['Token … is odd']);
    expect(chat.messages(1)[0]?.error?.message).to.equal('Not with ….');
    expect(JSON.stringify([...vault.messages.values()])).not.to.contain(ANA);
  });

  it('forgetting the device leaves nothing of anybody on it', async () => {
    await open({ token: ANA });
    noSocket();
    backend.onRequest = () => new TypeError('Failed to fetch');
    await write('on its way');
    chat.saveDraft(1, 'half a thou');
    await clock.advance(1_000);
    expect([vault.messages.size, vault.drafts.size]).to.deep.equal([1, 1]);
    await chat.clearLocalData();
    await settle();
    expect([...vault.messages.values()].filter(({ kept }) => kept.content !== '')).to.deep.equal([]);
    expect(vault.drafts.size).to.equal(0);
    expect(shown()).to.deep.equal([]);
  });
});
