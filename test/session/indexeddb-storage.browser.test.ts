/** Message storage, in the real IndexedDB of the browser. */
import { aTimeout, expect } from '@open-wc/testing';
import { IndexedDbFiles } from '../../src/session/uploads/file-storage.js';
import { IndexedDbStorage } from '../../src/session/outbox/indexeddb-storage.js';
import type { StorageState } from '../../src/model/index.js';
import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { until } from '../support/mounted.js';

const NAME = 'unified-chat';
const SCOPE = 'https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1';

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error as Error);
  });
const forget = (): Promise<unknown> => done(indexedDB.deleteDatabase(NAME));

describe('the message storage', () => {
  const { open } = IDBFactory.prototype;
  const { close } = IDBDatabase.prototype;
  beforeEach(forget);
  afterEach(async () => {
    IDBFactory.prototype.open = open;
    IDBDatabase.prototype.close = close;
    await forget();
  });

  it('10.2: finds messages stored by the first release, with the default paths', async () => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('outbox', { keyPath: ['scope', 'localId'] });
      request.result.createObjectStore('drafts', { keyPath: ['scope', 'room'] });
    };
    const old = await done(request);
    // As in that release, the tab yields to an upgrade.
    old.onversionchange = () => old.close();
    const transaction = old.transaction(['outbox', 'drafts'], 'readwrite');
    const kept = { localId: 'temp_1', roomId: 1, content: 'of the old release', at: Date.now() };
    transaction.objectStore('outbox').put({ scope: 'https://chat.example 1', localId: 'temp_1', order: 1, kept });
    transaction.objectStore('outbox').put({
      scope: 'https://chat.example/base a b',
      localId: 'temp_2',
      order: 2,
      kept: { ...kept, localId: 'temp_2' },
    });
    transaction.objectStore('drafts').put({ scope: 'https://chat.example 1', room: '7', text: 'half a thought' });
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    const storage = new IndexedDbStorage(() => {});
    expect(await storage.load(SCOPE)).to.deep.equal([kept]);
    expect(
      await storage.load('https://chat.example/base/api/chat/ wss://chat.example/base/ws/chat/ a b'),
    ).to.have.length(1);
    expect(await storage.draft(SCOPE, 7)).to.equal('half a thought');
    expect(await storage.load('https://chat.example 1')).to.deep.equal([]);
  });

  it('keeps the messages of version 2, and has room for files', async () => {
    const request = indexedDB.open(NAME, 2);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('outbox', { keyPath: ['scope', 'localId'] });
      request.result.createObjectStore('drafts', { keyPath: ['scope', 'room'] });
    };
    const old = await done(request);
    old.onversionchange = () => old.close();
    const transaction = old.transaction(['outbox'], 'readwrite');
    const kept = { localId: 'temp_1', roomId: 1, content: 'written before the upgrade', at: Date.now() };
    transaction.objectStore('outbox').put({ scope: SCOPE, localId: 'temp_1', order: 1, kept });
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    const storage = new IndexedDbStorage(() => {});
    expect(await storage.load(SCOPE)).to.deep.equal([kept]);
    const file = { uploadId: 'u1', roomId: 1, name: 'a.txt', mediaType: 'text/plain', size: 1, at: 0 };
    const files = new IndexedDbFiles();
    expect(await files.put(SCOPE, { ...file, file: new Blob(['a']) })).to.equal(true);
    expect(await files.list(SCOPE)).to.deep.equal([{ uploadId: 'u1', at: 0 }]);
  });

  it('10.2: is closed when a newer release upgrades it; the tab asks for a reload', async () => {
    const backend = new FakeBackend(new FakeClock());
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1) },
      { WebSocket: backend.WebSocket, fetch: backend.fetch, tabs: {} },
    );
    const problems: string[] = [];
    chat.on('chat-error', ({ code, message }) => problems.push(`${code}: ${message}`));
    chat.openRoom(1);
    chat.connect();
    await until(() => chat.state === 'connected');
    await chat.sendChatMessage(1, 'kept');
    const newer = await done(indexedDB.open(NAME, 1_000));
    await until(() => chat.data.outdated && problems.length > 0);
    expect(problems).to.deep.equal([
      'reload_required: Reload to continue: another tab runs a newer version of this chat.',
    ]);
    // The tab continues in memory, and leaves foreign data alone.
    expect((await chat.sendChatMessage(1, 'in memory')).message.delivery).to.equal('sent');
    chat.disconnect();
    newer.close();
    expect([chat.data.durable, problems.length]).to.deep.equal([false, 1]);
  });

  it('10.20: that never answers delays the first message only; when it answers again, everything is stored again', async () => {
    const states: StorageState[] = [];
    const clock = new FakeClock();
    let asked = 0;
    IDBFactory.prototype.open = () => (asked++, new EventTarget() as IDBOpenDBRequest);
    const storage = new IndexedDbStorage((state) => states.push(state), clock);
    storage.open();
    await storage.load(SCOPE);
    expect(states).to.deep.equal(['not-kept']);
    const from = performance.now();
    for (let n = 0; n < 50; n++)
      await storage.put(SCOPE, { localId: `temp_${n}`, roomId: 1, content: 'written', at: 0 });
    expect(performance.now() - from).to.be.below(200);
    expect(asked, 'asked while it is broken').to.equal(1);
    // Rechecked in the background, rarely.
    for (let minute = 0; minute < 60; minute++) {
      await clock.advance(60_000);
      const before = performance.now();
      await storage.put(SCOPE, { localId: 'temp_0', roomId: 1, content: 'written', at: 0 });
      expect(performance.now() - before).to.be.below(100);
    }
    expect(asked).to.be.at.most(18);
    IDBFactory.prototype.open = open;
    await clock.advance(600_000);
    await aTimeout(2_100); // the last check of the unresponsive storage times out in real time
    await storage.put(SCOPE, { localId: 'temp_0', roomId: 1, content: 'written', at: 0 });
    await clock.advance(600_000);
    await storage.put(SCOPE, { localId: 'temp_0', roomId: 1, content: 'written', at: 0 });
    await until(() => states.at(-1) === 'kept');
    await storage.put(SCOPE, { localId: 'temp_1', roomId: 1, content: 'kept again', at: 0 });
    expect((await storage.load(SCOPE)).map(({ content }) => content)).to.include('kept again');
    storage.close();
  });

  it('10.20: stores messages written during a failure as soon as it works', async () => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('', 'SecurityError');
    };
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.onSocket = 'refuse';
    backend.onRequest = (method) => (method === 'POST' ? new TypeError('Failed to fetch') : undefined);
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1) },
      { clock, random: () => 0.5, WebSocket: backend.WebSocket, fetch: backend.fetch, tabs: {} },
    );
    chat.connect();
    chat.sendChatMessage(1, 'written then').catch(() => {});
    await until(() => chat.messages(1).length === 1 && !chat.data.durable);
    IDBFactory.prototype.open = open;
    await clock.advance(20_000);
    // The next call triggers a check in the background.
    chat.saveDraft(1, '');
    await until(() => chat.data.durable);
    const other = new IndexedDbStorage(() => {});
    while ((await other.load(SCOPE)).length === 0) await aTimeout(5);
    expect((await other.load(SCOPE)).map(({ content }) => content)).to.deep.equal(['written then']);
    chat.disconnect();
  });

  it('10.21: leaves no database open after the connection has ended, including late writes', async () => {
    const opened = new Set<IDBDatabase>();
    IDBFactory.prototype.open = function (this: IDBFactory, ...parameters) {
      const request = open.apply(this, parameters);
      request.addEventListener('success', () => opened.add(request.result));
      return request;
    };
    IDBDatabase.prototype.close = function (this: IDBDatabase) {
      opened.delete(this);
      close.call(this);
    };
    const backend = new FakeBackend(new FakeClock());
    for (let n = 0; n < 5; n++) {
      const chat = new ChatConnection(
        { url: 'https://chat.example', token: tokenOf(1) },
        { WebSocket: backend.WebSocket, fetch: backend.fetch, tabs: {} },
      );
      chat.openRoom(1);
      chat.connect();
      await until(() => chat.state === 'connected');
      await chat.sendChatMessage(1, `number ${n}`);
      chat.saveDraft(1, 'typed at the last moment');
      chat.disconnect();
      chat.saveDraft(1, 'typed after the end');
    }
    await aTimeout(500); // the last keystroke is stored 400 ms later
    await until(() => opened.size === 0);
    expect(opened.size).to.equal(0);
    expect(await new IndexedDbStorage(() => {}).draft(SCOPE, 1)).to.equal('typed after the end');
  });
});
