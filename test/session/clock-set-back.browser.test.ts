import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { json } from '../support/fake-backend.js';
import { BASELINE, FULL, FaultScene, openFaultScene } from '../support/fault-scene.js';
import { partsLoaded } from '../support/lazy-parts.js';

describe('10.9: with the clock set back by an hour', () => {
  it('connects a user who signs in and returns to the page', async () => {
    const f = new FaultScene(FULL);
    let signedIn = false;
    let skew = 0;
    const clock = { now: () => f.clock.now() + skew, after: (ms: number, run: () => void) => f.clock.after(ms, run) };
    const chat = new ChatConnection(
      { url: 'https://chat.example', tokenUrl: 'https://site.example/chat-token/' },
      {
        clock,
        random: () => 0.5,
        WebSocket: f.WebSocket,
        fetch: async (input, init) =>
          String(input).includes('chat-token')
            ? signedIn
              ? json({ token: f.token })
              : json({}, 401)
            : f.fetch(input, init),
        storage: f.storage,
        tabs: {},
      },
    );
    chat.connect();
    await partsLoaded();
    await f.clock.advance(5_000);
    expect(chat.state).to.equal('unauthorized');
    skew = -3_600_000;
    signedIn = true;
    for (let n = 0; n < 8; n++) {
      await f.clock.advance(60_000);
      window.dispatchEvent(new Event('focus'));
    }
    await f.clock.advance(30_000);
    const { state } = chat;
    chat.disconnect();
    expect(state).to.equal('connected');
  });

  it('respects Retry-After', async () => {
    const f = await openFaultScene();
    f.server.socketFault = 'refuse';
    f.onRequest = () => json({ detail: 'Wait.' }, 503, { 'Retry-After': '60' });
    f.server.cut(1006);
    await f.clock.advance(5_000);
    f.skewMs = -3_600_000;
    await f.clock.advance(100_000);
    f.server.socketFault = 'none';
    f.onRequest = () => undefined;
    await f.clock.advance(400_000);
    const { state } = f.chat;
    f.chat.disconnect();
    expect(state).to.equal('connected');
  });

  it('finds a lost frame in the periodic check', async () => {
    const f = await openFaultScene();
    await f.clock.advance(30_000);
    f.skewMs = -3_600_000;
    window.dispatchEvent(new Event('online'));
    await f.clock.advance(5_000);
    f.server.frameFaults.push('drop');
    f.sendAsOther('lost');
    await f.clock.advance(300_000);
    const texts = f.texts();
    f.chat.disconnect();
    expect(texts).to.deep.equal(['lost']);
  });

  it('reads list and rooms of a baseline backend at the usual interval', async () => {
    const f = await openFaultScene(() => {}, BASELINE);
    await f.clock.advance(30_000);
    f.skewMs = -3_600_000;
    window.dispatchEvent(new Event('online'));
    await f.clock.advance(5_000);
    f.onFrame = () => {};
    f.sendAsOther('silent');
    f.onFrame = (frame, pass) => pass(frame);
    await f.clock.advance(300_000);
    const texts = f.texts();
    f.chat.disconnect();
    expect(texts).to.deep.equal(['silent']);
  });

  it('reconnects when the server is back', async () => {
    const f = await openFaultScene();
    f.server.socketFault = 'refuse';
    f.server.restFault = 'down';
    f.server.cut(1006);
    await f.clock.advance(120_000);
    f.skewMs = -3_600_000;
    await f.clock.advance(60_000);
    f.heal();
    await f.clock.advance(200_000);
    const { state } = f.chat;
    f.chat.disconnect();
    expect(state).to.equal('connected');
  });

  it('continues polling after REST has failed for a while', async () => {
    const f = await openFaultScene((s) => (s.server.socketFault = 'refuse'));
    await f.clock.advance(60_000);
    f.server.restFault = 'down';
    await f.clock.advance(120_000);
    f.skewMs = -3_600_000;
    await f.clock.advance(60_000);
    f.server.restFault = 'none';
    await f.clock.advance(10_000);
    f.sendAsOther('hello');
    await f.clock.advance(300_000);
    const result = [f.chat.state, ...f.texts()];
    f.chat.disconnect();
    expect(result).to.deep.equal(['polling', 'hello']);
  });

  it('refreshes the token on the open socket when the server announces its expiry', async () => {
    const f = new FaultScene([...FULL, 'token_refresh']);
    let asked = 0;
    let skew = 0;
    const clock = { now: () => f.clock.now() + skew, after: (ms: number, run: () => void) => f.clock.after(ms, run) };
    const chat = new ChatConnection(
      { url: 'https://chat.example', tokenProvider: async () => (asked++, f.newToken()) },
      { clock, random: () => 0.5, WebSocket: f.WebSocket, fetch: f.fetch, storage: f.storage, tabs: {} },
    );
    chat.connect();
    await partsLoaded();
    await f.clock.advance(5_000);
    f.socket.receive({ type: 'token_expiring', in_s: 60 });
    await f.clock.advance(5_000);
    expect(asked).to.equal(2);
    skew = -3_600_000;
    await f.clock.advance(600_000);
    f.socket.receive({ type: 'token_expiring', in_s: 60 });
    await f.clock.advance(5_000);
    chat.disconnect();
    expect(asked).to.equal(3);
  });
});
