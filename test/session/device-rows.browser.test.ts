import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { FULL, FaultScene } from '../support/fault-scene.js';
import { partsLoaded } from '../support/lazy-parts.js';

/** Waits until pending storage operations are done: transactions run in sequence. */
async function deviceIdle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    const database = await new Promise<IDBDatabase>(
      (resolve) =>
        (indexedDB.open('unified-chat').onsuccess = ({ target }) => resolve((target as IDBOpenDBRequest).result)),
    );
    if (database.objectStoreNames.length > 0) {
      const transaction = database.transaction([...database.objectStoreNames], 'readwrite');
      await new Promise((resolve) => (transaction.oncomplete = resolve));
    }
    database.close();
  }
}
const wipe = (): Promise<void> =>
  new Promise((resolve) => {
    const request = indexedDB.deleteDatabase('unified-chat');
    request.onsuccess = request.onerror = request.onblocked = () => resolve();
  });

/** Like FaultScene.open, with real storage. */
async function open(f: FaultScene): Promise<ChatConnection> {
  const { clock } = f;
  const chat = new ChatConnection(
    { url: 'https://chat.example', token: f.token },
    {
      clock: { now: () => clock.now() + f.skewMs, after: (ms, run) => clock.after(ms, run) },
      random: () => 0.999,
      WebSocket: f.WebSocket,
      fetch: f.fetch,
      tabs: {},
    },
  );
  f.chat = chat;
  chat.openRoom(1);
  chat.connect();
  await partsLoaded();
  await deviceIdle();
  await clock.advance(1_000);
  return chat;
}

describe('stored rows', function () {
  this.timeout(20_000);
  beforeEach(wipe);

  it('10.15: are sent in the order of writing, even if the clock was set back between page loads', async () => {
    const f = new FaultScene(FULL);
    f.server.restFault = 'down';
    f.server.socketFault = 'refuse';
    await open(f);
    f.send('first');
    await deviceIdle();
    f.chat.disconnect();
    f.skewMs = -3_600_000;
    await open(f);
    f.send('second');
    await deviceIdle();
    f.chat.disconnect();
    f.server.restFault = 'none';
    f.server.socketFault = 'none';
    await open(f);
    for (let n = 0; n < 10; n++) {
      await deviceIdle();
      await f.clock.advance(1_000);
    }
    f.chat.disconnect();
    expect(f.server.rows.map(({ content }) => content)).to.deep.equal(['first', 'second']);
  });

  for (const [what, row] of Object.entries({
    'no message': { localId: 'x', order: 1 },
    'a null message': { localId: 'x', order: 1, kept: null },
    'an invalid text': { localId: 'x', order: 1, kept: { localId: 'x', roomId: 1, content: {}, at: 5 } },
    'an invalid room': { localId: 'x', order: 1, kept: { localId: 'x', roomId: {}, content: 'x', at: 5 } },
    'an invalid time': { localId: 'x', order: 1, kept: { localId: 'x', roomId: 1, content: 'x', at: NaN } },
    'an invalid rejection': {
      localId: 'x',
      order: 1,
      kept: { localId: 'x', roomId: 1, content: 'x', at: 5, refused: 7 },
    },
  })) {
    it(`10.31: with ${what} do not block other messages`, async () => {
      const f = new FaultScene(FULL);
      await open(f);
      f.send('before');
      await deviceIdle();
      await f.clock.advance(2_000);
      f.chat.disconnect();
      await deviceIdle();
      // The draft reveals the format of the scope.
      const database = await new Promise<IDBDatabase>(
        (resolve) =>
          (indexedDB.open('unified-chat').onsuccess = ({ target }) => resolve((target as IDBOpenDBRequest).result)),
      );
      const scope = `https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1`;
      const transaction = database.transaction('outbox', 'readwrite');
      transaction.objectStore('outbox').put({ scope, ...row });
      await new Promise((resolve) => (transaction.oncomplete = resolve));
      database.close();
      const errors: string[] = [];
      const onError = (event: PromiseRejectionEvent): void =>
        void (errors.push(String(event.reason)), event.preventDefault());
      window.addEventListener('unhandledrejection', onError);
      await open(f);
      f.send('mine');
      for (let n = 0; n < 10; n++) {
        await deviceIdle();
        await f.clock.advance(3_000);
      }
      const state = f.chat.state;
      window.removeEventListener('unhandledrejection', onError);
      f.chat.disconnect();
      expect([state, f.sent.map(({ outcome }) => outcome), errors]).to.deep.equal([
        'connected',
        ['websocket', 'websocket'],
        [],
      ]);
    });
  }

  it('10.38: a token provider that hangs once is asked again when the user returns to the page', async () => {
    const f = new FaultScene(FULL);
    let asked = 0;
    let hangs = true;
    const chat = new ChatConnection(
      {
        url: 'https://chat.example',
        tokenProvider: () => (asked++, hangs ? new Promise<string>(() => {}) : Promise.resolve(f.token)),
      },
      { clock: f.clock, random: () => 0.5, WebSocket: f.WebSocket, fetch: f.fetch, storage: f.storage, tabs: {} },
    );
    chat.connect();
    await partsLoaded();
    await f.clock.advance(30_000);
    expect(chat.state).to.equal('unauthorized');
    hangs = false;
    for (let n = 0; n < 12; n++) {
      window.dispatchEvent(new Event('focus'));
      await f.clock.advance(300_000);
    }
    const state = chat.state;
    chat.retryNow();
    await f.clock.advance(20_000);
    const after = chat.state;
    chat.disconnect();
    expect([state, asked, after]).to.deep.equal(['connected', 2, 'connected']);
  });
});
