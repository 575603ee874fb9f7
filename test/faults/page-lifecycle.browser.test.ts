/** What browsers and people do to a page: sleep, freezing, going back, lies about the network, reloading, tabs. */
import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { meet } from '../support/fault-scene.js';
import { MemoryVault } from '../support/memory-vault.js';

/** Says something else than is so, of a property of the browser, until the test is over. */
async function pretend(target: object, property: string, value: unknown, meanwhile: () => Promise<void>): Promise<void> {
  Object.defineProperty(target, property, { configurable: true, get: () => value });
  await meanwhile().finally(() => Reflect.deleteProperty(target, property));
}
const turns = (target: EventTarget, name: string): boolean => target.dispatchEvent(new Event(name));

describe('a page', () => {
  it('sleeps for 8 hours, and the line is dead', async () => {
    const f = await meet();
    f.clock.sleep(8 * 3_600_000);
    f.server.cut(1006);
    f.say('said at night');
    await f.shows('reconnecting', 'connection_lost');
    f.send('in the morning');
    await f.minute('connected', 'connected', 1, 10);
    await f.heals();
  });

  it('sleeps for 8 hours, and the line only looks alive', async () => {
    const f = await meet();
    const { socket } = f;
    f.onSent = (_frame, from) => from !== socket;
    f.onFrame = (frame, pass) => f.socket !== socket && pass(frame);
    f.say('said at night');
    f.clock.sleep(8 * 3_600_000);
    f.send('in the morning');
    await f.shows('reconnecting', 'connection_silent');
    await f.minute('connected', 'connected', 1, 10);
    await f.heals();
  });

  it('is hidden for 10 minutes, and its timers stand still', async () => {
    const f = await meet();
    await pretend(document, 'visibilityState', 'hidden', async () => {
      turns(document, 'visibilitychange');
      f.clock.sleep(600_000);
      f.say('said meanwhile');
    });
    turns(document, 'visibilitychange');
    f.send('back again');
    await f.minute('connected', 'connected', 1, 10);
    await f.heals();
  });

  it('is frozen and resumed', async () => {
    const f = await meet();
    turns(document, 'freeze');
    await f.shows('reconnecting', 'page_asleep');
    expect(f.server.open).to.have.length(0);
    f.send('kept');
    f.say('said meanwhile');
    await f.minute('reconnecting', 'page_asleep', 0, 0);
    turns(document, 'resume');
    await f.minute('connected', 'connected', 1, 10);
    await f.heals();
  });

  it('is kept for the way back (bfcache), and comes back', async () => {
    const f = await meet();
    f.server.isDeaf = true;
    f.send('on its way');
    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
    await f.shows('reconnecting', 'page_asleep');
    expect(f.server.open).to.have.length(0);
    f.server.isDeaf = false;
    f.clock.sleep(3_600_000);
    await f.minute('reconnecting', 'page_asleep', 0, 0);
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    await f.minute('connected', 'connected', 1, 10);
    await f.heals();
  });

  it('is told that it is offline, and is not', async () => {
    const f = await meet();
    await pretend(navigator, 'onLine', false, async () => {
      turns(window, 'offline');
      f.send('all the same');
      await f.minute('connected', 'connected', 0, 8);
    });
    await f.heals();
  });

  it('is told that it is offline, and is', async () => {
    const f = await meet();
    await pretend(navigator, 'onLine', false, async () => {
      f.server.socketFault = 'refuse';
      f.server.restFault = 'down';
      f.server.isDeaf = f.server.isMute = true;
      turns(window, 'offline');
      f.send('patient');
      await f.minute('offline', 'browser_offline', 6, 40);
    });
    f.heal();
    turns(window, 'online');
    await f.minute('connected', 'connected', 2, 14);
    await f.heals();
  });

  it('is told a hundred times that it is online, and is not', async () => {
    const f = await meet();
    f.server.socketFault = 'refuse';
    f.server.restFault = 'down';
    f.server.cut(1006);
    f.send('patient');
    for (let n = 0; n < 100; n++) turns(window, 'online');
    await f.minute('error', 'server_unreachable', 7, 60);
    await f.heals();
  });

  it('is told every half second that it is online, and is not', async () => {
    const f = await meet();
    f.server.socketFault = 'refuse';
    f.server.restFault = 'down';
    f.server.cut(1006);
    f.send('patient');
    for (let n = 0; n < 119; n++) f.clock.after(n * 500, () => turns(window, 'online'));
    await f.minute('error', 'server_unreachable', 60, 250);
    await f.heals();
  });

  it('is loaded anew in the middle of sending, and the message was stored', async () => {
    const f = await meet();
    f.onFrame = () => {};
    f.send('mine');
    await settle();
    f.heal();
    await f.reload();
    await f.minute('connected', 'connected', 0, 10);
    await f.heals();
  });

  it('is loaded anew in the middle of sending, and the message was not stored', async () => {
    const f = await meet();
    f.server.socketFault = 'refuse';
    f.server.restFault = 'down';
    f.server.cut(1006);
    f.send('one');
    f.send('two');
    await settle();
    await f.reload();
    await f.minute('error', 'server_unreachable', 6, 60);
    expect(f.texts()).to.deep.equal(['one', 'two']);
    await f.heals();
  });

  it('is given another token in the middle of sending', async () => {
    const f = await meet();
    f.server.isDeaf = true;
    f.send('one');
    f.send('two');
    await settle();
    f.server.isDeaf = false;
    f.chat.configure({ token: f.newToken() });
    expect(f.reasons).to.include('token_changed');
    await f.minute('connected', 'connected', 1, 14);
    await f.heals();
  });

  it('is given another address while it still connects', async () => {
    const f = await meet((scene) => (scene.server.socketFault = 'hang'));
    f.server.socketFault = 'none';
    f.chat.configure({ url: 'https://other.example' });
    f.say('theirs');
    await f.minute('connected', 'connected', 1, 14);
    expect(f.socket.url).to.match(/^wss:\/\/other\.example\//);
    expect(f.server.open).to.have.length(1);
    f.send('mine');
    await f.heals();
  });

  it('is given to another person: nothing of the first is sent as the second, and it comes back for the first', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    const parts = { clock, random: () => 0.999, WebSocket: backend.WebSocket, fetch: backend.fetch, vault: new MemoryVault(), tabs: {} };
    const chat = new ChatConnection({ url: 'https://chat.example', token: tokenOf(1) }, parts);
    const is = (): string[] => [chat.state, chat.reason.code, ...chat.messages(1).map(({ content, delivery }) => `${delivery} ${content}`)];
    chat.openRoom(1);
    chat.connect();
    await clock.advance(0);
    backend.stores = false;
    chat.sendChatMessage(1, 'by Ana').catch(() => {});
    await settle();
    backend.stores = true;
    for (const [me, shown] of [[2, []], [1, ['sent by Ana']]] as const) {
      backend.me = me;
      chat.configure({ token: tokenOf(me) });
      await clock.advance(60_000);
      expect(is()).to.deep.equal(['connected', 'connected', ...shown]);
    }
    expect(backend.messages.map(({ content, sender }) => `${sender.id} ${content}`)).to.deep.equal(['1 by Ana']);
    expect(backend.sockets).to.have.length(3);
    expect(backend.requests.length).to.be.at.most(14);
    chat.disconnect();
  });
});

describe('two tabs', () => {
  it('have one outbox: what both have written is stored once, in order', async () => {
    const browser = new FakeBrowser();
    const f = await meet((scene) => (scene.tabs = browser.tab()));
    const first = f.chat;
    f.tabs = browser.tab();
    await f.open();
    f.server.socketFault = 'refuse';
    f.server.restFault = 'down';
    f.server.cut(1006);
    // In the one, in the other, and in the one again.
    f.send('one');
    await settle();
    first.sendChatMessage(1, 'two').catch(() => {});
    f.sent.push({ content: 'two', room: 1, outcome: 'sending' });
    await settle();
    f.send('three');
    await settle();
    await f.minute('error', 'server_unreachable', 6, 80);
    f.heal();
    await f.minute('connected', 'connected', 2, 60);
    for (const chat of [first, f.chat]) expect(chat.messages(1).map(({ content, delivery }) => `${delivery} ${content}`)).to.deep.equal(['sent one', 'sent two', 'sent three']);
    first.disconnect();
    await f.heals();
  });

  it('lose the one that has the socket: the other one takes over without waiting', async () => {
    const browser = new FakeBrowser();
    const one = browser.tab();
    const f = await meet((scene) => (scene.tabs = one));
    const first = f.chat;
    f.tabs = browser.tab();
    await f.open();
    await f.shows('connected', 'connected');
    expect(f.constructed).to.equal(1);
    f.server.isDeaf = true;
    f.send('handed over');
    await settle();
    f.server.isDeaf = false;
    one.kill();
    first.disconnect();
    await f.clock.advance(100);
    await f.shows('connected', 'connected');
    await f.minute('connected', 'connected', 0, 20);
    expect(f.constructed).to.equal(2);
    await f.heals();
  });

  it('lose the one that has the socket to a debugger: it holds the locks, and does nothing', async () => {
    const browser = new FakeBrowser();
    const { locks, BroadcastChannel } = browser.tab();
    const names = new Set<string>();
    const request = (name: string, ...rest: [LockOptions, LockGrantedCallback<unknown>]): Promise<unknown> => (names.add(name), locks.request(name, ...rest));
    const f = await meet((scene) => (scene.tabs = { BroadcastChannel, locks: { request } as LockManager }));
    f.chat.disconnect();
    await settle();
    for (const name of names) browser.tab().locks.request(name, {}, () => new Promise(() => {})).catch(() => {});
    f.tabs = browser.tab();
    await f.open();
    f.send('taken over');
    await f.minute('connected', 'connected', 1, 20);
    expect(names.size).to.equal(2);
    await f.heals();
  });
});
