import { expect } from '@open-wc/testing';
import { json, room } from '../support/fake-backend.js';
import { connected } from '../support/connected.js';

const FULL = ['idempotent_send', 'ack', 'user_channel'];

describe('a subscription ended by the server', () => {
  it('10.42: updates thread and list at once if the user was removed from the room', async () => {
    const s = await connected({}, (backend) => (backend.capabilities = FULL));
    s.chat.openRoom(1);
    s.backend.store(1, 2, 'hello');
    await s.clock.advance(1_000);
    s.backend.rooms = [room(2, 'General')];
    s.backend.onRequest = (_, path) => (path.startsWith('rooms/1/') ? json({ detail: 'Not found.' }, 404) : undefined);
    s.backend.socket.receive({ type: 'unsubscribed', room_id: 1 });
    await s.clock.advance(5_000);
    const at5 = [s.chat.data.threads.get('1')!.denied, s.chat.rooms.map(({ id }) => id)];
    await s.clock.advance(600_000);
    const at600 = [s.chat.data.threads.get('1')!.denied, s.chat.rooms.map(({ id }) => id)];
    s.chat.disconnect();
    expect({ at5, at600 }).to.deep.equal({ at5: [true, [2]], at600: [true, [2]] });
  });

  it('10.42: is resumed if the user was readmitted', async () => {
    const s = await connected({}, (backend) => (backend.capabilities = FULL));
    s.chat.openRoom(1);
    await s.clock.advance(1_000);
    s.backend.socket.receive({ type: 'unsubscribed', room_id: 1 });
    await s.clock.advance(1_000);
    s.backend.socket.receive({ type: 'room_updated', room_id: 1, updates: room(1, 'Ana & Ben') });
    await s.clock.advance(120_000);
    const asked = s.backend.socket.sent.filter(
      ({ type, room_id }) => type === 'subscribe_room' && room_id === 1,
    ).length;
    s.chat.disconnect();
    expect(asked).to.equal(2);
  });

  it('10.42: does not cause a request storm if repeated', async () => {
    const { chat, backend, clock } = await connected({}, (each) => {
      each.onSent = (socket, { type, room_id }) =>
        type === 'subscribe_room' && socket.receive({ type: 'unsubscribed', room_id });
    });
    chat.openRoom(1);
    await clock.advance(600_000);
    expect(backend.requests.length).to.be.below(40);
    chat.disconnect();
  });
});
