import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { connected } from '../support/connected.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

const OPAQUE = 'secret-A+/token==';

describe('a token repeated by the server', () => {
  it('10.31: reaches no other tab and no chat-error', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    const browser = new FakeBrowser();
    const storage = new MemoryStorage();
    const problems: string[] = [];
    const tokens = [tokenOf(1, { jti: 'leader' }), tokenOf(1, { jti: 'follower' })];
    const chats = tokens.map((token) => {
      const chat = new ChatConnection(
        { url: 'https://chat.example', token },
        { clock, random: () => 0.5, WebSocket: backend.WebSocket, fetch: backend.fetch, storage, tabs: browser.tab() },
      );
      chat.on('chat-error', ({ code, message }) => problems.push(`${code}: ${message}`));
      return chat;
    });
    for (const chat of chats) {
      chat.connect();
      await partsLoaded();
      await clock.advance(2_000);
    }
    await clock.advance(5_000);
    backend.socket.receive({ type: 'error', message: `I do not like ${tokens[0]}` });
    backend.socket.receive({ type: tokens[0] });
    await clock.advance(1_000);
    const travelled = browser.messages.filter((text) => text.includes(tokens[0]!)).length;
    const shown = problems.filter((text) => text.includes(tokens[0]!));
    for (const chat of chats) chat.disconnect();
    expect([travelled, shown, problems.length]).to.deep.equal([0, [], 4]);
  });

  it('10.31: is redacted even after it was replaced', async () => {
    const s = await connected(
      { token: tokenOf(1, { jti: 'old' }) },
      (backend) => (backend.capabilities = ['idempotent_send', 'ack', 'user_channel', 'token_refresh']),
    );
    const old = tokenOf(1, { jti: 'old' });
    s.chat.configure({ token: tokenOf(1, { jti: 'new' }) });
    await settle();
    s.backend.socket.receive({ type: 'error', message: `Token ${old} is about to end` });
    await settle();
    s.chat.disconnect();
    expect(s.problems.filter((text) => text.includes(old))).to.deep.equal([]);
  });

  it('10.31: is redacted in its percent-encoded form too', async () => {
    const s = await connected({ token: OPAQUE });
    s.backend.socket.receive({ type: 'error', message: `Bad request: ${s.backend.socket.url}` });
    await settle();
    s.chat.disconnect();
    expect(s.problems).to.deep.equal(['server_error: Bad request: wss://chat.example/ws/chat/?token=…']);
  });
});
