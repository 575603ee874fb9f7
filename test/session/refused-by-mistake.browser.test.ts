import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { json } from '../support/fake-backend.js';
import { FULL, FaultScene } from '../support/fault-scene.js';
import { partsLoaded } from '../support/lazy-parts.js';

describe('a token rejected by mistake', () => {
  for (const way of ['one 401 by REST', 'one 4001 on the socket'] as const) {
    it(`10.8: is retried when the user returns or presses Retry (${way})`, async () => {
      const f = new FaultScene(FULL);
      let asked = 0;
      const chat = new ChatConnection(
        { url: 'https://chat.example', tokenProvider: async () => (asked++, f.token) },
        { clock: f.clock, random: () => 0.5, WebSocket: f.WebSocket, fetch: f.fetch, storage: f.storage, tabs: {} },
      );
      chat.openRoom(1);
      chat.connect();
      await partsLoaded();
      await f.clock.advance(31_000);
      expect(chat.state).to.equal('connected');
      if (way.endsWith('REST')) {
        let left = 1;
        f.onRequest = () =>
          left-- > 0 ? json({ detail: 'Given token not valid', code: 'token_not_valid' }, 401) : undefined;
        await chat.refreshRoomList().catch(() => {});
      } else f.server.cut(4001);
      for (let n = 0; n < 12; n++) {
        await f.clock.advance(300_000);
        window.dispatchEvent(new Event('focus'));
        window.dispatchEvent(new Event('online'));
      }
      await f.clock.advance(20_000);
      const result = [chat.state, chat.reason.code];
      chat.retryNow();
      await f.clock.advance(20_000);
      const after = chat.state;
      chat.disconnect();
      expect([...result, asked, after]).to.deep.equal(['connected', 'connected', asked, 'connected']);
    });
  }
});

describe('a late token', () => {
  it('10.8: is used after 20 s, while the old one is still valid', async () => {
    const f = new FaultScene([...FULL, 'token_refresh']);
    const states: string[] = [];
    let asked = 0;
    const chat = new ChatConnection(
      {
        url: 'https://chat.example',
        token: f.token,
        tokenProvider: async () => {
          asked++;
          await new Promise<void>((resolve) => void f.clock.after(20_000, resolve));
          return f.newToken();
        },
      },
      { clock: f.clock, random: () => 0.5, WebSocket: f.WebSocket, fetch: f.fetch, storage: f.storage, tabs: {} },
    );
    const sent: string[] = [];
    f.onSent = (frame) => {
      sent.push(String(frame.type));
      return true;
    };
    const old = f.token;
    chat.connect();
    await partsLoaded();
    await f.clock.advance(40_000);
    expect(chat.state).to.equal('connected');
    chat.on('chat-state-change', ({ state }) => states.push(state));
    f.socket.receive({ type: 'token_expiring', in_s: 60 });
    await f.clock.advance(60_000);
    const authenticated = sent.includes('authenticate');
    f.server.rejectToken(old);
    if (!authenticated) f.server.cut(4001);
    await f.clock.advance(120_000);
    chat.disconnect();
    expect([authenticated, states.includes('unauthorized'), asked]).to.deep.equal([true, false, 1]);
  });
});
