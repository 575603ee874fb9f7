/** Which user's messages are sent with which token, after all kinds of token changes. */
import { expect } from '@open-wc/testing';
import type { TabApis } from '../../src/session/index.js';
import { ChatConnection, type ConnectionConfig } from '../../src/client/index.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

const ANA = tokenOf(1);
const BEN = tokenOf(2);

describe('user changes', () => {
  let clock: FakeClock;
  let backend: FakeBackend;
  let storage: MemoryStorage;
  let chat: ChatConnection;
  beforeEach(() => {
    clock = new FakeClock();
    backend = new FakeBackend(clock);
    storage = new MemoryStorage();
    backend.userOf = (token) => (token === BEN || token.startsWith('ben') ? 2 : 1);
  });
  afterEach(() => chat.disconnect());

  async function open(config: ConnectionConfig, tabs: TabApis = {}): Promise<void> {
    chat = new ChatConnection(
      { url: 'https://chat.example', ...config },
      { clock, random: () => 0.999, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs },
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
  /** The socket closes, and REST rejects Ana's token. */
  const expire = (token: string): void => {
    backend.rejectedTokens.add(token);
    noSocket();
  };

  it('10.4: a third opaque token hides the data of the second, before the server has named its user', async () => {
    await open({ token: 'ana, opaque' });
    await clock.advance(1_000);
    chat.configure({ token: 'ben, opaque' });
    await clock.advance(10_000);
    backend.sendAs(1, 1, 'for Ben');
    await clock.advance(1_000);
    expect([chat.user?.id, ...shown()]).to.deep.equal([2, 'sent for Ben']);
    backend.onSocket = 'hang';
    backend.onRequest = () => 'hang';
    chat.configure({ token: 'cleo, opaque' });
    await settle();
    expect([chat.user, ...shown()]).to.deep.equal([null]);
  });

  it('10.4: the same if the server has named another user for an unchanged token before', async () => {
    await open({ token: 'shared, opaque' });
    await clock.advance(1_000);
    backend.userOf = () => 2;
    backend.open[0]!.drop(1006);
    await clock.advance(10_000);
    backend.sendAs(1, 1, 'for Ben');
    await clock.advance(1_000);
    expect([chat.user?.id, ...shown()]).to.deep.equal([2, 'sent for Ben']);
    backend.onSocket = 'hang';
    backend.onRequest = () => 'hang';
    chat.configure({ token: 'cleo, opaque' });
    await settle();
    expect([chat.user, ...shown()]).to.deep.equal([null]);
  });

  it('10.1: a message confirmed during the user change is not shown to the next user', async () => {
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

  it('a token of another user, given after a rejection: nothing of the first is sent or shown', async () => {
    await open({ token: ANA, tokenProvider: async () => BEN });
    backend.sendAs(1, 1, 'of Ana, before');
    expire(ANA);
    await write('of Ana');
    await clock.advance(60_000);
    expect(stored()).to.deep.equal(['1 of Ana, before']);
    expect([chat.user?.id, ...shown()]).to.deep.equal([2, 'sent of Ana, before']);
    // The message waits for its author.
    backend.rejectedTokens.clear();
    chat.configure({ token: ANA, tokenProvider: undefined });
    await clock.advance(60_000);
    expect(stored()).to.deep.equal(['1 of Ana, before', '1 of Ana']);
  });

  it('the same if the token provider answers late', async () => {
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

  for (const [how, next] of [
    ['the page provides', 'ben, opaque'],
    ['the page provides, of the same user', 'ana, a new one'],
  ] as const) {
    it(`a token without a user id, ${how}: the message is sent when the user is known, if it is the author`, async () => {
      await open({ token: 'ana, opaque' });
      noSocket();
      backend.onRequest = (method) => (method === 'POST' ? new TypeError('Failed to fetch') : undefined);
      await write('of Ana');
      backend.onRequest = () => undefined;
      chat.configure({ token: next });
      await clock.advance(60_000);
      // By REST only, and without own messages in the room: the user is unknown.
      expect([chat.state, ...stored()]).to.deep.equal(['polling']);
      backend.onSocket = 'greet';
      await clock.advance(60_000);
      expect(chat.state).to.equal('connected');
      expect(stored()).to.deep.equal(next.startsWith('ben') ? [] : ['1 of Ana']);
    });
  }

  it('a message written before the user is known is sent as the user that the server names, and stored for no other', async () => {
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

  it('the same after the server has named another user', async () => {
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

  it('the same without storage', async () => {
    Object.assign(storage, { put: async () => {}, load: async () => [] });
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

  it('stops asking a page whose tokens open a socket but are all rejected by REST', async () => {
    let asked = 0;
    backend.onRequest = () => json({ detail: 'Not with this one.' }, 401);
    await open({ token: 'ana, opaque', tokenProvider: async () => `ana ${asked++}` });
    await clock.advance(60_000);
    expect(chat.state).to.equal('unauthorized');
    expect(asked).to.be.at.most(6);
    expect(backend.sockets.length).to.be.at.most(8);
    expect(backend.requests.length).to.be.at.most(40);
  });

  it('messages for one backend are not sent to another', async () => {
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

  it('stops asking a page that always has another token of an unknown user', async () => {
    let asked = 0;
    await open({
      token: 'ana, opaque',
      tokenProvider: async () => (backend.rejectedTokens.add(`ana ${asked}`), `ana ${asked++}`),
    });
    expire('ana, opaque');
    const before = backend.requests.length;
    await clock.advance(60_000);
    expect(chat.state).to.equal('unauthorized');
    expect(asked).to.be.at.most(6);
    expect(backend.requests.length - before).to.be.at.most(18);
  });

  it('a token without a user id, given after a rejection: no request is repeated with it', async () => {
    await open({ token: 'ana, opaque', tokenProvider: async () => 'ben, opaque' });
    expire('ana, opaque');
    await write('of Ana');
    await clock.advance(60_000);
    expect(stored()).to.deep.equal([]);
  });

  it('a message written while the user was unknown is left to its author after a token change', async () => {
    backend.onSocket = 'refuse';
    backend.onRequest = (method) => (method === 'POST' ? new TypeError('Failed to fetch') : undefined);
    await open({ token: 'ana, opaque' });
    await write('of somebody');
    backend.onRequest = () => undefined;
    const failed: string[] = [];
    chat.on('chat-send-failed', ({ error }) => failed.push(error.message));
    chat.configure({ token: 'ben, opaque' });
    await clock.advance(60_000);
    // The new token may belong to another user, who must not even see the message.
    expect([stored(), shown(), failed]).to.deep.equal([[], [], ['The sign-in has changed.']]);
    chat.configure({ token: 'ana, opaque' });
    await clock.advance(60_000);
    expect([stored(), shown()]).to.deep.equal([[], ['failed of somebody']]);
    await chat.retry(chat.messages(1)[0]!.localId!);
    expect(stored()).to.deep.equal(['1 of somebody']);
  });

  it('a message that was discarded is not sent after its author has returned, though the storage still has it', async () => {
    await open({ token: ANA });
    noSocket();
    backend.onRequest = (method) => (method === 'POST' ? new TypeError('Failed to fetch') : undefined);
    await write('of Ana');
    const { localId } = chat.messages(1).at(-1)!;
    await write('of Ana, too');
    // The storage has failed since the message was written.
    storage.put = () => Promise.resolve();
    chat.discard(localId!);
    backend.onRequest = () => undefined;
    backend.onSocket = 'greet';
    chat.configure({ token: BEN });
    await clock.advance(60_000);
    chat.configure({ token: ANA });
    await clock.advance(60_000);
    expect([stored(), shown()]).to.deep.equal([['1 of Ana, too'], ['sent of Ana, too']]);
  });

  it('signing out hides everything; pending messages return with their author', async () => {
    await open({ token: ANA });
    backend.sendAs(1, 1, 'private');
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

  it('signing out when the page is asked for a token hides everything', async () => {
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

  it('a sent text is removed from the draft, even if the page reloads at once', async () => {
    await open({ token: ANA });
    chat.saveDraft(1, 'said');
    await clock.advance(1_000);
    chat.saveDraft(1, '');
    await settle();
    expect(storage.drafts.get('https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1 1')).to.equal('');
  });

  it('a token requested for another backend is not used', async () => {
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

  it('a token that arrives too late is not used', async () => {
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

  it('messages set aside are sent by another tab of the same user', async () => {
    const browser = new FakeBrowser();
    await open({ token: 'ana, opaque', tokenProvider: async () => 'ben, opaque' }, browser.tab());
    noSocket();
    backend.onRequest = (method) => (method === 'POST' ? new TypeError('Failed to fetch') : undefined);
    await write('of Ana');
    // The user of her tab is unknown now; she has opened another tab.
    backend.rejectedTokens.add('ana, opaque');
    backend.onRequest = () => undefined;
    await clock.advance(60_000);
    expect(stored()).to.deep.equal([]);
    const here = chat;
    await open({ token: ANA }, browser.tab());
    await clock.advance(60_000);
    expect(stored()).to.deep.equal(['1 of Ana']);
    here.disconnect();
  });

  it('a token repeated by the server is redacted', async () => {
    await open({ token: ANA });
    const errors: string[] = [];
    chat.on('chat-error', ({ message }) => errors.push(message));
    backend.socket.receive({ type: 'error', message: `Token ${ANA} is odd` });
    noSocket();
    backend.onRequest = (method) => (method === 'POST' ? json({ detail: `Not with ${ANA}.` }, 400) : undefined);
    await write('refused');
    await clock.advance(1_000);
    expect(errors).to.deep.equal(['Token … is odd']);
    expect(chat.messages(1)[0]?.error?.message).to.equal('Not with ….');
    expect(JSON.stringify([...storage.messages.values()])).not.to.contain(ANA);
  });

  it('clearLocalData removes the data of all users', async () => {
    await open({ token: ANA });
    noSocket();
    backend.onRequest = () => new TypeError('Failed to fetch');
    await write('on its way');
    chat.saveDraft(1, 'half a thou');
    await clock.advance(1_000);
    expect([storage.messages.size, storage.drafts.size]).to.deep.equal([1, 1]);
    await chat.clearLocalData();
    await settle();
    expect([...storage.messages.values()].filter(({ message }) => message.content !== '')).to.deep.equal([]);
    expect(storage.drafts.size).to.equal(0);
    expect(shown()).to.deep.equal([]);
  });
});
