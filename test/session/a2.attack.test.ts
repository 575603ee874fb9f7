import { aTimeout, expect } from '@open-wc/testing';
import { DeviceVault } from '../../src/session/device-vault.js';
import { ChatConnection } from '../../src/store/index.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { until } from '../support/mounted.js';
import { partsLoaded } from '../support/parts.js';

const NAME = 'unified-chat';
const SCOPE = 'https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1';
const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error as Error);
  });
const forget = (): Promise<unknown> => done(indexedDB.deleteDatabase(NAME));

describe('attack 2: device', () => {
  const { transaction, close } = IDBDatabase.prototype;
  const { open } = IDBFactory.prototype;
  const broken = (): void => {
    IDBDatabase.prototype.transaction = () => {
      throw new DOMException('broken', 'UnknownError');
    };
  };
  const mended = (): void => void (IDBDatabase.prototype.transaction = transaction);
  beforeEach(forget);
  afterEach(async () => {
    mended();
    IDBDatabase.prototype.close = close;
    IDBFactory.prototype.open = open;
    await forget();
  });

  it('T2a what was given up while storage hiccuped is not sent after a reload', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.onSocket = 'refuse';
    backend.onRequest = () => new TypeError('Failed to fetch');
    const parts = { clock, random: () => 0.999, WebSocket: backend.WebSocket, fetch: backend.fetch, tabs: {} };
    const first = new ChatConnection({ url: 'https://chat.example', token: tokenOf(1) }, parts);
    first.openRoom(1);
    first.connect();
    await partsLoaded();
    first.sendChatMessage(1, 'given up').catch(() => {});
    await until(() => first.messages(1).length === 1);
    broken();
    first.discard(first.messages(1)[0]!.localId!);
    await aTimeout(50);
    mended();
    for (let i = 0; i < 20; i++) {
      first.keepDraft(2, `something ${i}`); // storage is tried again
      await clock.advance(60_000);
      await aTimeout(20);
    }
    expect(first.data.durable).to.equal(true);
    first.disconnect();
    backend.onSocket = 'greet';
    backend.onRequest = () => undefined;
    const second = new ChatConnection({ url: 'https://chat.example', token: tokenOf(1) }, parts);
    second.openRoom(1);
    second.connect();
    await partsLoaded();
    await aTimeout(100);
    await clock.advance(10_000);
    await aTimeout(100);
    expect([second.state, backend.messages.map((m) => m.content)]).to.deep.equal(['connected', []]);
    second.disconnect();
  });

  it('T2b forgetDevice while storage hiccups does not claim to have forgotten', async () => {
    const clock = new FakeClock();
    const vault = new DeviceVault(() => {}, clock);
    await vault.putDraft(SCOPE, 1, 'secret');
    broken();
    await vault.putDraft(SCOPE, 2, 'x');
    mended();
    let said = 'forgotten';
    await vault.purge().catch(() => (said = 'failed'));
    for (let i = 0; i < 20; i++) {
      await clock.advance(300_000);
      await vault.putDraft(SCOPE, 3, 'y');
      await aTimeout(20);
    }
    expect([said, await vault.draft(SCOPE, 1)]).to.not.deep.equal(['forgotten', 'secret']);
  });

  it('T10 a person whose id begins with "ws" keeps what the first release has kept', async () => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore('outbox', { keyPath: ['scope', 'localId'] });
      request.result.createObjectStore('drafts', { keyPath: ['scope', 'room'] });
    };
    const old = await done(request);
    old.onversionchange = () => old.close();
    const t = old.transaction(['outbox'], 'readwrite');
    const kept = { localId: 'temp_1', roomId: 1, content: 'of the old release', at: Date.now() };
    t.objectStore('outbox').put({ scope: 'https://chat.example wsmith', localId: 'temp_1', order: 1, kept });
    await new Promise((resolve) => (t.oncomplete = resolve));
    const vault = new DeviceVault(() => {});
    expect(await vault.load('https://chat.example/api/chat/ wss://chat.example/ws/chat/ wsmith')).to.have.length(1);
  });

  it('T13 no connection to the database is left open when storage fails now and then', async () => {
    const opened = new Set<IDBDatabase>();
    IDBFactory.prototype.open = function (...args) {
      const request = open.apply(this, args);
      request.addEventListener('success', () => opened.add(request.result));
      return request;
    };
    IDBDatabase.prototype.close = function () {
      opened.delete(this);
      return close.call(this);
    };
    const clock = new FakeClock();
    const vault = new DeviceVault(() => {}, clock);
    vault.open();
    broken();
    for (let i = 0; i < 10; i++) {
      await vault.putDraft(SCOPE, 1, 'x');
      await aTimeout(30);
      await clock.advance(300_000);
    }
    mended();
    vault.close();
    await aTimeout(50);
    expect(opened.size).to.equal(0);
  });
});
