import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { connected } from '../support/connected.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

describe('single delivery, visible to the author only', () => {
  it('sends a message once if the leader of two tabs is killed during a POST to a baseline backend', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.capabilities = [];
    const browser = new FakeBrowser();
    const storage = new MemoryStorage();
    const tabs = [browser.tab(), browser.tab()];
    const [one, two] = tabs.map(
      (t) =>
        new ChatConnection(
          { url: 'https://chat.example', token: tokenOf(1) },
          { clock, random: () => 0.5, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs: t },
        ),
    ) as [ChatConnection, ChatConnection];
    for (const c of [one, two]) {
      c.openRoom(1);
      c.connect();
    }
    await partsLoaded();
    await clock.advance(10_000);
    expect([one.state, two.state]).to.deep.equal(['connected', 'connected']);
    backend.echo = 'none';
    two.sendChatMessage(1, 'once').catch(() => {});
    await settle();
    expect(backend.messages.length).to.equal(1);
    tabs[0]!.kill();
    one.disconnect();
    await clock.advance(60_000);
    expect([two.state, backend.messages.length, two.messages(1).map((m) => m.delivery)]).to.deep.equal([
      'connected',
      1,
      ['sent'],
    ]);
    two.disconnect();
  });

  it('continues after the same user signs out and in again with an unchanged token', async () => {
    const { chat, clock } = await connected({ user: 'ana' });
    expect(chat.state).to.equal('connected');
    chat.configure({ user: '' });
    await clock.advance(1000);
    chat.configure({ user: 'ana' });
    await clock.advance(10_000);
    chat.retryNow();
    await clock.advance(10_000);
    const state = chat.state;
    chat.disconnect();
    expect(state).to.equal('connected');
  });

  it('does not read a baseline backend with inclusive `after` more often than others', async () => {
    const { chat, backend, clock } = await connected({}, (b) => {
      b.capabilities = [];
      b.store(1, 2, 'one');
    });
    chat.openRoom(1);
    await clock.advance(1000);
    const n = backend.requests.length;
    await clock.advance(3_600_000);
    const perMinute = (backend.requests.length - n) / 60;
    chat.disconnect();
    expect(perMinute).to.be.below(8.5);
  });

  it('never shows a draft of Ana to Ben when users change on slow storage', async () => {
    const storage = new MemoryStorage();
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.userOf = (t) => JSON.parse(atob(t.split('.')[1]!)).user_id;
    storage.latency = () => new Promise((r) => clock.after(1500, () => r()));
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1) },
      { clock, random: () => 0.9, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs: {} },
    );
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    chat.saveDraft(1, 'of Ana');
    await clock.advance(5000);
    const asked = chat.draft(1);
    chat.configure({ token: tokenOf(2) });
    await clock.advance(100);
    const ben = chat.draft(1);
    await clock.advance(10_000);
    chat.disconnect();
    expect([await asked, await ben]).to.deep.equal(['', '']);
  });

  it('releases the queues of many rooms after messages were sent or rejected', async () => {
    const { chat, backend, clock } = await connected();
    void backend;
    for (let i = 0; i < 20; i++) chat.sendChatMessage(1000 + i, 'x').catch(() => {});
    await clock.advance(10_000);
    chat.disconnect();
  });
});
