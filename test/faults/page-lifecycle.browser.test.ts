/** Page lifecycle: sleep, freeze, bfcache, wrong online state, reload, several tabs. */
import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { FakeBackend, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { openFaultScene } from '../support/fault-scene.js';
import { fakeDependencies } from '../support/connected.js';

/** Overrides a browser property during a callback. */
async function withProperty(
  target: object,
  property: string,
  value: unknown,
  meanwhile: () => Promise<void>,
): Promise<void> {
  Object.defineProperty(target, property, { configurable: true, get: () => value });
  await meanwhile().finally(() => Reflect.deleteProperty(target, property));
}
const turns = (target: EventTarget, name: string): boolean => target.dispatchEvent(new Event(name));

describe('a page', () => {
  it('sleeps for 8 hours, and the connection is lost', async () => {
    const f = await openFaultScene();
    f.clock.sleep(8 * 3_600_000);
    f.server.cut(1006);
    f.sendAsOther('said at night');
    await f.expectState('reconnecting', 'connection_lost');
    f.send('in the morning');
    await f.expectMinute('connected', 'connected', 1, 10);
    await f.expectRecovery();
  });

  it('sleeps for 8 hours, and the connection seems open but is dead', async () => {
    const f = await openFaultScene();
    const { socket } = f;
    f.onSent = (_frame, from) => from !== socket;
    f.onFrame = (frame, pass) => f.socket !== socket && pass(frame);
    f.sendAsOther('said at night');
    f.clock.sleep(8 * 3_600_000);
    f.send('in the morning');
    await f.expectState('reconnecting', 'connection_silent');
    await f.expectMinute('connected', 'connected', 1, 10);
    await f.expectRecovery();
  });

  it('is hidden for 10 minutes with throttled timers', async () => {
    const f = await openFaultScene();
    await withProperty(document, 'visibilityState', 'hidden', async () => {
      turns(document, 'visibilitychange');
      f.clock.sleep(600_000);
      f.sendAsOther('said meanwhile');
    });
    turns(document, 'visibilitychange');
    f.send('back again');
    await f.expectMinute('connected', 'connected', 1, 10);
    await f.expectRecovery();
  });

  it('is frozen and resumed', async () => {
    const f = await openFaultScene();
    turns(document, 'freeze');
    await f.expectState('reconnecting', 'page_asleep');
    expect(f.server.open).to.have.length(0);
    f.send('kept');
    f.sendAsOther('said meanwhile');
    await f.expectMinute('reconnecting', 'page_asleep', 0, 0);
    turns(document, 'resume');
    await f.expectMinute('connected', 'connected', 1, 10);
    await f.expectRecovery();
  });

  it('enters the back/forward cache, and returns', async () => {
    const f = await openFaultScene();
    f.server.isDeaf = true;
    f.send('on its way');
    window.dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
    await f.expectState('reconnecting', 'page_asleep');
    expect(f.server.open).to.have.length(0);
    f.server.isDeaf = false;
    f.clock.sleep(3_600_000);
    await f.expectMinute('reconnecting', 'page_asleep', 0, 0);
    window.dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    await f.expectMinute('connected', 'connected', 1, 10);
    await f.expectRecovery();
  });

  it('is wrongly reported as offline', async () => {
    const f = await openFaultScene();
    await withProperty(navigator, 'onLine', false, async () => {
      turns(window, 'offline');
      f.send('all the same');
      await f.expectMinute('connected', 'connected', 0, 8);
    });
    await f.expectRecovery();
  });

  it('is offline', async () => {
    const f = await openFaultScene();
    await withProperty(navigator, 'onLine', false, async () => {
      f.server.socketFault = 'refuse';
      f.server.restFault = 'down';
      f.server.isDeaf = f.server.isMute = true;
      turns(window, 'offline');
      f.send('patient');
      await f.expectMinute('offline', 'browser_offline', 6, 40);
    });
    f.heal();
    turns(window, 'online');
    await f.expectMinute('connected', 'connected', 2, 14);
    await f.expectRecovery();
  });

  it('is wrongly reported as online, a hundred times at once', async () => {
    const f = await openFaultScene();
    f.server.socketFault = 'refuse';
    f.server.restFault = 'down';
    f.server.cut(1006);
    f.send('patient');
    for (let n = 0; n < 100; n++) turns(window, 'online');
    await f.expectMinute('error', 'server_unreachable', 7, 60);
    await f.expectRecovery();
  });

  it('is wrongly reported as online, every half second', async () => {
    const f = await openFaultScene();
    f.server.socketFault = 'refuse';
    f.server.restFault = 'down';
    f.server.cut(1006);
    f.send('patient');
    for (let n = 0; n < 119; n++) f.clock.after(n * 500, () => turns(window, 'online'));
    await f.expectMinute('error', 'server_unreachable', 60, 250);
    await f.expectRecovery();
  });

  it('reloads while sending, with the message stored', async () => {
    const f = await openFaultScene();
    f.onFrame = () => {};
    f.send('mine');
    await settle();
    f.heal();
    await f.reload();
    await f.expectMinute('connected', 'connected', 0, 10);
    await f.expectRecovery();
  });

  it('reloads while sending, with the message not stored', async () => {
    const f = await openFaultScene();
    f.server.socketFault = 'refuse';
    f.server.restFault = 'down';
    f.server.cut(1006);
    f.send('one');
    f.send('two');
    await settle();
    await f.reload();
    await f.expectMinute('error', 'server_unreachable', 6, 60);
    expect(f.texts()).to.deep.equal(['one', 'two']);
    await f.expectRecovery();
  });

  it('gets another token while sending', async () => {
    const f = await openFaultScene();
    f.server.isDeaf = true;
    f.send('one');
    f.send('two');
    await settle();
    f.server.isDeaf = false;
    f.chat.configure({ token: f.newToken() });
    expect(f.reasons).to.include('token_changed');
    await f.expectMinute('connected', 'connected', 1, 14);
    await f.expectRecovery();
  });

  it('gets another address while connecting', async () => {
    const f = await openFaultScene((scene) => (scene.server.socketFault = 'hang'));
    f.server.socketFault = 'none';
    f.chat.configure({ url: 'https://other.example' });
    f.sendAsOther('theirs');
    await f.expectMinute('connected', 'connected', 1, 14);
    expect(f.socket.url).to.match(/^wss:\/\/other\.example\//);
    expect(f.server.open).to.have.length(1);
    f.send('mine');
    await f.expectRecovery();
  });

  it('changes its user: nothing of the first is sent as the second, and it is restored for the first', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    const parts = fakeDependencies(backend, clock);
    const chat = new ChatConnection({ url: 'https://chat.example', token: tokenOf(1) }, parts);
    const is = (): string[] => [
      chat.state,
      chat.reason.code,
      ...chat.messages(1).map(({ content, delivery }) => `${delivery} ${content}`),
    ];
    chat.openRoom(1);
    chat.connect();
    await clock.advance(0);
    backend.stores = false;
    chat.sendChatMessage(1, 'by Ana').catch(() => {});
    await settle();
    backend.stores = true;
    for (const [me, shown] of [
      [2, []],
      [1, ['sent by Ana']],
    ] as const) {
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
  it('share one outbox: messages of both are stored once, in order', async () => {
    const browser = new FakeBrowser();
    const f = await openFaultScene((scene) => (scene.tabs = browser.tab()));
    const first = f.chat;
    f.tabs = browser.tab();
    await f.open();
    f.server.socketFault = 'refuse';
    f.server.restFault = 'down';
    f.server.cut(1006);
    // Alternates between the tabs.
    f.send('one');
    await settle();
    first.sendChatMessage(1, 'two').catch(() => {});
    f.sent.push({ content: 'two', room: 1, outcome: 'sending' });
    await settle();
    f.send('three');
    await settle();
    await f.expectMinute('error', 'server_unreachable', 6, 80);
    f.heal();
    await f.expectMinute('connected', 'connected', 2, 60);
    for (const chat of [first, f.chat])
      expect(chat.messages(1).map(({ content, delivery }) => `${delivery} ${content}`)).to.deep.equal([
        'sent one',
        'sent two',
        'sent three',
      ]);
    first.disconnect();
    await f.expectRecovery();
  });

  it('lose the tab with the socket: the other takes over at once', async () => {
    const browser = new FakeBrowser();
    const one = browser.tab();
    const f = await openFaultScene((scene) => (scene.tabs = one));
    const first = f.chat;
    f.tabs = browser.tab();
    await f.open();
    await f.expectState('connected', 'connected');
    expect(f.socketAttempts).to.equal(1);
    f.server.isDeaf = true;
    f.send('handed over');
    await settle();
    f.server.isDeaf = false;
    one.kill();
    first.disconnect();
    await f.clock.advance(100);
    await f.expectState('connected', 'connected');
    await f.expectMinute('connected', 'connected', 0, 20);
    expect(f.socketAttempts).to.equal(2);
    await f.expectRecovery();
  });

  it('have the tab with the socket suspended by a debugger: it keeps its locks but does nothing', async () => {
    const browser = new FakeBrowser();
    const { locks, BroadcastChannel } = browser.tab();
    const names = new Set<string>();
    const request = (name: string, ...rest: [LockOptions, LockGrantedCallback<unknown>]): Promise<unknown> => (
      names.add(name),
      locks.request(name, ...rest)
    );
    const f = await openFaultScene((scene) => (scene.tabs = { BroadcastChannel, locks: { request } as LockManager }));
    f.chat.disconnect();
    await settle();
    for (const name of names)
      browser
        .tab()
        .locks.request(name, {}, () => new Promise(() => {}))
        .catch(() => {});
    f.tabs = browser.tab();
    await f.open();
    f.send('taken over');
    await f.expectMinute('connected', 'connected', 1, 20);
    expect(names.size).to.equal(2);
    await f.expectRecovery();
  });
});
