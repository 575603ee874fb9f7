/** The cost of an outage for the server, and the time to recover. */
import { expect } from '@open-wc/testing';
import { ChatConnection, type ConnectionConfig } from '../../src/client/index.js';
import { FakeBackend, json, page, tokenOf } from '../support/fake-backend.js';
import { FakeClock, settle } from '../support/fake-clock.js';
import { openFaultScene } from '../support/fault-scene.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

/** Deterministic, uniformly distributed numbers. */
function evenRandom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
}

describe('an outage', () => {
  let clock: FakeClock;
  let backend: FakeBackend;
  let open: ChatConnection[];
  beforeEach(() => {
    clock = new FakeClock();
    backend = new FakeBackend(clock);
    open = [];
  });
  afterEach(() => {
    for (const chat of open) chat.disconnect();
    expect(clock.pending).to.equal(0);
  });

  async function chats(count: number, config: ConnectionConfig = {}, waitMs = 20_000): Promise<ChatConnection[]> {
    for (let n = 0; n < count; n++) {
      const chat = new ChatConnection(
        { url: 'https://chat.example', token: tokenOf(1), ...config },
        {
          clock,
          random: evenRandom(n * 7_919 + 1),
          WebSocket: backend.WebSocket,
          fetch: backend.fetch,
          storage: new MemoryStorage(),
          tabs: {},
        },
      );
      chat.openRoom(1);
      chat.connect();
      open.push(chat);
    }
    await partsLoaded();
    await clock.advance(waitMs);
    return open;
  }
  const during = async (ms: number): Promise<number> => {
    const before = backend.requests.length;
    await clock.advance(ms);
    return backend.requests.length - before;
  };

  it('10.9: 100 clients that are disconnected together poll REST no faster than they open sockets', async () => {
    await chats(100);
    const sockets = backend.sockets.length;
    const requests = backend.requests.length;
    backend.onSocket = 'refuse';
    backend.onRequest = () => page('Service Unavailable', 503);
    for (const socket of backend.open) socket.drop(1012, 'restart');
    await clock.advance(0);
    expect(backend.requests.length - requests, 'in the same instant').to.equal(0);
    await clock.advance(1_000);
    // Spread over 8 s: an eighth of the clients, with two requests each (the list fails first).
    expect(backend.requests.length - requests, 'in the first second').to.be.below(60);
    expect(backend.sockets.length - sockets).to.be.below(30);
  });

  it('10.9: after an hour of 503, each client polls REST once a minute, not in step with others', async () => {
    await chats(20);
    backend.onSocket = 'refuse';
    backend.onRequest = () => page('Service Unavailable', 503);
    for (const socket of backend.open) socket.drop(1006);
    await during(60_000);
    const second = await during(60_000);
    for (let minute = 3; minute < 60; minute++) await during(60_000);
    const perSecond: number[] = [];
    for (let s = 0; s < 60; s++) perSecond.push(await during(1_000));
    const sixtieth = perSecond.reduce((sum, n) => sum + n, 0);
    // Each reads at most the list and its open room.
    expect(sixtieth / 20, 'requests of one client in minute 60').to.be.at.most(3.5);
    expect(sixtieth).to.be.below(second);
    expect(Math.max(...perSecond), 'the fullest second').to.be.at.most(12);
  });

  it('10.9: Retry-After of a 503 is respected by polls, messages and sockets', async () => {
    const [chat] = await chats(1);
    backend.onSocket = 'refuse';
    backend.onRequest = () => page('', 503, { 'Retry-After': '120' });
    for (const socket of backend.open) socket.drop(1006);
    chat!.sendChatMessage(1, 'patient').catch(() => {});
    await during(10_000);
    const sockets = backend.sockets.length;
    expect(await during(100_000)).to.equal(0);
    expect(backend.sockets.length - sockets).to.equal(0);
  });

  it('10.11: the socket is retried at once when REST answers again', async () => {
    const [chat] = await chats(1);
    backend.onSocket = 'refuse';
    backend.onRequest = () => new TypeError('Failed to fetch');
    for (const socket of backend.open) socket.drop(1006);
    await clock.advance(45_000);
    let answeredAt = Infinity;
    backend.onSocket = 'greet';
    backend.onRequest = () => {
      answeredAt = Math.min(answeredAt, clock.now());
      return undefined;
    };
    let connectedAt = Infinity;
    chat!.on(
      'chat-state-change',
      ({ state }) => state === 'connected' && (connectedAt = Math.min(connectedAt, clock.now())),
    );
    await clock.advance(60_000);
    expect(chat!.state).to.equal('connected');
    expect(connectedAt - answeredAt).to.be.below(50);
  });

  it('10.41: an idle room on a baseline backend costs at most 7 requests a minute, and 2 while the page is hidden', async () => {
    backend.capabilities = [];
    const isHidden = { value: false };
    const visibility = Object.getOwnPropertyDescriptor(Document.prototype, 'visibilityState')!;
    Object.defineProperty(document, 'visibilityState', {
      configurable: true,
      get: () => (isHidden.value ? 'hidden' : 'visible'),
    });
    try {
      for (let n = 0; n < 40; n++) backend.store(1, 2, `line ${n}`);
      const [chat] = await chats(1);
      await during(60_000);
      for (const minute of [2, 60]) {
        expect(await during(60_000), `minute ${minute}`).to.be.at.most(7);
        if (minute === 2) for (let m = 3; m < 60; m++) await during(60_000);
      }
      // A message not announced by the socket appears after 15 s.
      backend.store(1, 2, 'silent');
      await clock.advance(15_000);
      expect(chat!.messages(1).at(-1)!.content).to.equal('silent');
      // A deleted message disappears after a minute.
      backend.messages = backend.messages.filter(({ content }) => content !== 'line 39');
      await clock.advance(75_000);
      expect(chat!.messages(1).some(({ content }) => content === 'line 39')).to.equal(false);
      isHidden.value = true;
      await during(60_000);
      expect(await during(60_000)).to.be.at.most(3);
      backend.store(1, 2, 'while hidden');
      isHidden.value = false;
      document.dispatchEvent(new Event('visibilitychange'));
      await clock.advance(16_000);
      expect(chat!.messages(1).at(-1)!.content).to.equal('while hidden');
    } finally {
      Object.defineProperty(Document.prototype, 'visibilityState', visibility);
      delete (document as { visibilityState?: unknown }).visibilityState;
    }
  });

  it('10.41: requests can use cached preflights', async () => {
    const modes: (RequestCache | undefined)[] = [];
    const { fetch } = backend;
    Object.assign(backend, {
      fetch: (input: RequestInfo | URL, init?: RequestInit) => (modes.push(init?.cache), fetch(input, init)),
    });
    await chats(1);
    expect(modes.length).to.be.above(1);
    expect(modes.every((cache) => cache === undefined)).to.equal(true);
  });

  it('10.10: a list requested before the socket was open does not replace a newer one', async () => {
    const { fetch } = backend;
    const waiting: (() => void)[] = [];
    const answers = [backend.rooms.slice(0, 1), backend.rooms];
    Object.assign(backend, {
      fetch: async (input: RequestInfo | URL, init?: RequestInit) => {
        if (!/\/rooms\/(\?|$)/.test(String(input))) return fetch(input, init);
        const body = answers.shift() ?? backend.rooms;
        if (waiting.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
        return json(body);
      },
    });
    // Less than the deadline of the first request.
    const [chat] = await chats(1, {}, 5_000);
    expect([chat!.state, chat!.rooms.length]).to.deep.equal(['connected', 2]);
    waiting[0]!();
    await clock.advance(1_000);
    expect(chat!.rooms.length).to.equal(2);
  });

  it('an event directly before `disconnect` starts no timer after it', async () => {
    const [chat] = await chats(1);
    backend.socket.receive({ type: 'typing', room_id: 1, user_id: 2, username: 'ben', is_typing: true });
    backend.socket.receive({ type: 'room_updated', room_id: 99, updates: { unread_count: 1 } });
    chat!.disconnect();
    await settle();
    expect(clock.pending).to.equal(0);
  });

  it('10.8: retry times of the token endpoint, and a backend that fails partly, cause no request storm', async () => {
    const [chat] = await chats(1);
    backend.onSocket = 'refuse';
    backend.onRequest = (_, path) => (path.startsWith('rooms/1/') ? json({ detail: 'broken' }, 500) : undefined);
    for (const socket of backend.open) socket.drop(1006);
    await during(120_000);
    const sockets = backend.sockets.length;
    // The list every 5 s; the failing room at growing intervals.
    expect(await during(60_000), 'requests').to.be.at.most(20);
    expect(backend.sockets.length - sockets, 'sockets').to.be.at.most(8);
    expect(chat!.state).to.equal('polling');
  });
});

describe('10.10: round trips until the first messages are visible', () => {
  /** A simulated backend with network latency: one round trip per new connection, and one per preflight. */
  class DistantBackend extends FakeBackend {
    readonly #preflights = new Set<string>();
    #free = 0;
    constructor(clock: FakeClock, tripMs: number) {
      super(clock);
      const { fetch, WebSocket } = this;
      const wait = (trips: number): Promise<void> => new Promise((resolve) => clock.after(trips * tripMs, resolve));
      const distantFetch: typeof globalThis.fetch = async (input, init) => {
        const { pathname } = new URL(String(input));
        // A new connection, unless one is free; a preflight, cached per address; the answer.
        if (this.#free > 0) this.#free--;
        else await wait(1);
        if (!this.#preflights.has(pathname)) await wait(1);
        this.#preflights.add(pathname);
        await wait(1);
        this.#free++;
        return fetch(input, init);
      };
      const Near = WebSocket as unknown as new (url: string) => WebSocket;
      const distantSocket = class {
        constructor(url: string) {
          const socket = new Near(url) as unknown as {
            accept(): void;
            receive(frame: unknown): void;
            send(text: string): void;
          };
          const [accept, receive, send] = [
            socket.accept.bind(socket),
            socket.receive.bind(socket),
            socket.send.bind(socket),
          ];
          let up = Promise.resolve();
          socket.accept = () => void (up = wait(2).then(accept));
          socket.receive = (frame) => void up.then(() => receive(frame));
          socket.send = (text) => void wait(1).then(() => send(text));
          return socket as never;
        }
      };
      Object.assign(this, { fetch: distantFetch, WebSocket: distantSocket });
    }
  }

  for (const [kind, capabilities] of [
    ['a backend with user_channel', ['idempotent_send', 'ack', 'user_channel']],
    ['a baseline backend', []],
  ] as const) {
    it(`${kind}: list after 3, messages after 3, connected after 4 (the minimum across origins is 3)`, async () => {
      const clock = new FakeClock();
      const backend = new DistantBackend(clock, 200);
      backend.capabilities = [...capabilities];
      backend.store(1, 2, 'hello');
      const chat = new ChatConnection(
        { url: 'https://chat.example', token: tokenOf(1) },
        {
          clock,
          random: () => 0.5,
          WebSocket: backend.WebSocket,
          fetch: backend.fetch,
          storage: new MemoryStorage(),
          tabs: {},
        },
      );
      const from = clock.now();
      const at: Record<string, number> = {};
      chat.subscribe((data) => {
        const trips = (clock.now() - from) / 200;
        if (data.roomsLoaded) at.list ??= trips;
        if (chat.messages(1).length > 0) at.messages ??= trips;
        if (data.phase.is === 'connected') at.connected ??= trips;
      });
      chat.openRoom(1);
      chat.connect();
      await partsLoaded();
      await clock.advance(5_000);
      expect(at.list).to.be.at.most(3.8);
      expect(at.messages).to.be.at.most(3.7);
      expect(at.connected).to.be.at.most(4.8);
      chat.disconnect();
    });
  }

  it('10.9: a delayed message is sent even if the clock is set back by an hour meanwhile', async () => {
    const f = await openFaultScene();
    f.server.socketFault = 'refuse';
    f.onRequest = (method) => (method === 'POST' ? json({ detail: 'Wait.' }, 429, { 'Retry-After': '20' }) : undefined);
    f.server.cut(1006);
    await settle();
    f.send('mine');
    await f.clock.advance(2_000);
    f.skewMs = -3_600_000;
    f.server.socketFault = 'none';
    f.onRequest = () => undefined;
    await f.clock.advance(300_000);
    expect([f.chat.state, f.server.rows.length]).to.deep.equal(['connected', 1]);
    f.chat.disconnect();
  });
});
