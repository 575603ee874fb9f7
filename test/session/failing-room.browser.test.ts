import { expect } from '@open-wc/testing';
import { connected } from '../support/connected.js';
import { json } from '../support/fake-backend.js';

const isRoomOne = (path: string): boolean => path.startsWith('rooms/1/messages/');

describe('an open room that cannot be read', () => {
  for (const way of ['with a socket', 'without a socket'] as const) {
    it(`10.42: ${way}: the connection works, the other room works, and the room recovers when it can be read`, async () => {
      let isBroken = true;
      const { chat, backend, clock, states } = await connected({}, (b) => {
        b.store(1, 2, 'in the broken room');
        if (way === 'without a socket') b.onSocket = 'refuse';
        b.onRequest = (_method, path) =>
          isBroken && isRoomOne(path) ? json({ detail: 'datetime is not JSON serializable' }, 500) : undefined;
      });
      chat.openRoom(1);
      chat.openRoom(2);
      await clock.advance(60_000);
      expect(chat.state).to.equal(way === 'with a socket' ? 'connected' : 'polling');
      expect(chat.data.threads.get('1')?.error?.code).to.equal('server_error');
      states.length = 0;
      await chat.sendChatMessage(2, 'into the other room');

      const before = backend.requests.filter(({ path }) => isRoomOne(path)).length;
      await clock.advance(600_000);
      const asked = backend.requests.filter(({ path }) => isRoomOne(path)).length - before;
      expect(asked).to.be.within(5, way === 'with a socket' ? 60 : 130);
      expect(states).to.deep.equal([]);

      isBroken = false;
      await clock.advance(31_000);
      expect(chat.messages(1).map(({ content }) => content)).to.deep.equal(['in the broken room']);
      expect(chat.data.threads.get('1')?.error).to.equal(null);
      chat.disconnect();
    });
  }

  it('10.42: a temporary 502 does not count as a failing room', async () => {
    const { chat, backend, clock } = await connected({}, (b) => void b.store(1, 2, 'one'));
    chat.openRoom(1);
    await clock.advance(1_000);
    backend.onRequest = (_method, path) => (isRoomOne(path) ? json({}, 502) : undefined);
    backend.socket.drop(1012);
    await clock.advance(5_000);
    backend.store(1, 2, 'two');
    expect(chat.state).to.equal('reconnecting');
    backend.onRequest = () => undefined;
    await clock.advance(30_000);
    expect([chat.state, chat.messages(1).map(({ content }) => content)]).to.deep.equal(['connected', ['one', 'two']]);
    chat.disconnect();
  });

  it('10.42: is not retried after it was closed', async () => {
    const { chat, backend, clock } = await connected({}, (b) => {
      b.onRequest = (_method, path) => (isRoomOne(path) ? json({}, 500) : undefined);
    });
    const close = chat.openRoom(1);
    backend.socket.drop(1006);
    await clock.advance(60_000);
    expect(chat.state).to.equal('connected');
    close();
    await clock.advance(60_000);
    const before = backend.requests.length;
    await clock.advance(600_000);
    expect(backend.requests.slice(before).filter(({ path }) => isRoomOne(path))).to.deep.equal([]);
    chat.disconnect();
  });
});

describe('a message between the list and the page', () => {
  it('10.19: counts as unread', async () => {
    const { chat, backend, clock } = await connected();
    chat.openRoom(1);
    await clock.advance(1_000);
    backend.socket.drop(1006);
    let step: 'list' | 'page' | 'done' = 'list';
    // The list is answered; then a message arrives by socket; then the page is answered and contains it.
    backend.onRequest = (_method, path) => {
      if (path === 'rooms/' && step === 'list') step = 'page';
      else if (step === 'page' && isRoomOne(path)) {
        step = 'done';
        backend.rooms = backend.rooms.map((room) => (room.id === 1 ? { ...room, unread_count: 1 } : room));
        backend.sendAs(1, 2, 'between');
      }
      return undefined;
    };
    await clock.advance(30_000);
    expect([
      chat.state,
      chat.messages(1).map(({ content }) => content),
      chat.data.rooms.find(({ id }) => id === 1)?.unread_count,
    ]).to.deep.equal(['connected', ['between'], 1]);
    chat.disconnect();
  });
});
