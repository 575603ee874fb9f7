import { expect } from '@open-wc/testing';
import { ChatConnection, type ConnectionEvents } from '../../src/client/index.js';
import { FakeBackend, FakeSocket, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { until } from '../support/mounted.js';
import { partsLoaded } from '../support/lazy-parts.js';

const notification = (id: number, isRead = false): object => ({
  id,
  title: `n${id}`,
  message: '',
  is_read: isRead,
  created_at: '2026-11-23T12:00:00Z',
});

describe('the notifications socket of several tabs', () => {
  it('is shared: other tabs get its data, and mark as read through it', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    const browser = new FakeBrowser();
    const feeds: FakeSocket[] = [];
    const WebSocket = class {
      constructor(url: string) {
        if (!url.includes('/ws/notifications/')) return new backend.WebSocket(url) as never;
        const socket = new FakeSocket(
          url,
          (from, { action }) => action === 'get_unread_count' && from.receive({ type: 'unread_count', count: 5 }),
        );
        feeds.push(socket);
        queueMicrotask(
          () => (socket.accept(), socket.receive({ type: 'recent_notifications', notifications: [notification(2)] })),
        );
        return socket as never;
      }
    } as unknown as typeof globalThis.WebSocket;
    const open = (): ChatConnection => {
      const tab = new ChatConnection(
        { url: 'https://chat.example', token: tokenOf(1), notifications: true },
        {
          clock,
          random: () => 0.5,
          WebSocket,
          fetch: backend.fetch,
          storage: new MemoryStorage(),
          tabs: browser.tab(),
        },
      );
      tab.connect();
      return tab;
    };
    const one = open();
    await until(() => (void clock.advance(0), one.data.notifications.unread === 5));
    const two = open();
    await until(() => (void clock.advance(0), two.state === 'connected'));
    await settle();
    expect([feeds.length, two.data.notifications.unread, two.data.notifications.recent.length]).to.deep.equal([
      1, 5, 1,
    ]);
    expect(two.markNotificationRead(2)).to.equal(true);
    await settle();
    expect(feeds[0]!.sent.at(-1)).to.deep.equal({ action: 'mark_read', notification_id: 2 });
    expect([one, two].map(({ data }) => data.notifications.unread)).to.deep.equal([4, 4]);
    for (const chat of [one, two]) chat.disconnect();
  });
});

describe('the notifications socket', () => {
  let clock: FakeClock;
  let backend: FakeBackend;
  let sockets: FakeSocket[];
  let events: ConnectionEvents['chat-notification'][];
  let chat: ChatConnection;
  /** The server's reaction to a client frame. */
  let onAction: (socket: FakeSocket, frame: Record<string, unknown>) => void;
  /** The server's reaction to a new socket; sockets queued in `next` are controlled by the test. */
  let onOpen: (socket: FakeSocket) => void;
  let next: FakeSocket | undefined;

  beforeEach(async () => {
    clock = new FakeClock();
    backend = new FakeBackend(clock);
    sockets = [];
    events = [];
    next = undefined;
    onOpen = (socket) =>
      socket.receive({ type: 'recent_notifications', notifications: [notification(2), notification(1, true)] });
    onAction = (socket, { action }) =>
      action === 'get_unread_count' && socket.receive({ type: 'unread_count', count: 5 });
    const WebSocket = class {
      constructor(url: string) {
        if (!url.includes('/ws/notifications/')) return new backend.WebSocket(url) as never;
        const prepared = next;
        const socket = prepared ?? new FakeSocket(url, (from, frame) => onAction(from, frame));
        next = undefined;
        sockets.push(socket);
        queueMicrotask(() => {
          socket.accept();
          if (!prepared) onOpen(socket);
        });
        return socket as never;
      }
    } as unknown as typeof globalThis.WebSocket;
    chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1), notifications: true },
      { clock, random: () => 0.5, WebSocket, fetch: backend.fetch, storage: new MemoryStorage(), tabs: {} },
    );
    chat.on('chat-notification', (event) => events.push(event));
    chat.connect();
    // The chunk loads in real time.
    await until(() => events.length > 0);
    await clock.advance(0);
  });
  afterEach(async () => {
    chat.disconnect();
    await clock.advance(0);
    expect([clock.pending, sockets.filter(({ readyState }) => readyState < 2).length]).to.deep.equal([0, 0]);
  });

  it('is opened for the user, with the token, and reports the unread count', () => {
    expect(sockets[0]!.url).to.equal(`wss://chat.example/ws/notifications/1/?token=${encodeURIComponent(tokenOf(1))}`);
    expect(chat.data.notifications.unread).to.equal(5);
    expect(chat.data.notifications.recent.map(({ id }) => id)).to.deep.equal([2, 1]);
  });

  it('10.24: keeps the newest 50 after an outage, however many arrived', async () => {
    const all = Array.from({ length: 1_000 }, (_, n) => notification(1_000 - n));
    onOpen = (socket) => socket.receive({ type: 'recent_notifications', notifications: all });
    events.length = 0;
    sockets[0]!.drop(1006);
    await clock.advance(2_000);
    expect(chat.data.notifications.recent.map(({ id }) => id)).to.deep.equal(
      Array.from({ length: 50 }, (_, n) => 1_000 - n),
    );
    expect(events.filter((each) => each.notification).length).to.equal(50);
  });

  it('reports each new notification once', () => {
    events.length = 0;
    for (const id of [3, 3]) sockets[0]!.receive({ type: 'new_notification', notification: notification(id) });
    expect(events.map((each) => [each.notification?.id, each.unread])).to.deep.equal([[3, 6]]);
  });

  it('survives a server that fails on client frames, and sends no more of them', async () => {
    onAction = (socket) => socket.drop(1011);
    expect(chat.markNotificationRead(2)).to.equal(true);
    await clock.advance(2_000);
    expect(sockets).to.have.length(2);
    expect([chat.state, sockets[1]!.sent.length]).to.deep.equal(['connected', 0]);
    sockets[1]!.receive({ type: 'new_notification', notification: notification(9) });
    expect(chat.data.notifications.unread).to.equal(2);
    expect(chat.markNotificationRead()).to.equal(false);
    expect(chat.data.notifications.unread).to.equal(0);
  });

  it('reconnects after a loss, and reports the notifications that arrived meanwhile', async () => {
    events.length = 0;
    sockets[0]!.drop(1006);
    await clock.advance(1_000);
    expect(sockets).to.have.length(2);
    sockets[1]!.receive({
      type: 'recent_notifications',
      notifications: [notification(7), notification(2), notification(1, true)],
    });
    expect(events.filter((each) => each.notification).map((each) => each.notification!.id)).to.deep.equal([7]);
  });

  it('detects a dead connection by its silence', async () => {
    onAction = () => {};
    await clock.advance(75_000);
    expect(sockets.length).to.be.above(1);
  });

  it('10.13: counts as open without an initial frame, and requests the unread count', async () => {
    const quiet = new FakeSocket(
      '',
      (from, { action }) => action === 'get_unread_count' && from.receive({ type: 'unread_count', count: 3 }),
    );
    next = quiet;
    sockets[0]!.drop(1006);
    await clock.advance(2_000);
    expect(quiet.sent).to.deep.equal([{ action: 'get_unread_count' }]);
    expect(chat.data.notifications.unread).to.equal(3);
    await clock.advance(600_000);
    expect(sockets, 'it is left alone').to.have.length(2);
    expect(quiet.sent.length, 'and requested again after a silence').to.be.above(5);
  });

  it('10.13: reports a notification missed during a gap with its content, even if none was known before', async () => {
    chat.disconnect();
    await clock.advance(0);
    const silent = (next = new FakeSocket(
      '',
      (from, { action }) => action === 'get_unread_count' && from.receive({ type: 'unread_count', count: 0 }),
    ));
    chat.connect();
    await until(() => (void clock.advance(0), silent.sent.length > 0));
    await clock.advance(0);
    events.length = 0;
    silent.drop(1006);
    const again = (next = new FakeSocket('', (from) => from.receive({ type: 'unread_count', count: 1 })));
    await clock.advance(2_000);
    again.receive({ type: 'recent_notifications', notifications: [notification(8), notification(7, true)] });
    await clock.advance(0);
    expect(
      events
        .filter((each) => each.notification)
        .map((each) => [each.notification!.id, each.notification!.title, each.unread]),
    ).to.deep.equal([[8, 'n8', 1]]);
  });

  it('10.13: reconnects at growing intervals to a server that accepts and closes at once', async () => {
    const opened: number[] = [];
    onOpen = (socket) => (opened.push(clock.now()), socket.drop(1013));
    sockets[0]!.drop(1006);
    await clock.advance(120_000);
    expect(opened.length).to.be.within(4, 16);
  });
});

describe('the token of the notifications socket', () => {
  it('10.13: is replaced by the new one when the socket ends with the old one', async () => {
    const clock = new FakeClock();
    const backend = new FakeBackend(clock);
    backend.capabilities = ['idempotent_send', 'ack', 'user_channel', 'token_refresh'];
    const feeds: FakeSocket[] = [];
    const WebSocket = class {
      constructor(url: string) {
        if (!url.includes('/ws/notifications/')) return new backend.WebSocket(url) as never;
        const socket = new FakeSocket(
          url,
          (from, { action }) => action === 'get_unread_count' && from.receive({ type: 'unread_count', count: 5 }),
        );
        feeds.push(socket);
        queueMicrotask(() => (socket.accept(), socket.receive({ type: 'recent_notifications', notifications: [] })));
        return socket as never;
      }
    } as unknown as typeof globalThis.WebSocket;
    let asked = 0;
    let token = tokenOf(1, { jti: 1 });
    const chat = new ChatConnection(
      { url: 'https://chat.example', tokenProvider: async () => (asked++, token), notifications: true },
      { clock, random: () => 0.5, WebSocket, fetch: backend.fetch, storage: new MemoryStorage(), tabs: {} },
    );
    chat.connect();
    await partsLoaded();
    await clock.advance(5_000);
    await until(() => (void clock.advance(0), feeds.length === 1));
    expect([chat.state, feeds.length]).to.deep.equal(['connected', 1]);
    // The page has a new token; the chat switches to it.
    token = tokenOf(1, { jti: 2 });
    backend.socket.receive({ type: 'token_expiring', in_s: 60 });
    await clock.advance(1_000);
    backend.socket.receive({ type: 'authenticated' });
    await clock.advance(59_000);
    // The notifications socket still had the old token.
    feeds[0]!.drop(4001);
    await clock.advance(20_000);
    const open = feeds.filter(({ readyState }) => readyState === 1).length;
    const state = chat.state;
    chat.disconnect();
    expect([open, state, asked]).to.deep.equal([1, 'connected', 2]);
  });
});
