import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/store/index.js';
import { connected, scene } from '../support/connected.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { MemoryVault } from '../support/memory-vault.js';
import { partsLoaded } from '../support/parts.js';
import { FakeBrowser } from '../support/fake-tabs.js';

const within = <T>(promise: Promise<T>, what: string): Promise<T | string> => Promise.race([promise, new Promise<string>((r) => setTimeout(() => r(what), 300))]);

describe('attack 1', () => {

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

  it('T5 a cursor that was deleted: a backend that answers 400 to `after` is not "failing"', async () => {
    const { chat, backend, clock } = await connected({}, (b) => {
      b.capabilities = [];
      b.onSocket = 'refuse';
      b.store(1, 2, 'one');
      b.store(1, 2, 'two');
    });
    chat.openRoom(1);
    await clock.advance(10_000);
    expect(chat.state).to.equal('polling');
    backend.onRequest = (_m, path) => (path.includes('after=2') ? json({ detail: 'Unknown message.' }, 400) : undefined);
    backend.messages.pop();
    backend.messages.push({ ...backend.store(1, 2, 'three'), id: 3 });
    backend.messages.splice(1, 1);
    await clock.advance(12_000);
    const states = [chat.state, chat.reason.code, chat.messages(1).map((m) => m.content)];
    expect(states).to.deep.equal(['polling', 'websocket_blocked', ['one', 'three']]);
    chat.disconnect();
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

  it('T11 Retry-After of one backend is not obeyed towards another', async () => {
    const { chat, backend, clock } = await connected({}, (b) => {
      b.onSocket = 'refuse';
      b.onRequest = () => json({ detail: 'away' }, 503, { 'Retry-After': '300' });
    });
    await clock.advance(5_000);
    expect(chat.state).to.equal('error');
    backend.onRequest = () => undefined;
    chat.configure({ url: 'https://other.example' });
    await clock.advance(30_000);
    expect([chat.state, chat.rooms.length]).to.deep.equal(['polling', 2]);
    const n = backend.requests.length;
    await clock.advance(60_000);
    expect([backend.requests.length - n > 2]).to.deep.equal([true]);
    chat.disconnect();
  });

  it('T12 the first greeting after an hour of polling does not throw away what was read', async () => {
    const { chat, backend, clock } = await connected({}, (b) => void (b.onSocket = 'refuse'));
    chat.disconnect();
    for (let i = 0; i < 45; i++) backend.store(1, 2, `old ${i}`);
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(10_000);
    for (let i = 0; i < 30; i++) backend.store(1, 2, `new ${i}`);
    await clock.advance(60_000);
    const before = chat.messages(1).length;
    backend.onSocket = 'greet';
    chat.retryNow();
    await clock.advance(60_000);
    expect([chat.state, before, chat.messages(1).length]).to.deep.equal(['connected', 75, 75]);
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
