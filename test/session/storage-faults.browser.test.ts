import { aTimeout, expect } from '@open-wc/testing';
import { textSimilarity } from '../../src/session/outbox/text-similarity.js';
import { IndexedDbStorage } from '../../src/session/outbox/indexeddb-storage.js';
import { ChatConnection } from '../../src/client/index.js';
import { connected } from '../support/connected.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { until } from '../support/mounted.js';
import { partsLoaded } from '../support/lazy-parts.js';
import { twoTabs } from '../support/two-tabs.js';

const NAME = 'unified-chat';
const SCOPE = 'https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1';
const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error as Error);
  });
const forget = (): Promise<unknown> => done(indexedDB.deleteDatabase(NAME));

const within = <T>(promise: Promise<T>, what: string): Promise<T | string> =>
  Promise.race([promise, aTimeout(300).then(() => what)]);

describe('failing storage, and duplicate messages', () => {
  const { transaction, close } = IDBDatabase.prototype;
  const { open } = IDBFactory.prototype;
  const broken = (): void => {
    IDBDatabase.prototype.transaction = () => {
      throw new DOMException('broken', 'UnknownError');
    };
  };
  const repair = (): void => void (IDBDatabase.prototype.transaction = transaction);
  beforeEach(forget);
  afterEach(async () => {
    repair();
    IDBDatabase.prototype.close = close;
    IDBFactory.prototype.open = open;
    await forget();
  });

  it('10.16: "Send again" on a backend that changes texts and loses answers stores one more copy, not one per attempt', async () => {
    const { chat, backend, clock } = await connected({}, (b) => {
      b.capabilities = [];
      b.onSocket = 'refuse';
    });
    chat.openRoom(1);
    await clock.advance(20_000);
    backend.onRequest = (m) => {
      if (m !== 'POST') return undefined;
      backend.store(1, 1, 'The meeting tomorrow morning is in the large blue room, upstairs');
      return 'hang';
    };
    chat.sendChatMessage(1, 'The meeting tomorrow morning is in the large blue room, upstair').catch(() => {});
    await clock.advance(60_000);
    const first = chat.messages(1).find((m) => m.delivery !== 'sent');
    expect([first?.delivery, first?.error?.code, backend.messages.length]).to.deep.equal(['failed', 'maybe_sent', 1]);
    chat.retry(first!.localId!).catch(() => {});
    await clock.advance(600_000);
    const n = backend.messages.length;
    chat.disconnect();
    expect(n).to.be.at.most(2);
  });

  for (const [a, b] of [
    ['The temperature in Berlin tomorrow is -5', 'The temperature in Berlin tomorrow is 5'],
    ['Please use a <div> here in the page', 'Please use a <span> here in the page'],
    ['See you at the office tomorrow morning 👍', 'See you at the office tomorrow morning 👎'],
    ['The price of the whole package is 1500', 'The price of the whole package is 150.'],
    ['Shall we ship the release today?', 'Shall we ship the release today!'],
    ['The whole trip to Rome costs $100', 'The whole trip to Rome costs €100'],
  ] as const) {
    it(`10.16: "${a}" does not certainly equal "${b}"`, () => expect(textSimilarity(a, b)).to.not.equal('same'));
  }

  it('10.16: masked words must keep their length and punctuation; long texts are compared as a whole', () => {
    const long = 'a b '.repeat(1_500);
    for (const [sent, stored, likeness] of [
      ['this is a damn long sentence, about nothing', 'this is a d**n long sentence, about nothing', 'same'],
      ['this is a damn long sentence, about nothing', 'this is a **** long sentence, about nothing', 'same'],
      ['this is a damn long sentence, about nothing', 'this is a d***n long sentence, about nothing', 'unsure'],
      ['this is a damn long sentence, about nothing', 'this is a damn long sentence* about nothing', 'unsure'],
      ['damn it', '**** it', 'unsure'],
      ['a <b>bold</b> claim in the room', 'a bold claim in the room', 'same'],
      ['a <b>bold</b> claim in the room', 'a <i>bold</i> claim in the room', 'unsure'],
      [`${long}1`, `${long}2`, 'unsure'],
    ] as const)
      expect(textSimilarity(sent, stored), `${sent.slice(-50)} / ${stored.slice(-50)}`).to.equal(likeness);
  });

  it('10.16: a message that was never sent is not mistaken for an own message from a phone', async () => {
    const { chat, backend, clock } = await connected({}, (b) => void (b.capabilities = []));
    chat.openRoom(1);
    await clock.advance(0);
    backend.stores = false; // the frame is lost
    const sending = chat.sendChatMessage(1, 'The temperature in Berlin tomorrow is -5');
    await settle();
    backend.stores = true;
    backend.sendAs(1, 1, 'The temperature in Berlin tomorrow is 5'); // from my phone
    await clock.advance(30_000);
    await within(
      sending.catch(() => {}),
      '',
    );
    const mine = chat.messages(1);
    expect(
      [
        backend.messages.some(({ content }) => content.includes('-5')),
        mine.some((m) => m.content.includes('-5')),
      ].includes(true),
    ).to.equal(true);
    chat.disconnect();
  });

  for (const how of ['asleep', 'disconnected', 'used by another user'] as const) {
    it(`10.19: a message rejected in another tab while this one was ${how} does not stay "sending"`, async () => {
      const { clock, backend, one, two: second } = await twoTabs();
      backend.onSocket = 'refuse';
      backend.onRequest = () => new TypeError('Failed to fetch');
      for (const s of backend.open) s.drop();
      await clock.advance(100);
      second.sendChatMessage(1, 'hello').catch(() => {});
      await clock.advance(3000);
      expect([one, second].map((c) => c.messages(1).map((m) => m.delivery))).to.deep.equal([['sending'], ['sending']]);
      if (how === 'disconnected') second.disconnect();
      else if (how === 'used by another user') second.configure({ token: tokenOf(2) });
      else (second as unknown as { suspend?: () => void }).suspend?.();
      if (how === 'asleep') {
        // both tabs share one page here: only the second is notified
        window.dispatchEvent(new Event('pagehide'));
        one.disconnect();
        one.connect();
        await settle();
      }
      backend.onRequest = (m) => (m === 'POST' ? json({ detail: 'No.' }, 400) : undefined);
      await clock.advance(60_000);
      expect(one.messages(1).map((m) => m.delivery)).to.deep.equal(['failed']);
      if (how === 'disconnected') second.connect();
      else if (how === 'used by another user') second.configure({ token: tokenOf(1) });
      else window.dispatchEvent(new Event('pageshow'));
      backend.onRequest = () => undefined;
      backend.onSocket = 'greet';
      await clock.advance(3_600_000);
      const got = [one, second].map((c) => c.messages(1).map((m) => m.delivery));
      one.disconnect();
      second.disconnect();
      expect(got).to.deep.equal([['failed'], ['failed']]);
    });
  }

  it('10.16: the first message of an empty room, from a device whose clock is 5 minutes fast, with a lost answer, is stored once', async () => {
    const { chat, backend, clock } = await connected({}, (b) => {
      b.capabilities = [];
      b.onSocket = 'refuse';
    });
    chat.openRoom(1);
    await clock.advance(20_000);
    let n = 0;
    backend.onRequest = (m) => {
      if (m !== 'POST') return undefined;
      backend.store(1, 1, 'hello').timestamp = new Date(clock.now() - 300_000).toISOString();
      return n++ === 0 ? 'hang' : undefined;
    };
    chat.sendChatMessage(1, 'hello').catch(() => {});
    await clock.advance(60_000);
    const copies = backend.messages.length;
    chat.disconnect();
    expect(copies).to.equal(1);
  });

  it('10.20: a message discarded during a storage failure is not sent after a reload', async () => {
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
    repair();
    for (let i = 0; i < 20; i++) {
      first.saveDraft(2, `something ${i}`); // storage is retried
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

  it('10.6: a purge during a storage failure does not report success', async () => {
    const clock = new FakeClock();
    const storage = new IndexedDbStorage(() => {}, clock);
    await storage.putDraft(SCOPE, 1, 'secret');
    broken();
    await storage.putDraft(SCOPE, 2, 'x');
    repair();
    let outcome = 'forgotten';
    await storage.purge().catch(() => (outcome = 'failed'));
    for (let i = 0; i < 20; i++) {
      await clock.advance(300_000);
      await storage.putDraft(SCOPE, 3, 'y');
      await aTimeout(20);
    }
    expect([outcome, await storage.draft(SCOPE, 1)]).to.not.deep.equal(['forgotten', 'secret']);
  });

  it('10.2: a user whose id begins with "ws" keeps messages stored by the first release', async () => {
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
    const storage = new IndexedDbStorage(() => {});
    expect(await storage.load('https://chat.example/api/chat/ wss://chat.example/ws/chat/ wsmith')).to.have.length(1);
  });

  it('10.21: intermittent storage failures leave no database connection open', async () => {
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
    const storage = new IndexedDbStorage(() => {}, clock);
    storage.open();
    broken();
    for (let i = 0; i < 10; i++) {
      await storage.putDraft(SCOPE, 1, 'x');
      await aTimeout(30);
      await clock.advance(300_000);
    }
    repair();
    storage.close();
    await aTimeout(50);
    expect(opened.size).to.equal(0);
  });

  it('10.6: clearLocalData right after sending leaves nothing in storage', async () => {
    const storage = new MemoryStorage();
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.onSocket = 'refuse';
    backend.onRequest = () => new TypeError('Failed to fetch');
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1) },
      { clock, random: () => 0.999, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs: {} },
    );
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(0);
    chat.sendChatMessage(1, 'secret 1').catch(() => {});
    chat.sendChatMessage(1, 'secret 2').catch(() => {});
    await chat.clearLocalData();
    await clock.advance(1000);
    chat.disconnect();
    expect(
      [...storage.messages.values()]
        .filter(({ message }) => message.content !== '')
        .map(({ message }) => message.content),
    ).to.deep.equal([]);
  });

  it('10.6: clearLocalData before the user is known removes the draft', async () => {
    const storage = new MemoryStorage();
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.onSocket = 'hang';
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: 'opaque' },
      { clock, random: () => 0.999, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs: {} },
    );
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    chat.saveDraft(1, 'secret draft');
    await clock.advance(1000);
    await chat.clearLocalData();
    backend.socket.accept();
    backend.socket.receive(backend.greeting(1));
    await clock.advance(1000);
    chat.disconnect();
    expect([...storage.drafts.values()]).to.deep.equal([]);
  });

  it('10.6: clearLocalData while messages are restored: nothing appears, nothing is sent', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    const storage = new MemoryStorage();
    const scope = 'https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1';
    storage.messages.set('temp_0', {
      scope,
      message: { localId: 'temp_0', roomId: 1, content: 'old secret', at: clock.now(), idempotent: true },
    });
    let chain: Promise<void> = Promise.resolve();
    const original = storage.load.bind(storage);
    void original;
    storage.load = async (s) => {
      const rows = [...storage.messages.values()].filter((row) => row.scope === s).map(({ message }) => message);
      await (chain = chain.then(() => new Promise<void>((r) => clock.after(700, r))));
      return rows;
    };
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1) },
      { clock, random: () => 0.5, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs: {} },
    );
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(100);
    await chat.clearLocalData();
    await clock.advance(60_000);
    const got = [backend.messages.length, storage.messages.size];
    chat.disconnect();
    await settle();
    expect(got).to.deep.equal([0, 0]);
  });
});
