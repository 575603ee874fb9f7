import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/store/index.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryVault } from '../support/memory-vault.js';
import { partsLoaded } from '../support/parts.js';

describe('attack 10', () => {
  const two = async (prepare: (backend: FakeBackend) => void = () => {}) => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    prepare(backend);
    const browser = new FakeBrowser();
    const vault = new MemoryVault();
    const tabs = [browser.tab(), browser.tab()];
    const chats = tabs.map((t) => new ChatConnection({ url: 'https://chat.example', token: tokenOf(1) }, { clock, random: () => 0.5, WebSocket: backend.WebSocket, fetch: backend.fetch, vault, tabs: t })) as [ChatConnection, ChatConnection];
    for (const c of chats) {
      c.openRoom(1);
      c.connect();
      await partsLoaded();
      await clock.advance(1000);
    }
    await clock.advance(10_000);
    return { clock, backend, vault, one: chats[0], two: chats[1], tabs };
  };

  it('T44 discarded in one tab while another one has it refused', async () => {
    const { clock, backend, one, two: second } = await two();
    backend.onSocket = 'refuse';
    for (const s of backend.open) s.drop();
    backend.onRequest = (m) => (m === 'POST' ? json({ detail: 'No.' }, 400) : undefined);
    await clock.advance(100);
    second.sendChatMessage(1, 'hello').catch(() => {});
    await clock.advance(30_000);
    expect([one, second].map((c) => c.messages(1).map((m) => m.delivery))).to.deep.equal([['failed'], ['failed']]);
    second.discard(second.messages(1)[0]!.localId!);
    await clock.advance(1000);
    const got = [one, second].map((c) => c.messages(1).map((m) => m.delivery));
    one.disconnect();
    second.disconnect();
    expect(got).to.deep.equal([[], []]);
  });

  it('T45 Retry in a tab that has not the lock, when the leader came after the refusal', async () => {
    const { clock, backend, one, two: second } = await two();
    backend.onSocket = 'refuse';
    for (const s of backend.open) s.drop();
    backend.onRequest = (m) => (m === 'POST' ? json({ detail: 'No.' }, 400) : undefined);
    await clock.advance(100);
    second.sendChatMessage(1, 'hello').catch(() => {});
    await clock.advance(30_000);
    one.disconnect();
    await clock.advance(1000);
    backend.onRequest = () => undefined;
    backend.onSocket = 'greet';
    one.connect();
    await clock.advance(30_000);
    one.retry(one.messages(1)[0]!.localId!).catch(() => {});
    await clock.advance(60_000);
    const got = [one, second].map((c) => c.messages(1).map((m) => m.delivery));
    const n = backend.messages.length;
    one.disconnect();
    second.disconnect();
    expect([got, n]).to.deep.equal([[['sent'], ['sent']], 1]);
  });

  it('T46 traffic of three tabs with a leader that has no socket, at minute 60', async () => {
    const { clock, backend, one, two: second } = await two((b) => void (b.onSocket = 'refuse'));
    await clock.advance(3_000_000);
    const n = backend.requests.length;
    const s = backend.sockets.length;
    await clock.advance(600_000);
    const perMinute = (backend.requests.length - n) / 10;
    const sockets = (backend.sockets.length - s) / 10;
    one.disconnect();
    second.disconnect();
    expect([perMinute < 60, sockets < 10, perMinute, sockets]).to.deep.equal([true, true, perMinute, sockets]);
  });
});
