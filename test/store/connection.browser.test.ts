import { expect } from '@open-wc/testing';
import { connected, scene } from '../support/connected.js';
import { room, tokenOf } from '../support/fake-backend.js';
import { settle } from '../support/fake-clock.js';

const unread = (chat: { rooms: readonly { unread_count: number }[] }): number[] =>
  chat.rooms.map(({ unread_count }) => unread_count);

describe('a connection', () => {
  it('requests the room list over REST', async () => {
    const { chat, backend, clock } = scene({}, (made) => (made.onSocket = 'refuse'));
    chat.connect();
    await clock.advance(100);
    const asked = backend.requests.length;
    const { method, rooms } = await chat.refreshRoomList();
    expect(method).to.equal('rest');
    expect(rooms.map(({ name }) => name)).to.have.members(['Ana & Ben', 'General']);
    expect(backend.requests[asked]!.path).to.equal('rooms/');
    chat.disconnect();
  });

  it('marks the messages as read that were unread at the time, not later ones', async () => {
    const { chat, backend, clock } = await connected();
    chat.openRoom(1);
    await clock.advance(0);
    for (const words of ['one', 'two', 'three']) await chat.sendChatMessage(1, words);
    const second = chat.messages(1)[1]!.id;
    backend.socket.receive({ type: 'message_read', room_id: 1, user_id: 2, message_ids: [], up_to: second });
    await clock.advance(0);
    expect(chat.messages(1).map(({ content, is_read }) => `${content} ${is_read}`)).to.deep.equal([
      'one true',
      'two true',
      'three false',
    ]);
    chat.disconnect();
  });

  it('refreshes the room list by REST, or by socket if REST fails', async () => {
    const { chat, backend } = await connected();
    backend.rooms.push(room(3, 'New'));
    const { method, rooms } = await chat.refreshRoomList();
    expect([method, rooms.length]).to.deep.equal(['rest', 3]);
    backend.onRequest = () => new TypeError('Failed to fetch');
    expect((await chat.refreshRoomList()).method).to.equal('websocket');
    chat.disconnect();
  });

  it('10.19: a room list from the socket does not show rooms that REST hides', async () => {
    const { chat, backend, clock } = await connected();
    backend.socket.receive({ type: 'room_list', rooms: [...backend.rooms, room(3, 'Hidden')] });
    await clock.advance(0);
    expect(chat.rooms.map(({ id }) => id)).to.have.members([1, 2]);
    backend.onRequest = () => new TypeError('Failed to fetch');
    backend.rooms.push(room(3, 'Hidden'));
    expect((await chat.refreshRoomList()).rooms).to.have.length(2);
    chat.disconnect();
  });

  it('counts messages of others as unread once, except in the visible room', async () => {
    const { chat, backend, clock } = await connected();
    const totals: number[] = [];
    chat.on('chat-unread-change', ({ total }) => totals.push(total));
    const message = backend.sendAs(1, 2, 'one');
    backend.socket.receive({ type: 'new_message', room_id: 1, message }); // again: from room group and user group
    backend.sendAs(1, 1, 'mine, from another tab');
    backend.sendAs(2, 2, 'two');
    expect(totals).to.deep.equal([1, 2]);
    chat.setViewing(1, true);
    backend.sendAs(1, 2, 'three');
    await settle();
    expect(backend.socket.sent.filter(({ type }) => type === 'mark_read')).to.have.length(1);
    await clock.advance(1_000);
    expect(totals).to.deep.equal([1, 2, 1]);
    expect(backend.socket.sent.filter(({ type }) => type === 'mark_read')).to.have.length(2);
    chat.disconnect();
  });

  it('trusts an unread count of 0 on the socket only from a backend with user_channel', async () => {
    for (const [capabilities, expected] of [
      [[], [4, 0]],
      [['user_channel'], [0, 0]],
    ] as const) {
      const { chat, backend } = await connected({}, (made) => {
        made.capabilities = [...capabilities];
        made.rooms = [room(1, 'a', { unread_count: 4, updated_at: '2026-11-23T10:00:00Z' }), room(2, 'b')];
      });
      expect(unread(chat)).to.deep.equal([4, 0]);
      backend.socket.receive({
        type: 'room_list',
        rooms: [room(1, 'a', { unread_count: 0, updated_at: '2026-11-23T10:00:00Z' }), room(2, 'b')],
      });
      expect(unread(chat)).to.deep.equal(expected);
      chat.disconnect();
    }
  });

  it('marks a room as read over REST, message by message, without a socket', async () => {
    const { chat, backend, clock } = scene({}, (made) => {
      made.onSocket = 'refuse';
      made.rooms = [room(1, 'a', { unread_count: 2 })];
      made.store(1, 2, 'one');
      made.store(1, 2, 'two');
      made.store(1, 1, 'mine');
    });
    chat.openRoom(1);
    chat.connect();
    await clock.advance(100);
    await chat.markRead(1);
    expect(backend.requests.filter(({ method }) => method === 'POST').map(({ path }) => path)).to.deep.equal([
      'messages/1/mark_read/',
      'messages/2/mark_read/',
    ]);
    expect(unread(chat)).to.deep.equal([0]);
    chat.disconnect();
  });

  it('shows typing users while they type, ignoring non-members and the own user', async () => {
    const { chat, backend, clock } = await connected();
    chat.openRoom(1);
    await clock.advance(0);
    const typing = (user_id: number, is_typing = true): void =>
      backend.socket.receive({ type: 'typing', room_id: 1, user_id, username: 'x', is_typing });
    const typists = (): unknown[] => chat.data.threads.get('1')!.typing.map(({ userId }) => userId);
    for (const user of [1, 2, 77]) typing(user);
    expect(typists()).to.deep.equal([2]);
    await clock.advance(6_000);
    expect(typists()).to.deep.equal([]);
    typing(2);
    backend.sendAs(1, 2, 'done');
    expect(typists()).to.deep.equal([]);
    chat.disconnect();
  });

  it('announces typing every few seconds, not per keystroke, and withdraws it', async () => {
    const { chat, backend, clock } = await connected();
    const typingFrames = (): unknown[] =>
      backend.socket.sent.map(({ type }) => type).filter((type) => String(type).includes('typing'));
    for (let key = 0; key < 8; key++) {
      chat.typing(1, true);
      await clock.advance(500);
    }
    expect(typingFrames()).to.deep.equal(['typing', 'typing']);
    await clock.advance(6_000);
    expect(typingFrames()).to.deep.equal(['typing', 'typing', 'typing', 'stop_typing']);
    chat.typing(1, false);
    expect(typingFrames()).to.have.length(4);
    chat.disconnect();
  });

  it('shows that others have read own messages', async () => {
    const { chat, backend, clock } = await connected();
    chat.openRoom(1);
    await clock.advance(0);
    await chat.sendChatMessage(1, 'seen?');
    expect(chat.messages(1)[0]!.is_read).to.equal(false);
    backend.socket.receive({ type: 'message_read', room_id: 1, user_id: 2, message_ids: [] });
    expect(chat.messages(1)[0]!.is_read).to.equal(true);
    chat.disconnect();
  });

  it('loads older pages, one at a time, until there are none', async () => {
    const { chat, clock } = await connected({}, (made) => {
      for (let n = 0; n < 120; n++) made.store(1, 2, `m${n}`);
    });
    chat.openRoom(1);
    await clock.advance(0);
    expect(chat.messages(1)).to.have.length(50);
    await Promise.all([chat.loadOlder(1), chat.loadOlder(1)]);
    expect(chat.messages(1)).to.have.length(100);
    await chat.loadOlder(1);
    expect(chat.messages(1).map(({ id }) => id)).to.deep.equal(Array.from({ length: 120 }, (_, n) => n + 1));
    expect(chat.data.threads.get('1')!.hasOlder).to.equal(false);
    chat.disconnect();
  });

  it('reports each problem once, and survives throwing listeners', async () => {
    const thrown: unknown[] = [];
    const onError = (event: ErrorEvent): void => {
      event.preventDefault();
      thrown.push(event.error);
    };
    const { chat, backend, problems } = await connected();
    window.addEventListener('error', onError);
    const before = window.onerror;
    window.onerror = null; // mocha would report it as a failure
    chat.on('chat-message', () => {
      throw new Error('a mistake of the page');
    });
    for (let n = 0; n < 3; n++) backend.socket.receive({ type: 'from_the_future' });
    backend.sendAs(1, 2, 'still heard');
    await settle();
    window.onerror = before;
    window.removeEventListener('error', onError);
    expect(problems.filter((problem) => problem.startsWith('unknown_frame'))).to.have.length(1);
    expect(thrown).to.have.length(1);
    expect(chat.rooms[0]!.last_message?.content).to.equal('still heard');
    chat.disconnect();
  });

  it('can load older messages after an aborted request', async () => {
    const { chat, backend, clock } = await connected({}, (made) => {
      for (let n = 0; n < 120; n++) made.store(1, 2, `m${n}`);
    });
    chat.openRoom(1);
    await clock.advance(0);
    backend.onRequest = (_method, path) => (path.includes('before=') ? 'hang' : undefined);
    const loading = chat.loadOlder(1).catch((error: { code: string }) => error.code);
    await settle();
    chat.configure({ token: tokenOf(1, { jti: 2 }) });
    expect(await loading).to.equal('aborted');
    backend.onRequest = () => undefined;
    await clock.advance(1_000);
    await chat.loadOlder(1);
    expect(chat.messages(1)).to.have.length(100);
    chat.disconnect();
  });

  it('emits events for messages that arrive by polling', async () => {
    const { chat, backend, clock } = scene({}, (made) => (made.onSocket = 'refuse'));
    const reported: string[] = [];
    chat.on('chat-message', ({ message }) => reported.push(message.content));
    backend.store(1, 2, 'history');
    chat.openRoom(1);
    chat.connect();
    await clock.advance(2_000);
    backend.store(1, 2, 'news');
    backend.store(1, 1, 'mine');
    await clock.advance(12_000);
    expect(reported).to.deep.equal(['news']);
    chat.disconnect();
  });

  it('reloads the rooms when a message arrives in an unknown room', async () => {
    const { chat, backend } = await connected();
    backend.rooms.push(room(9, 'Just made'));
    backend.sendAs(9, 2, 'welcome');
    await settle();
    expect(chat.rooms.map(({ name }) => name)).to.include('Just made');
    chat.disconnect();
  });
});

describe('a backend whose room list omits messages sent over REST', () => {
  const previews = ({ chat }: Awaited<ReturnType<typeof connected>>): string[] =>
    chat.rooms.map(({ id, last_message, unread_count }) => `${id}: ${last_message?.content ?? '-'} (${unread_count})`);

  it('10.14: shows the own message as preview, at the top, at once and permanently', async () => {
    const made = await connected({}, (backend) => {
      backend.capabilities = [];
      backend.onSocket = 'refuse';
      backend.rooms[1] = room(2, 'General', {
        last_message: { content: 'before', timestamp: '2026-11-22T11:00:00Z', sender: null },
        unread_count: 3,
      });
    });
    const { chat, backend, clock } = made;
    await clock.advance(5_000);
    expect(previews(made)).to.deep.equal(['2: before (3)', '1: - (0)']);
    const sent = chat.sendChatMessage(1, 'mine');
    await clock.advance(0);
    await sent;
    expect(previews(made)).to.deep.equal(['1: mine (0)', '2: before (3)']);
    const lists = (): number => backend.requests.filter(({ path }) => path === 'rooms/').length;
    const before = lists();
    await clock.advance(600_000);
    expect(lists(), 'lists without the message').to.be.above(before + 5);
    expect(previews(made)).to.deep.equal(['1: mine (0)', '2: before (3)']);
    // A newer message of another user in the list takes precedence.
    backend.rooms[0] = room(1, 'Ana & Ben', {
      last_message: { content: 'later', timestamp: new Date(clock.now()).toISOString(), sender: null },
      unread_count: 1,
    });
    await clock.advance(60_000);
    expect(previews(made)[0]).to.equal('1: later (1)');
    chat.disconnect();
  });

  it('10.14: own reading resets the unread count at once', async () => {
    const made = await connected({}, (backend) => {
      backend.capabilities = [];
      backend.onSocket = 'refuse';
      backend.rooms[1] = room(2, 'General', { unread_count: 1 });
      backend.store(2, 2, 'unread');
    });
    made.chat.openRoom(2);
    await made.clock.advance(5_000);
    made.backend.onRequest = (method) => {
      if (method === 'POST') made.backend.rooms[1]!['unread_count'] = 0;
      return undefined;
    };
    const reading = made.chat.markRead(2);
    expect(made.chat.rooms.map(({ unread_count }) => unread_count)).to.deep.equal([0, 0]);
    await made.clock.advance(60_000);
    await reading;
    expect(made.chat.rooms.map(({ unread_count }) => unread_count)).to.deep.equal([0, 0]);
    made.chat.disconnect();
  });

  it('10.14: trusts the list of a backend with user_channel', async () => {
    const made = await connected();
    const sent = made.chat.sendChatMessage(1, 'to be deleted');
    await made.clock.advance(0);
    await sent;
    expect(previews(made)[0]).to.equal('1: to be deleted (0)');
    await made.chat.refreshRoomList();
    expect(previews(made)).to.include('1: - (0)');
    made.chat.disconnect();
  });
});
