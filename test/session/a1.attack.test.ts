import { expect } from '@open-wc/testing';
import { compareTexts } from '../../src/session/compare-texts.js';
import { ChatConnection } from '../../src/store/index.js';
import { connected, scene } from '../support/connected.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { MemoryVault } from '../support/memory-vault.js';
import { partsLoaded } from '../support/parts.js';
import { FakeBrowser } from '../support/fake-tabs.js';

const within = <T>(promise: Promise<T>, what: string): Promise<T | string> => Promise.race([promise, new Promise<string>((r) => setTimeout(() => r(what), 300))]);

describe('attack 1', () => {
  for (const [a, b] of [
    ['The temperature in Berlin tomorrow is -5', 'The temperature in Berlin tomorrow is 5'],
    ['Please use a <div> here in the page', 'Please use a <span> here in the page'],
    ['See you at the office tomorrow morning 👍', 'See you at the office tomorrow morning 👎'],
    ['The price of the whole package is 1500', 'The price of the whole package is 150.'],
    ['Shall we ship the release today?', 'Shall we ship the release today!'],
    ['The whole trip to Rome costs $100', 'The whole trip to Rome costs €100'],
  ] as const) {
    it(`T1 "${a}" is not certainly "${b}"`, () => expect(compareTexts(a, b)).to.not.equal('same'));
  }

  it('T1b the message that never left is not taken for one of mine from a phone', async () => {
    const { chat, backend, clock } = await connected({}, (b) => void (b.capabilities = []));
    chat.openRoom(1);
    await clock.advance(0);
    backend.stores = false; // the frame is lost
    const sending = chat.sendChatMessage(1, 'The temperature in Berlin tomorrow is -5');
    await settle();
    backend.stores = true;
    backend.say(1, 1, 'The temperature in Berlin tomorrow is 5'); // from my phone
    await clock.advance(30_000);
    await within(sending.catch(() => {}), '');
    const mine = chat.messages(1);
    expect([backend.messages.some(({ content }) => content.includes('-5')), mine.some((m) => m.content.includes('-5'))].includes(true)).to.equal(true);
    chat.disconnect();
  });

  it('T3 opaque: what the new person wrote before the greeting is not lost', async () => {
    const { chat, backend, clock } = await connected({ token: 'opaque-ana' }, (b) => (b.whose = (t) => (t.includes('ben') ? 2 : 1)));
    chat.openRoom(1);
    await clock.advance(0);
    backend.onSocket = 'hang';
    backend.onRequest = () => 'hang';
    chat.configure({ token: 'opaque-ben' });
    await clock.advance(100);
    const sending = chat.sendChatMessage(1, 'by Ben').then(() => 'sent', (e: Error) => `rejected: ${e.message}`);
    await clock.advance(100);
    expect(chat.messages(1).map((m) => m.content)).to.deep.equal(['by Ben']);
    backend.onRequest = () => undefined;
    backend.socket.accept();
    backend.socket.receive(backend.greeting(2));
    await clock.advance(60_000);
    expect([chat.state, backend.messages.map((m) => `${m.sender.id} ${m.content}`), chat.messages(1).map((m) => m.content), await within(sending, 'pending')])
      .to.deep.equal(['connected', ['2 by Ben'], ['by Ben'], 'sent']);
    chat.disconnect();
  });

  it('T4 opaque: written in the moment in which another token comes', async () => {
    const { chat, backend, clock } = scene({ token: 'opaque-ana' }, (b) => (b.whose = (t) => (t.includes('ben') ? 2 : 1)));
    chat.openRoom(1);
    backend.onSocket = 'hang';
    chat.connect();
    await partsLoaded();
    await clock.advance(10);
    const sending = chat.sendChatMessage(1, 'by Ana').then(() => 'sent', (e: Error) => `rejected: ${e.message}`);
    backend.onSocket = 'greet';
    chat.configure({ token: 'opaque-ben' });
    await clock.advance(60_000);
    expect(await within(sending, 'pending for ever')).to.not.equal('pending for ever');
    chat.disconnect();
  });

  it('T6a forgetDevice right after sending leaves nothing on the device', async () => {
    const vault = new MemoryVault();
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.onSocket = 'refuse';
    backend.onRequest = () => new TypeError('Failed to fetch');
    const chat = new ChatConnection({ url: 'https://chat.example', token: tokenOf(1) }, { clock, random: () => 0.999, WebSocket: backend.WebSocket, fetch: backend.fetch, vault, tabs: {} });
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(0);
    chat.sendChatMessage(1, 'secret 1').catch(() => {});
    chat.sendChatMessage(1, 'secret 2').catch(() => {});
    await chat.forgetDevice();
    await clock.advance(1000);
    chat.disconnect();
    expect([...vault.messages.values()].filter(({ kept }) => kept.content !== '').map(({ kept }) => kept.content)).to.deep.equal([]);
  });

  it('T6b forgetDevice before the person is known forgets the draft', async () => {
    const vault = new MemoryVault();
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.onSocket = 'hang';
    const chat = new ChatConnection({ url: 'https://chat.example', token: 'opaque' }, { clock, random: () => 0.999, WebSocket: backend.WebSocket, fetch: backend.fetch, vault, tabs: {} });
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    chat.keepDraft(1, 'secret draft');
    await clock.advance(1000);
    await chat.forgetDevice();
    backend.socket.accept();
    backend.socket.receive(backend.greeting(1));
    await clock.advance(1000);
    chat.disconnect();
    expect([...vault.drafts.values()]).to.deep.equal([]);
  });

  it('T7 a second change of person within 5 s is not missed', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    const browser = new FakeBrowser();
    const parts = (): object => ({ clock, random: () => 0.999, WebSocket: backend.WebSocket, fetch: backend.fetch, vault: new MemoryVault(), tabs: browser.tab() });
    let cookie = tokenOf(1);
    const one = new ChatConnection({ url: 'https://chat.example', tokenProvider: async () => cookie }, parts());
    const two = new ChatConnection({ url: 'https://chat.example', tokenProvider: async () => cookie, user: 'ana' }, parts());
    backend.whose = (t) => JSON.parse(atob(t.split('.')[1]!)).user_id;
    one.connect();
    two.connect();
    await partsLoaded();
    await clock.advance(10_000);
    expect([one.user?.id, two.user?.id]).to.deep.equal([1, 1]);
    two.configure({ user: '' }); // signs out here; the cookie dies a moment later
    await clock.advance(500);
    cookie = tokenOf(2);
    await clock.advance(2_000);
    two.configure({ user: 'ben' });
    await clock.advance(600_000);
    expect([two.user?.id, one.user?.id]).to.deep.equal([2, 2]);
    one.disconnect();
    two.disconnect();
  });

  it('T8 unread count of an open room that nobody reads: a message between the list and its page', async () => {
    const { chat, backend, clock } = await connected({}, (b) => void (b.onSocket = 'hang'));
    chat.openRoom(1);
    await clock.advance(100);
    const told: string[] = [];
    chat.on('chat-message', ({ message }) => told.push(message.content));
    let answer!: () => void;
    const gate = new Promise<void>((resolve) => (answer = resolve));
    backend.onRequest = (_m, path) => {
      if (!path.startsWith('rooms/1/messages/')) return undefined;
      const response = json({});
      response.text = async () => {
        await gate;
        return JSON.stringify({ messages: backend.messages, has_more: false, count: backend.messages.length });
      };
      return response;
    };
    backend.socket.accept();
    backend.socket.receive(backend.greeting(1));
    await clock.advance(0);
    await settle(); // the list was answered, with 0 unread: true at that time
    const message = backend.store(1, 2, 'hello');
    backend.rooms = backend.rooms.map((each) => (each.id === 1 ? { ...each, unread_count: 1, last_message: message } : each));
    backend.socket.receive({ type: 'new_message', room_id: 1, message });
    await clock.advance(0);
    answer();
    await clock.advance(3_600_000);
    expect([chat.state, chat.messages(1).map((m) => m.content), told, chat.rooms.find((r) => r.id === 1)!.unread_count]).to.deep.equal(['connected', ['hello'], ['hello'], 1]);
    chat.disconnect();
  });

  it('T14 the other tab signs out: Retry does not bring Ana back by her old token', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    const browser = new FakeBrowser();
    const parts = (): object => ({ clock, random: () => 0.999, WebSocket: backend.WebSocket, fetch: backend.fetch, vault: new MemoryVault(), tabs: browser.tab() });
    let cookie = tokenOf(1);
    const one = new ChatConnection({ url: 'https://chat.example', token: tokenOf(1), tokenProvider: async () => cookie }, parts());
    const two = new ChatConnection({ url: 'https://chat.example', tokenProvider: async () => cookie, user: 'ana' }, parts());
    one.connect();
    two.connect();
    await partsLoaded();
    await clock.advance(10_000);
    cookie = '';
    two.configure({ user: '' });
    await clock.advance(2_000);
    expect(one.state).to.equal('unauthorized');
    one.configure({ notifications: true }); // the host draws anew
    await clock.advance(10_000);
    expect([one.state, one.rooms.length]).to.deep.equal(['unauthorized', 0]);
    one.disconnect();
    two.disconnect();
  });

  it('T15 a token with a line feed at its end is the same token after disconnect and connect', async () => {
    const { chat, backend, clock } = await connected({ token: 'opaque\n' }, (b) => {
      b.onSocket = 'refuse';
      b.onRequest = () => new TypeError('Failed to fetch');
    });
    chat.openRoom(1);
    chat.sendChatMessage(1, 'hello').catch(() => {});
    await clock.advance(1000);
    chat.disconnect();
    chat.connect();
    await clock.advance(0);
    backend.onRequest = () => undefined;
    backend.onSocket = 'greet';
    await clock.advance(60_000);
    expect([chat.state, backend.messages.length, chat.messages(1).map((m) => m.delivery)]).to.deep.equal(['connected', 1, ['sent']]);
    chat.disconnect();
  });
});
