/** Regressions found by test/model: user changes, and delayed messages between tabs. */
import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

const ANA = tokenOf(1);
const BEN = tokenOf(2);

describe('after a user has left', () => {
  let clock: FakeClock;
  let backend: FakeBackend;
  let storage: MemoryStorage;
  let chat: ChatConnection;
  beforeEach(async () => {
    clock = new FakeClock();
    backend = new FakeBackend(clock);
    backend.userOf = (token) => (token === BEN ? 2 : 1);
    storage = new MemoryStorage();
    chat = new ChatConnection(
      { url: 'https://chat.example', token: ANA },
      { clock, random: () => 0.999, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs: {} },
    );
    chat.openRoom(1);
  });
  afterEach(() => chat.disconnect());

  async function open(): Promise<void> {
    chat.connect();
    await partsLoaded();
    await clock.advance(0);
  }

  for (const [how, leave] of [
    ['another user', () => chat.configure({ token: BEN })],
    ['another tenant', () => chat.configure({ apiPath: '/b/api/chat/', wsPath: '/b/ws/chat/' })],
    ['no user', () => chat.configure({ token: '' })],
  ] as const) {
    it(`10.1: live messages held during a read are not shown to ${how}`, async () => {
      backend.onRequest = () => 'hang';
      await open();
      backend.sendAs(1, 2, 'for Ana alone');
      await settle();
      backend.onRequest = () => undefined;
      backend.messages = [];
      leave();
      await clock.advance(1_000);
      expect(chat.messages(1).map(({ content }) => content)).to.deep.equal([]);
    });
  }

  it('10.1: a message that was still being stored when its author left is restored for that author', async () => {
    await open();
    storage.latency = () => new Promise((resolve) => clock.after(100, resolve));
    chat.sendChatMessage(1, 'first').catch(() => {});
    chat.sendChatMessage(1, 'second').catch(() => {});
    await settle();
    chat.configure({ token: BEN });
    await settle();
    chat.configure({ token: ANA });
    chat.sendChatMessage(1, 'third').catch(() => {});
    await clock.advance(5_000);
    expect(backend.messages.map(({ content, sender }) => `${sender.id} ${content}`)).to.deep.equal([
      '1 first',
      '1 second',
      '1 third',
    ]);
    expect(chat.messages(1).map(({ content }) => content)).to.deep.equal(['first', 'second', 'third']);
  });

  it('10.16: a delayed tab message about a message that is already stored does not resend it', async () => {
    const browser = new FakeBrowser();
    chat = new ChatConnection(
      { url: 'https://chat.example', token: ANA },
      { clock, random: () => 0.999, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs: browser.tab() },
    );
    chat.openRoom(1);
    // The capabilities are not yet known, so the message is sent without an id.
    backend.onSocket = 'hang';
    await open();
    void chat.sendChatMessage(1, 'written once');
    await clock.advance(1_000);
    expect(backend.messages).to.have.length(1);
    backend.onSocket = 'greet';
    await clock.advance(60_000);
    expect(chat.state).to.equal('connected');
    const localId = chat.messages(1)[0]!.localId!;
    const other = new (browser.tab().BroadcastChannel)(
      'unified-chat/3 channel https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1',
    );
    other.postMessage({
      kind: 'added',
      kept: { localId, roomId: 1, content: 'written once', at: clock.now(), named: true },
    });
    await clock.advance(60_000);
    expect(backend.messages.map(({ content }) => content)).to.deep.equal(['written once']);
    expect(chat.messages(1).map(({ delivery }) => delivery)).to.deep.equal(['sent']);
  });
});
