import { expect } from '@open-wc/testing';
import { ChatConnection } from '../../src/client/index.js';
import { connected, scene } from '../support/connected.js';
import { json, page, room, tokenOf } from '../support/fake-backend.js';
import { settle } from '../support/fake-clock.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { partsLoaded } from '../support/lazy-parts.js';

const DOWN = (): Error => new TypeError('Failed to fetch');

describe('a session', () => {
  it('is connected only after rooms and open threads are read', async () => {
    let hangs = true;
    const { chat, clock } = scene({}, (backend) => {
      backend.store(1, 2, 'hello');
      backend.onRequest = (_method, path) => (hangs && path.startsWith('rooms/1/messages') ? 'hang' : undefined);
    });
    chat.openRoom(1);
    chat.connect();
    await clock.advance(0);
    expect(chat.rooms).to.have.length(2);
    expect(chat.state).to.equal('connecting');
    hangs = false;
    await clock.advance(16_000); // the timeout of the hanging request, and the retry
    expect(chat.state).to.equal('connected');
    expect(chat.messages(1).map(({ content }) => content)).to.deep.equal(['hello']);
    chat.disconnect();
  });

  it('does not become connected through a socket that closed before the rooms were read', async () => {
    const { chat, backend, clock, states } = scene({}, (each) => {
      each.onRequest = (_method, path) => (path.startsWith('rooms/') ? 'hang' : undefined);
    });
    chat.openRoom(1);
    chat.connect();
    await partsLoaded();
    await clock.advance(0);
    backend.onSocket = 'hang';
    backend.socket.drop(1006);
    await clock.advance(20_000);
    expect(states).not.to.include('connected');
    chat.disconnect();
  });

  for (const way of ['REST', 'socket'] as const) {
    it(`does not double-count messages read while the list arrives by ${way}`, async () => {
      const { chat, backend, clock } = await connected({}, (each) => {
        each.rooms = [room(1, 'Ana & Ben', { unread_count: 5 })];
        let isTold = false;
        each.onRequest = (_method, path) => {
          if (path !== 'rooms/' || each.sockets.length < 2) return undefined;
          if (!isTold) each.socket.receive({ type: 'messages_marked_read', room_id: 1, count: 2 });
          isTold = true;
          return way === 'socket' ? DOWN() : undefined;
        };
      });
      chat.openRoom(1);
      await clock.advance(0);
      backend.socket.drop(1006);
      await clock.advance(2_000);
      expect([chat.state, chat.rooms[0]!.unread_count]).to.deep.equal(['connected', 5]);
      chat.disconnect();
    });
  }

  it('10.19: reads the list again if a message arrives during the request', async () => {
    const { chat, backend, clock } = await connected();
    await clock.advance(1_000);
    let asked = 0;
    backend.onRequest = (_method, path) => {
      if (path !== 'rooms/' || asked++ > 0) return undefined;
      const stale = json(backend.rooms);
      backend.rooms = [room(1, 'Ana & Ben', { unread_count: 1 }), room(2, 'General')];
      backend.sendAs(1, 2, 'meanwhile');
      return stale;
    };
    await chat.refreshRoomList();
    expect([asked, chat.rooms.find(({ id }) => id === 1)!.unread_count]).to.deep.equal([2, 1]);
    chat.disconnect();
  });

  it('does not double-count a message that arrives while another room is read', async () => {
    const { chat, backend, clock } = scene({}, (each) => {
      each.onRequest = (_method, path) => (path.startsWith('rooms/2/') ? 'hang' : undefined);
    });
    chat.openRoom(1);
    chat.openRoom(2);
    chat.connect();
    await clock.advance(2_000);
    const { content, timestamp, sender } = backend.sendAs(1, 2, 'meanwhile');
    const updates = { unread_count: 1, last_message: { content, timestamp, sender } };
    backend.rooms = [room(1, 'Ana & Ben', updates), room(2, 'General')];
    backend.socket.receive({ type: 'room_updated', room_id: 1, updates });
    // Until the other room is skipped for now, and held frames are applied.
    while (chat.messages(1).length === 0) await clock.advance(100);
    expect(chat.rooms.find(({ id }) => id === 1)!.unread_count).to.equal(1);
    chat.disconnect();
  });

  it('a late confirmation does not overwrite a newer edit', async () => {
    const { chat, backend, clock } = await connected();
    chat.openRoom(1);
    await clock.advance(0);
    backend.stores = false;
    const sending = chat.sendChatMessage(1, 'first words');
    await settle();
    const { _tempId } = backend.socket.sent.find(({ type }) => type === 'send_message') as { _tempId: string };
    const message = backend.store(1, 1, 'first words', _tempId);
    backend.socket.receive({ type: 'new_message', room_id: 1, message });
    backend.socket.receive({ type: 'message_updated', room_id: 1, message: { ...message, content: 'better words' } });
    backend.socket.receive({ type: 'message_ack', room_id: 1, message, _tempId });
    await sending;
    expect(chat.messages(1).map(({ content }) => content)).to.deep.equal(['better words']);
    chat.disconnect();
  });

  it('treats a connection as dead if reading is not confirmed', async () => {
    const { chat, backend, clock } = await connected();
    backend.socket.send = () => {};
    void chat.markRead(1);
    await clock.advance(6_000 + 3_000 + 2_000);
    expect([chat.state, backend.sockets.length]).to.deep.equal(['connected', 2]);
    chat.disconnect();
  });

  it('holds live frames until the room is read', async () => {
    let hangs = true;
    const { chat, backend, clock } = scene({}, (made) => {
      made.store(1, 2, 'first');
      made.onRequest = (_method, path) => (hangs && path.startsWith('rooms/1/messages') ? 'hang' : undefined);
    });
    chat.openRoom(1);
    chat.connect();
    await clock.advance(0);
    backend.sendAs(1, 2, 'second');
    expect(chat.messages(1)).to.have.length(0);
    hangs = false;
    await clock.advance(16_000);
    expect(chat.messages(1).map(({ content }) => content)).to.deep.equal(['first', 'second']);
    chat.disconnect();
  });

  it('is idle without a token, with that reason', () => {
    const { chat, backend } = scene({ token: '' });
    chat.connect();
    expect(chat.state).to.equal('idle');
    expect(chat.reason).to.deep.equal({ code: 'no_token', message: 'Sign in to chat.' });
    expect(backend.sockets).to.have.length(0);
    chat.disconnect();
  });

  it('reconnects after a loss: up to 2 s first, then 8, doubling to 30 s, without giving up', async () => {
    const { chat, backend, clock } = await connected();
    backend.onSocket = 'refuse';
    backend.onRequest = DOWN;
    backend.socket.drop();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt++) {
      await settle();
      const before = backend.sockets.length;
      const from = clock.now();
      while (backend.sockets.length === before) await clock.advance(500);
      waits.push(Math.round((clock.now() - from) / 1000));
    }
    expect(waits).to.deep.equal([2, 8, 8, 8, 16, 30, 30, 30]);
    backend.onSocket = 'greet';
    backend.onRequest = () => undefined;
    await clock.advance(30_000);
    expect(chat.state).to.equal('connected');
    chat.disconnect();
  });

  it('shows reconnecting first, then an error with its reason', async () => {
    const { chat, backend, clock, states } = await connected();
    backend.onSocket = 'refuse';
    backend.onRequest = DOWN;
    backend.socket.drop();
    await clock.advance(20_000);
    expect(states).to.deep.equal(['connecting', 'connected', 'reconnecting', 'error']);
    expect(chat.reason.code).to.equal('server_unreachable');
    chat.disconnect();
  });

  it('10.12: names a possible cause for the socket only after repeated failures while REST works', async () => {
    const { chat, clock, reasons } = scene({}, (backend) => (backend.onSocket = 'refuse'));
    chat.connect();
    await partsLoaded();
    await clock.advance(1_000);
    expect([chat.state, chat.reason.code]).to.deep.equal(['polling', 'websocket_unavailable']);
    await clock.advance(30_000);
    // A page cannot distinguish a proxy from an origin that is rejected by the socket only.
    expect([chat.state, chat.reason.code]).to.deep.equal(['polling', 'websocket_blocked']);
    expect(chat.reason.message).to.match(/perhaps by a proxy or because this site is not allowed/);
    expect(reasons.filter((reason) => reason.startsWith('websocket'))).to.deep.equal([
      'websocket_unavailable',
      'websocket_blocked',
    ]);
    chat.disconnect();
  });

  it('10.12: blames nothing if the server was down when the page was opened, and comes up', async () => {
    const { chat, backend, clock, reasons } = scene({}, (made) => {
      made.onSocket = 'refuse';
      made.onRequest = DOWN;
    });
    chat.connect();
    await partsLoaded();
    await clock.advance(45_000);
    expect(chat.state).to.equal('error');
    backend.onSocket = 'greet';
    backend.onRequest = () => undefined;
    await clock.advance(60_000);
    expect(chat.state).to.equal('connected');
    expect(reasons).not.to.include('websocket_blocked');
    chat.disconnect();
  });

  it('10.12: blames nothing if the server is repeatedly down', async () => {
    const { chat, backend, clock, reasons } = scene({}, (made) => (made.onSocket = 'refuse'));
    chat.connect();
    await partsLoaded();
    for (let n = 0; n < 20; n++) {
      // REST answers between two socket attempts, but fails during each.
      backend.onRequest = () => undefined;
      await clock.advance(400);
      const tried = backend.sockets.length;
      backend.onRequest = DOWN;
      for (let step = 0; step < 400 && backend.sockets.length === tried; step++) await clock.advance(100);
      await clock.advance(100);
    }
    expect(reasons).not.to.include('websocket_blocked');
    chat.disconnect();
  });

  it('polls over REST if only the socket is blocked', async () => {
    const { chat, backend, clock } = scene({}, (backend) => (backend.onSocket = 'refuse'));
    chat.openRoom(1);
    chat.connect();
    await clock.advance(1_000);
    expect(chat.state).to.equal('polling');
    backend.store(1, 2, 'over REST');
    await clock.advance(6_000);
    expect(chat.messages(1).map(({ content }) => content)).to.deep.equal(['over REST']);
    // Make before break: polling stops only when the socket is open and caught up.
    backend.onSocket = 'greet';
    await clock.advance(31_000);
    expect(chat.state).to.equal('connected');
    const asked = backend.requests.length;
    await clock.advance(60_000);
    expect(backend.requests.length).to.equal(asked);
    chat.disconnect();
  });

  it('catches up after an outage', async () => {
    const { chat, backend, clock } = await connected();
    chat.openRoom(1);
    backend.sendAs(1, 2, 'one');
    await clock.advance(0);
    backend.socket.drop(1012);
    await settle();
    expect(chat.reason.code).to.equal('server_restarting');
    for (let n = 0; n < 250; n++) backend.store(1, 2, `missed ${n}`);
    await clock.advance(8_000);
    expect(chat.state).to.equal('connected');
    expect(chat.messages(1)).to.have.length(251);
    chat.disconnect();
  });

  it('explains a rejected handshake by asking REST with the same token', async () => {
    const expired = tokenOf(1, { exp: 1 });
    for (const [token, prepare, state, reason] of [
      [expired, 'refuse-token', 'unauthorized', 'token_expired'],
      [tokenOf(1), 'refuse-token', 'unauthorized', 'token_refused'],
      [tokenOf(1), 'cors', 'error', 'origin_refused'],
      [tokenOf(1), 'down', 'error', 'server_unreachable'],
      [tokenOf(1), 'html', 'error', 'unexpected_answer'],
      [tokenOf(1), '500', 'error', 'server_failing'],
      [tokenOf(1), '403', 'error', 'access_refused'],
    ] as const) {
      const { chat, clock } = scene({ token }, (backend) => {
        backend.onSocket = 'refuse';
        if (prepare === 'refuse-token') backend.rejectedTokens.add(token);
        // A CORS rejection: the request with a token fails; the opaque one does not.
        if (prepare === 'cors')
          backend.onRequest = () => (backend.requests.at(-1)!.headers.has('Authorization') ? DOWN() : json([]));
        if (prepare === 'down') backend.onRequest = DOWN;
        if (prepare === 'html') backend.onRequest = () => page('<!doctype html><p>Log in to the hotel', 200);
        if (prepare === '500') backend.onRequest = () => page('<!doctype html>', 500);
        if (prepare === '403') backend.onRequest = () => json({ detail: 'No.' }, 403);
      });
      chat.connect();
      await clock.advance(500);
      expect([chat.state, chat.reason.code], prepare).to.deep.equal([state, reason]);
      expect(chat.reason.message).to.match(/^[A-Z].*\.$/);
      chat.disconnect();
      expect(clock.pending, `${prepare}: timers left`).to.equal(0);
    }
  });

  it('shows a message that arrived while a room was read and was not part of the page', async () => {
    const { chat, backend, clock } = await connected();
    backend.onRequest = (_method, path) => {
      if (!path.includes('/messages/')) return undefined;
      backend.onRequest = () => undefined;
      backend.sendAs(1, 2, 'meanwhile');
      return json({ messages: [], has_more: false, count: 0 });
    };
    chat.openRoom(1);
    await clock.advance(100);
    expect(chat.messages(1).map(({ content }) => content)).to.deep.equal(['meanwhile']);
    chat.disconnect();
  });

  it('gives up if the socket rejects every token of the page although REST accepts them', async () => {
    let n = 0;
    const { chat, backend, clock } = scene(
      { token: 'never good', tokenProvider: async () => tokenOf(1, { jti: `never good ${n++}` }) },
      (made) => {
        made.onRequest = () => json(made.rooms);
      },
    );
    // The socket rejects every token; REST accepts all of them.
    backend.rejectedTokens.has = () => true;
    backend.onSocket = 'accept-then-4001';
    chat.connect();
    await partsLoaded();
    await clock.advance(120_000);
    expect([chat.state, chat.reason.code]).to.deep.equal(['unauthorized', 'token_refused']);
    expect(backend.sockets.length).to.be.at.most(5);
    expect(n).to.be.at.most(5);
    chat.disconnect();
  });

  it('requests another token if the server accepts and closes with 4001', async () => {
    const fresh = tokenOf(1, { jti: 'fresh' });
    let asked = 0;
    const { chat, backend, clock } = scene({ tokenProvider: async () => (asked++, fresh) }, (backend) => {
      backend.onSocket = 'accept-then-4001';
      backend.rejectedTokens.add(tokenOf(1));
    });
    chat.connect();
    await clock.advance(2_000);
    expect(chat.state).to.equal('connected');
    expect(asked).to.equal(1);
    expect(new URL(backend.socket.url).searchParams.get('token')).to.equal(fresh);
    chat.disconnect();
  });

  it('refreshes once, however many requests are rejected concurrently, and repeats them', async () => {
    const fresh = tokenOf(1, { jti: 'fresh' });
    let asked = 0;
    const { chat, backend, clock } = await connected({ tokenProvider: async () => (asked++, fresh) });
    backend.rejectedTokens.add(tokenOf(1));
    chat.openRoom(1);
    chat.openRoom(2);
    await clock.advance(0);
    expect(asked).to.equal(1);
    expect(chat.data.threads.get('1')?.loaded).to.equal(true);
    expect(chat.data.threads.get('2')?.loaded).to.equal(true);
    expect(chat.state).to.equal('connected');
    chat.disconnect();
  });

  it('ends as unauthorized, without a loop, if the page has no better token', async () => {
    for (const provider of [async () => tokenOf(1), async () => Promise.reject(new Error('no')), async () => '']) {
      for (const onSocket of ['greet', 'accept-then-4001'] as const) {
        const { chat, backend, clock } = scene({ tokenProvider: provider }, (made) => {
          made.onSocket = onSocket;
          made.rejectedTokens.add(tokenOf(1));
          // Only the socket rejects it: REST cannot be asked.
          if (onSocket !== 'greet') made.onRequest = () => json(made.rooms);
        });
        chat.connect();
        await clock.advance(60_000);
        expect(chat.state).to.equal('unauthorized');
        expect(backend.sockets.length).to.equal(1);
        expect(clock.pending).to.equal(0);
        chat.disconnect();
      }
    }
  });

  it('does not mistake closed connections for a repeatedly rejected token', async () => {
    let asked = 0;
    const tokenProvider = async (): Promise<string> => tokenOf(1, { jti: `${++asked}` });
    const { chat, backend, clock } = await connected({ tokenProvider });
    for (let n = 0; n < 4; n++) {
      backend.socket.drop(1006);
      await clock.advance(9_000);
      expect(chat.state).to.equal('connected');
    }
    backend.rejectedTokens.add(tokenOf(1));
    backend.socket.drop(4001, 'expired');
    await clock.advance(1_000);
    expect([chat.state, asked]).to.deep.equal(['connected', 1]);
    chat.disconnect();
  });

  it('switches to a new token without losing rooms, messages or pending sends', async () => {
    const { chat, backend, clock } = await connected();
    chat.openRoom(1);
    backend.sendAs(1, 2, 'before');
    backend.stores = false;
    const sending = chat.sendChatMessage(1, 'on its way');
    await settle();
    chat.configure({ token: tokenOf(1, { jti: 'second' }) });
    expect(chat.rooms).to.have.length(2);
    backend.stores = true;
    await clock.advance(1_000);
    expect((await sending).message.content).to.equal('on its way');
    expect(chat.messages(1).map(({ content }) => content)).to.deep.equal(['before', 'on its way']);
    expect(backend.open).to.have.length(1);
    expect(chat.state).to.equal('connected');
    expect((await chat.sendChatMessage(1, 'over the new socket')).method).to.equal('websocket');
    chat.disconnect();
  });

  it('continues with a new token although the page never answered for the old one', async () => {
    const { chat, backend, clock } = await connected();
    chat.on('chat-token-expired', ({ respondWith }) => respondWith(new Promise(() => {})));
    chat.openRoom(1);
    backend.rejectedTokens.add(tokenOf(1));
    backend.socket.drop(4001);
    await clock.advance(1_000);
    expect([chat.state, chat.reason.code]).to.deep.equal(['reconnecting', 'token_changed']);
    const sending = chat.sendChatMessage(1, 'patience');
    chat.configure({ token: tokenOf(1, { jti: 'new' }) });
    await clock.advance(1_000);
    expect(chat.state).to.equal('connected');
    await sending;
    chat.disconnect();
  });

  it('keeps its socket if only the tokenProvider changes', async () => {
    const { chat, backend, clock } = await connected({ tokenProvider: async () => 'first' });
    chat.configure({ tokenProvider: async () => 'second' });
    await clock.advance(1_000);
    expect(backend.sockets).to.have.length(1);
    chat.disconnect();
  });

  it('asks the page again when unauthorized and retried', async () => {
    let works = false;
    const { chat, clock } = scene({
      token: '',
      tokenProvider: async () => (works ? tokenOf(1) : Promise.reject(new Error('no network'))),
    });
    chat.connect();
    await clock.advance(1_000);
    expect(chat.state).to.equal('unauthorized');
    works = true;
    chat.retryNow();
    await clock.advance(1_000);
    expect(chat.state).to.equal('connected');
    chat.disconnect();
  });

  it('requests the room list again if something happened during the request', async () => {
    const { chat, backend } = await connected({}, (made) => {
      let asked = 0;
      made.onRequest = (_method, path) => {
        if (path !== 'rooms/' || asked++ > 0) return undefined;
        const stale = json(made.rooms);
        made.rooms = [room(1, 'Ana & Ben'), room(2, 'General', { unread_count: 1 })];
        made.sendAs(2, 2, 'said while the list was on its way');
        return stale;
      };
    });
    expect(chat.rooms.map(({ id, unread_count }) => `${id}: ${unread_count}`).sort()).to.deep.equal(['1: 0', '2: 1']);
    expect(backend.requests.filter(({ path }) => path === 'rooms/')).to.have.length(2);
    chat.disconnect();
  });

  it('misses nothing between a slow read and the new socket', async () => {
    let release: (() => void) | undefined;
    let isSlow = false;
    const made = scene();
    const { backend, clock } = made;
    const chat = new ChatConnection(
      { url: 'https://chat.example', token: tokenOf(1) },
      {
        clock,
        random: () => 0.999,
        WebSocket: backend.WebSocket,
        storage: new MemoryStorage(),
        tabs: {},
        // Answered by the server at once, but delivered late.
        fetch: async (input, init) => {
          const response = await backend.fetch(input, init);
          if (isSlow && String(input).includes('/messages/')) {
            isSlow = false;
            await new Promise<void>((resolve) => (release = resolve));
          }
          return response;
        },
      },
    );
    chat.openRoom(1);
    chat.connect();
    await clock.advance(0);
    backend.sendAs(1, 2, 'old');
    isSlow = true;
    backend.onSocket = 'hang';
    backend.socket.drop();
    await clock.advance(1_500); // the poll's read is pending
    backend.onSocket = 'greet';
    backend.store(1, 2, 'said meanwhile');
    await clock.advance(600);
    release!();
    await clock.advance(100);
    expect(chat.state).to.equal('connected');
    backend.sendAs(1, 2, 'later');
    expect(chat.messages(1).map(({ content }) => content)).to.deep.equal(['old', 'said meanwhile', 'later']);
    chat.disconnect();
  });

  it('rejects an unknown `auth` value instead of sending the token in the URL', async () => {
    const { chat, backend, clock, problems } = scene({ auth: 'cookie' as 'query' });
    chat.connect();
    await clock.advance(1_000);
    expect([chat.state, chat.reason.code]).to.deep.equal(['error', 'bad_configuration']);
    expect(problems.join()).to.contain('auth="cookie"');
    expect(backend.sockets).to.have.length(0);
    chat.disconnect();
  });

  it('shows and sends nothing of one user as another', async () => {
    const { chat, backend, clock } = await connected();
    chat.openRoom(1);
    backend.sendAs(1, 2, 'for Ana alone');
    backend.stores = false;
    const sending = chat.sendChatMessage(1, 'by Ana').catch((error: Error) => error.name);
    await settle();
    backend.me = 2;
    chat.configure({ token: tokenOf(2) });
    expect(chat.messages(1)).to.have.length(0);
    expect(await sending).to.equal('ChatError');
    backend.stores = true;
    await clock.advance(5_000);
    expect(backend.messages.map(({ content }) => content)).to.deep.equal(['for Ana alone']);
    chat.disconnect();
  });

  it('detects an open but dead connection by its silence', async () => {
    const { chat, backend, clock, reasons } = await connected();
    const socket = backend.socket;
    socket.send = () => {}; // frames are lost
    await clock.advance(25_000 + 10_000);
    expect(reasons).to.include('connection_silent');
    expect(socket.readyState).to.equal(3);
    await clock.advance(2_000);
    expect(chat.state).to.equal('connected');
    chat.disconnect();
  });

  it('pings after silence, and accepts any frame as a sign of life', async () => {
    const { chat, backend, clock } = await connected();
    const pings = (): number => backend.socket.sent.filter(({ type }) => type === 'ping').length;
    await clock.advance(24_000);
    backend.sendAs(2, 2, 'still here');
    await clock.advance(24_000);
    expect(pings()).to.equal(0);
    await clock.advance(2_000);
    expect(pings()).to.equal(1);
    expect(chat.state).to.equal('connected');
    chat.disconnect();
  });

  it('times out a hanging handshake, and a server without a greeting', async () => {
    for (const onSocket of ['hang', 'accept-silent'] as const) {
      const { chat, clock } = scene({}, (backend) => (backend.onSocket = onSocket));
      chat.connect();
      await clock.advance(11_000);
      expect(chat.state, onSocket).to.equal('polling');
      chat.disconnect();
    }
  });

  it('keeps the socket while REST is down, and shows catching up', async () => {
    const { chat, backend, clock } = scene({}, (backend) => (backend.onRequest = DOWN));
    chat.openRoom(1);
    chat.connect();
    await clock.advance(0);
    expect([chat.state, chat.reason.code]).to.deep.equal(['reconnecting', 'catching_up']);
    expect(chat.rooms, 'the rooms come over the socket').to.have.length(2);
    expect((await chat.sendChatMessage(1, 'by socket')).method).to.equal('websocket');
    backend.onRequest = () => undefined;
    await clock.advance(30_000);
    expect(chat.state).to.equal('connected');
    expect(backend.sockets).to.have.length(1);
    chat.disconnect();
  });

  it('polls for messages that a baseline backend does not announce, while connected', async () => {
    const { chat, backend, clock } = scene({}, (backend) => (backend.capabilities = []));
    chat.openRoom(1);
    chat.connect();
    await clock.advance(0);
    expect(chat.state).to.equal('connected');
    backend.store(1, 2, 'sent by REST');
    backend.sendAs(1, 2, 'sent by socket, later');
    await clock.advance(16_000);
    expect(chat.messages(1).map(({ content }) => content)).to.deep.equal(['sent by REST', 'sent by socket, later']);
    chat.disconnect();
  });

  it('leaves no timer and no socket behind', async () => {
    const { chat, backend, clock } = await connected();
    chat.openRoom(1)();
    chat.typing(1, true);
    chat.disconnect();
    await settle();
    expect(clock.pending).to.equal(0);
    expect(backend.open).to.have.length(0);
    expect(chat.state).to.equal('idle');
  });

  it('never reveals the token in problems, reasons or errors', async () => {
    const token = tokenOf(1, { secret: 'sesame' });
    const { chat, clock, problems, reasons } = scene({ token }, (backend) => {
      backend.onRequest = DOWN;
    });
    chat.configure({ url: 'ftp://nowhere.example' });
    chat.connect();
    await clock.advance(10_000);
    expect(chat.state).to.equal('error');
    expect(problems.join()).to.contain('must begin with https://');
    expect(JSON.stringify([problems, reasons, chat.data])).not.to.contain(token);
    chat.disconnect();
  });
});
