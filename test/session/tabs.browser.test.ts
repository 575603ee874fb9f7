/** Several tabs, with the browser's real locks, channels and storage. */
import { aTimeout, expect } from '@open-wc/testing';
import { SharedSocket } from '../../src/session/tabs/shared-socket.js';
import { IndexedDbStorage } from '../../src/session/outbox/indexeddb-storage.js';
import type { SessionContext } from '../../src/session/session-context.js';
import type { TabMessage } from '../../src/session/tabs/tab-channel.js';
import { ChatConnection, type ConnectionConfig } from '../../src/client/index.js';
import { FakeBackend, json, tokenOf } from '../support/fake-backend.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';
import { until } from '../support/mounted.js';

describe('a tab without a socket', () => {
  it('has its commands sent by the leader, except its token and its own requests', () => {
    const broadcasts: TabMessage[] = [];
    const decode = (): { problems: [] } => ({ problems: [] });
    const session = {
      clock: new FakeClock(),
      roomSync: { openRooms: new Map() },
      tabs: { broadcast: (message: TabMessage) => void broadcasts.push(message) },
    } as unknown as SessionContext;
    const socket = new SharedSocket(session).follow(decode, () => {})({
      onEvent: () => {},
      onEnd: () => {},
    } as never);
    expect(socket.send({ type: 'ping' }), 'before there is a socket').to.equal(false);
    const sharedSocket = new SharedSocket(session);
    const up = sharedSocket.follow(decode, () => {})({
      onEvent: () => {},
      onEnd: () => {},
    } as never);
    sharedSocket.onTab({ kind: 'greeting', text: '{}' }, true);
    broadcasts.length = 0;
    expect(up.send({ type: 'authenticate', token: 'secret' })).to.equal(false);
    expect(up.send({ type: 'sync', rooms: {} })).to.equal(false);
    expect(broadcasts).to.deep.equal([]);
    expect(up.send({ type: 'ping' })).to.equal(true);
    expect(broadcasts).to.deep.equal([{ kind: 'send', command: { type: 'ping' } }]);
    up.end(1000, '');
  });
});

describe('a tab with a socket', () => {
  const sharedSocket = (rest: unknown): { sharedSocket: SharedSocket; broadcasts: string[] } => {
    const broadcasts: string[] = [];
    const session = {
      rest,
      socket: { greeting: '{}' },
      tabs: { broadcast: ({ kind }: TabMessage) => void broadcasts.push(kind) },
      parts: {
        notifications: { tellAgain: () => void broadcasts.push('notifications') },
        markNotificationRead: (id: unknown) => void broadcasts.push(`read ${id as string}`),
      },
    };
    return { sharedSocket: new SharedSocket(session as unknown as SessionContext), broadcasts };
  };

  it('shares its data with a joining tab, notifications included, and marks them as read for it', () => {
    const { sharedSocket: leader, broadcasts } = sharedSocket({});
    leader.onTab({ kind: 'notification-read', id: 7 }, false);
    leader.onTab({ kind: 'join' }, false);
    leader.onTab({ kind: 'notification-read', id: 7 }, false);
    expect(broadcasts).to.deep.equal(['notifications', 'greeting', 'read 7']);
  });

  it('does not answer while signed out: another tab may have a socket', () => {
    const { sharedSocket: signedOut, broadcasts } = sharedSocket(undefined);
    signedOut.onTab({ kind: 'join' }, false);
    expect(broadcasts).to.deep.equal([]);
  });
});

describe('tabs of one user', () => {
  let backend: FakeBackend;
  let open: ChatConnection[];
  beforeEach(() => {
    backend = new FakeBackend(new FakeClock());
    open = [];
  });
  afterEach(async () => {
    for (const chat of open) {
      await chat.clearLocalData();
      chat.disconnect();
    }
    await until(() => backend.open.length === 0);
  });

  const tab = (config: ConnectionConfig = {}): ChatConnection => {
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1), ...config },
      { WebSocket: backend.WebSocket, fetch: backend.fetch },
    );
    chat.openRoom(1);
    chat.connect();
    open.push(chat);
    return chat;
  };
  const connected = async (...tabs: ChatConnection[]): Promise<void> =>
    until(() => tabs.every(({ state }) => state === 'connected'));
  const texts = (chat: ChatConnection): string[] => chat.messages(1).map(({ content }) => content);

  it('share one socket, and all receive its frames', async () => {
    const [one, two, three] = [tab(), tab(), tab()];
    await connected(one, two, three);
    expect(backend.sockets).to.have.length(1);
    backend.sendAs(1, 2, 'hello all');
    await until(() => [one, two, three].every((chat) => texts(chat).includes('hello all')));
  });

  it('pass the socket on within a second when the leader closes', async () => {
    const [one, two] = [tab(), tab()];
    await connected(one, two);
    const from = performance.now();
    one.disconnect();
    await until(() => two.state === 'connected' && backend.open.length === 1);
    expect(performance.now() - from).to.be.below(1_000);
    backend.sendAs(1, 2, 'still here');
    await until(() => texts(two).includes('still here'));
  });

  it('pass it on to one tab, and the others follow that one', async () => {
    const [one, two, three] = [tab(), tab(), tab()];
    await connected(one, two, three);
    const from = performance.now();
    one.disconnect();
    await until(() => backend.open.length === 1 && two.state === 'connected' && three.state === 'connected');
    backend.sendAs(1, 2, 'still here');
    await until(() => [two, three].every((chat) => texts(chat).includes('still here')));
    expect(performance.now() - from).to.be.below(1_000);
    expect(backend.open).to.have.length(1);
  });

  it('send through one tab, and show the message in all', async () => {
    const [one, two] = [tab(), tab()];
    await connected(one, two);
    const sent = await Promise.all([two.sendChatMessage(1, 'from two'), one.sendChatMessage(1, 'from one')]);
    expect(sent.every(({ message }) => message.delivery === 'sent')).to.equal(true);
    await until(() =>
      [one, two].every((chat) => chat.messages(1).filter(({ delivery }) => delivery === 'sent').length === 2),
    );
    expect(backend.messages).to.have.length(2);
  });

  it('hand over messages written while they could not communicate', async () => {
    const [one, two] = [tab(), tab()];
    await connected(one, two);
    two.disconnect();
    const sending = two.sendChatMessage(1, 'written apart');
    await until(() => texts(two).includes('written apart'));
    two.connect();
    expect((await sending).message.delivery).to.equal('sent');
    expect(backend.messages).to.have.length(1);
  });

  it('send for a tab that is no longer signed in', async () => {
    const one = tab();
    await connected(one);
    backend.rejectedTokens.add(tokenOf(1, { jti: 'old' }));
    const two = tab({ token: tokenOf(1, { jti: 'old' }) });
    await until(() => two.state === 'unauthorized');
    expect((await two.sendChatMessage(1, 'signed out')).message.delivery).to.equal('sent');
    await until(() => texts(one).includes('signed out'));
    expect(backend.messages).to.have.length(1);
  });

  it('do not open a socket after another tab has taken over', async () => {
    let give = (): void => {};
    const asked = new Promise<void>((resolve) => {
      const { fetch } = backend;
      const slow: typeof fetch = async (input, init) => {
        if (!String(input).includes('ws_ticket')) return fetch(input, init);
        resolve();
        await new Promise<void>((go) => (give = go));
        return json({ ticket: 'once' });
      };
      Object.assign(backend, { fetch: slow });
    });
    const one = tab({ auth: 'ticket' });
    await asked;
    const joins = new BroadcastChannel(
      'unified-chat/3 channel https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1',
    );
    const joined = new Promise(
      (resolve) => (joins.onmessage = ({ data }) => (data as { kind: string }).kind === 'join' && resolve(undefined)),
    );
    const name = 'unified-chat/3 socket https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1';
    let release = (): void => {};
    navigator.locks.request(name, { steal: true }, () => new Promise<void>((go) => (release = go))).catch(() => {}); // resigns later
    // Until the former leader notices, and queues for the lock.
    while (!(await navigator.locks.query()).pending?.some((waiting) => waiting.name === name)) await aTimeout(5);
    give();
    await joined;
    expect(backend.sockets).to.have.length(0);
    joins.close();
    one.disconnect();
    release();
  });

  it('each have their own socket with `share` off', async () => {
    const [one, two] = [tab({ share: false }), tab({ share: false })];
    await connected(one, two);
    expect(backend.open).to.have.length(2);
  });

  it('of different users do not share one', async () => {
    const one = tab();
    await connected(one);
    backend.me = 2;
    const other = tab({ token: tokenOf(2) });
    await connected(one, other);
    expect(backend.open).to.have.length(2);
  });

  it('unsent messages outlive the page, on this device', async () => {
    backend.onSocket = 'refuse';
    backend.onRequest = () => new TypeError('Failed to fetch');
    const before = tab();
    void before.sendChatMessage(1, 'written offline').catch(() => {});
    await until(() => texts(before).includes('written offline'));
    before.disconnect();
    open.pop();
    backend.onSocket = 'greet';
    backend.onRequest = () => undefined;
    const after = tab();
    await until(() => backend.messages.length === 1 && after.messages(1)[0]?.delivery === 'sent');
    expect(texts(after)).to.deep.equal(['written offline']);
    const storage = new IndexedDbStorage(() => {});
    while ((await storage.load('https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1')).length > 0)
      await aTimeout(5);
  });

  it('keep drafts', async () => {
    const chat = tab();
    await connected(chat);
    chat.saveDraft(1, 'half a thou');
    chat.disconnect(); // pending timers run now
    open.pop();
    const again = tab();
    await connected(again);
    while ((await again.draft(1)) !== 'half a thou') await aTimeout(5);
  });
});

describe('rooms open in several tabs, over one socket', () => {
  let backend: FakeBackend;
  let clock: FakeClock;
  let browser: FakeBrowser;
  let open: ChatConnection[];
  beforeEach(() => {
    clock = new FakeClock();
    backend = new FakeBackend(clock);
    browser = new FakeBrowser();
    open = [];
  });
  afterEach(() => {
    for (const chat of open) chat.disconnect();
    expect(clock.pending, 'timers').to.equal(0);
  });

  /** The first tab has the socket. @returns the tab, functions to close each room, and one to crash it. */
  async function tab(
    ...rooms: number[]
  ): Promise<{ chat: ChatConnection; leave: Map<number, () => void>; kill: () => void }> {
    const parts = browser.tab();
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1) },
      {
        clock,
        random: () => 0.999,
        WebSocket: backend.WebSocket,
        fetch: backend.fetch,
        storage: new MemoryStorage(),
        tabs: parts,
      },
    );
    open.push(chat);
    const leave = new Map(rooms.map((room) => [room, chat.openRoom(room)]));
    chat.connect();
    await partsLoaded();
    await clock.advance(0);
    expect(chat.state).to.equal('connected');
    return { chat, leave, kill: () => parts.kill() };
  }
  /** The subscriptions on the server. */
  const subscribed = (): number[] => {
    const rooms = new Set<number>();
    for (const { type, room_id } of backend.socket.sent) {
      if (type === 'subscribe_room') rooms.add(room_id as number);
      if (type === 'unsubscribe_room') rooms.delete(room_id as number);
    }
    return [...rooms].sort();
  };

  it('10.18: the leader keeps a subscription that another tab needs', async () => {
    const one = await tab(1);
    const two = await tab(1, 2);
    expect(backend.sockets).to.have.length(1);
    one.leave.get(1)!();
    await clock.advance(10_000);
    expect(subscribed()).to.deep.equal([1, 2]);
    backend.socket.receive({ type: 'typing', room_id: 1, user_id: 2, username: 'ben', is_typing: true });
    await clock.advance(0);
    expect(two.chat.data.threads.get('1')!.typing.map(({ username }) => username)).to.deep.equal(['ben']);
    two.leave.get(1)!();
    await clock.advance(10_000);
    expect(subscribed(), 'after the last tab has left').to.deep.equal([2]);
  });

  it('10.18: a follower leaves a room on the server, unless another tab shows it', async () => {
    await tab(1);
    const two = await tab(1, 2, 3);
    const three = await tab(3);
    for (const leave of two.leave.values()) leave();
    await clock.advance(10_000);
    expect(subscribed()).to.deep.equal([1, 3]);
    three.chat.disconnect();
    await clock.advance(0);
    expect(subscribed(), 'a closing tab reports it').to.deep.equal([1]);
  });

  it('10.18: a reopened room is subscribed to again', async () => {
    await tab(1);
    const two = await tab(2);
    two.leave.get(2)!();
    await clock.advance(10_000);
    expect(subscribed()).to.deep.equal([1]);
    two.chat.openRoom(2);
    await clock.advance(10_000);
    expect(subscribed()).to.deep.equal([1, 2]);
  });

  it('10.18: a crashed tab counts for at most a minute; a live one keeps counting', async () => {
    await tab(1);
    const two = await tab(2);
    await tab(3);
    await clock.advance(600_000);
    expect(subscribed()).to.deep.equal([1, 2, 3]);
    two.kill();
    await clock.advance(60_000);
    expect(subscribed()).to.deep.equal([1, 3]);
    await clock.advance(3_600_000);
    expect(subscribed()).to.deep.equal([1, 3]);
  });

  it('10.18: a tab that was unresponsive counts again as soon as it answers', async () => {
    await tab(1);
    const channel = new (browser.tab().BroadcastChannel)(
      'unified-chat/3 channel https://chat.example/api/chat/ wss://chat.example/ws/chat/ 1',
    );
    channel.postMessage({ kind: 'join' });
    const show = (): void => channel.postMessage({ kind: 'rooms', tab: 'stopped in a debugger', rooms: [2] });
    show();
    await clock.advance(0);
    expect(subscribed()).to.deep.equal([1, 2]);
    await clock.advance(60_000);
    expect(subscribed()).to.deep.equal([1]);
    show();
    await clock.advance(0);
    expect(subscribed()).to.deep.equal([1, 2]);
  });

  it('10.18: after a change of leader, the rooms of the other tabs are subscribed to again', async () => {
    const one = await tab(1);
    const two = await tab(2);
    await tab(3);
    one.chat.disconnect();
    await clock.advance(5_000);
    expect(backend.sockets).to.have.length(2);
    expect(subscribed()).to.deep.equal([2, 3]);
    two.leave.get(2)!();
    await clock.advance(10_000);
    expect(subscribed()).to.deep.equal([3]);
  });

  it('10.6: clearLocalData() in one tab, while another is about to save a draft', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    const browser = new FakeBrowser();
    const storage = new MemoryStorage();
    const chats = [1, 2].map(
      () =>
        new ChatConnection(
          { url: 'https://chat.example', token: tokenOf(1) },
          {
            clock,
            random: () => 0.5,
            WebSocket: backend.WebSocket,
            fetch: backend.fetch,
            storage,
            tabs: browser.tab(),
          },
        ),
    );
    for (const chat of chats) {
      chat.openRoom(1);
      chat.connect();
      await partsLoaded();
      await clock.advance(2_000);
    }
    backend.stores = false;
    backend.onRequest = (method) => (method === 'POST' ? 'hang' : undefined);
    chats[1]!.sendChatMessage(1, 'secret words').catch(() => {});
    await clock.advance(100);
    chats[1]!.saveDraft(1, 'secret draft');
    const done = chats[0]!.clearLocalData();
    await clock.advance(10);
    await done;
    await clock.advance(60_000);
    const kept = [[...storage.messages.values()], [...storage.drafts]];
    for (const chat of chats) chat.disconnect();
    expect(kept).to.deep.equal([[], []]);
  });
});
