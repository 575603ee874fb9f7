/** Faults of storage and DOM: storage that is full, blocked or deleted; elements that are moved. Real time. */
import { expect, fixtureCleanup, html } from '@open-wc/testing';
import { IndexedDbStorage } from '../../src/session/outbox/indexeddb-storage.js';
import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { intercept, mount, until, URL_OF_BACKEND as url } from '../support/mounted.js';

const token = tokenOf(1);
/** Maximum number of requests, beside one socket, with any storage fault. */
const MAX_REQUESTS = 14;

/** Connects with the real, faulty storage of this browser. */
async function connectWithStorage(): Promise<{ chat: ChatConnection; backend: FakeBackend; problems: string[] }> {
  const backend = new FakeBackend(new FakeClock());
  const chat = new ChatConnection({ url, token }, { WebSocket: backend.WebSocket, fetch: backend.fetch, tabs: {} });
  const problems: string[] = [];
  chat.on('chat-error', ({ code }) => problems.push(code));
  chat.openRoom(1);
  chat.connect();
  await until(() => chat.state === 'connected');
  return { chat, backend, problems };
}

/** Asserts that it still works: stored once, one socket, few requests. */
async function expectWorking({ chat, backend }: { chat: ChatConnection; backend: FakeBackend }): Promise<void> {
  await chat.sendChatMessage(1, 'all the same');
  expect(backend.messages.map(({ content }) => content)).to.deep.equal(['all the same']);
  expect(chat.messages(1).map(({ content, delivery }) => `${delivery} ${content}`)).to.deep.equal([
    'sent all the same',
  ]);
  expect([chat.state, chat.reason.code]).to.deep.equal(['connected', 'connected']);
  expect(backend.sockets).to.have.length(1);
  expect(backend.requests.length).to.be.at.most(MAX_REQUESTS);
  chat.disconnect();
}

describe('the message storage', () => {
  const { put } = IDBObjectStore.prototype;
  const { open } = IDBFactory.prototype;
  beforeEach(() => new IndexedDbStorage(() => {}).purge());
  afterEach(() => {
    IDBObjectStore.prototype.put = put;
    IDBFactory.prototype.open = open;
  });

  it('is full', async () => {
    const made = await connectWithStorage();
    IDBObjectStore.prototype.put = () => {
      throw new DOMException('', 'QuotaExceededError');
    };
    await expectWorking(made);
    expect(made.chat.data.durable).to.equal(false);
    await until(() => made.problems.length > 0);
    expect(made.problems).to.deep.equal(['storage_unavailable']);
  });

  it('is blocked', async () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('', 'SecurityError');
    };
    const made = await connectWithStorage();
    await expectWorking(made);
    expect(made.chat.data.durable).to.equal(false);
    await until(() => made.problems.length > 0);
    expect(made.problems).to.deep.equal(['storage_unavailable']);
  });

  it('is deleted while in use', async () => {
    const made = await connectWithStorage();
    await new Promise((resolve) => (indexedDB.deleteDatabase('unified-chat').onsuccess = resolve));
    await expectWorking(made);
    expect(made.chat.data.durable).to.equal(true);
    expect(made.problems).to.deep.equal([]);
  });
});

describe('an element', () => {
  let backend: FakeBackend;
  let restore: () => void;
  beforeEach(() => ({ backend, restore } = intercept()));
  afterEach(async () => {
    fixtureCleanup();
    await until(() => backend.open.length === 0);
    restore();
  });
  const page = html`<main><div id="here"><chat-connection url=${url} token=${token}><chat-thread room="1"></chat-thread></chat-connection></div><div id="there"></div></main>`;
  const isWell = (chat: ChatConnection, sockets: number): void => {
    expect([chat.state, chat.reason.code]).to.deep.equal(['connected', 'connected']);
    expect(backend.sockets).to.have.length(sockets);
    expect(backend.requests.length).to.be.at.most(MAX_REQUESTS);
    expect(chat.messages(1).map(({ content }) => content)).to.deep.equal(
      backend.messages.map(({ content }) => content),
    );
  };

  it('is moved within the page repeatedly: the socket stays open', async () => {
    const { connection } = await mount(page);
    const places = [document.querySelector('#there')!, document.querySelector('#here')!];
    for (let n = 0; n < 10; n++) places[n % 2]!.append(connection);
    backend.sendAs(1, 2, 'theirs');
    await connection.connection.sendChatMessage(1, 'mine');
    isWell(connection.connection, 1);
  });

  it('is removed while sending, and put back', async () => {
    const { connection } = await mount(page);
    const chat = connection.connection;
    backend.stores = false;
    const sending = chat.sendChatMessage(1, 'mine');
    await until(() => backend.socket.sent.some(({ type }) => type === 'send_message'));
    connection.remove();
    await until(() => backend.open.length === 0);
    expect([chat.state, chat.reason.code]).to.deep.equal(['idle', 'no_token']);
    backend.stores = true;
    backend.store(1, 2, 'said meanwhile');
    document.querySelector('#there')!.append(connection);
    await until(() => chat.state === 'connected');
    await sending;
    isWell(chat, 2);
  });

  it('is removed while connecting: no socket remains', async () => {
    const { connection } = await mount(page);
    backend.onSocket = 'hang';
    connection.remove();
    await until(() => backend.open.length === 0);
    document.querySelector('#there')!.append(connection);
    await until(() => backend.sockets.length === 2);
    connection.remove();
    await until(() => connection.connection.state === 'idle');
    backend.socket.accept();
    await until(() => backend.open.length === 0);
    backend.onSocket = 'greet';
    document.querySelector('#there')!.append(connection);
    await until(() => connection.connection.state === 'connected');
    isWell(connection.connection, 3);
  });
});
