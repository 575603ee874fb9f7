/** A room that the user may not read. */
import { expect } from '@open-wc/testing';
import { connected, type Scene } from '../support/connected.js';
import { json, room } from '../support/fake-backend.js';

/** Requests for a room's history. */
const asked = ({ backend }: Scene, roomId = 9): number =>
  backend.requests.filter(({ method, path }) => method === 'GET' && path.startsWith(`rooms/${roomId}/messages/`))
    .length;
const refuse = ({ backend }: Scene, status: 403 | 404): void => {
  backend.onRequest = (_method, path) =>
    path.startsWith('rooms/9/') ? json({ detail: status === 404 ? 'Not found.' : 'Forbidden.' }, status) : undefined;
};
const allow = ({ backend }: Scene): void => void (backend.onRequest = () => undefined);

/** @param capabilities None: a baseline backend, which is polled every 15 s. */
async function denied(status: 403 | 404, capabilities: string[] = []): Promise<Scene> {
  const made = await connected({}, (backend) => (backend.capabilities = capabilities));
  refuse(made, status);
  made.backend.store(9, 2, 'not for everybody');
  made.chat.openRoom(9);
  await made.clock.advance(0);
  expect(made.chat.data.threads.get('9')!.denied).to.equal(true);
  return made;
}

describe('a room without access', () => {
  for (const status of [403, 404] as const) {
    it(`10.42: ${status}: is not requested again, in the first minute and in the sixtieth, with a socket and without`, async () => {
      const made = await denied(status);
      const before = asked(made);
      await made.clock.advance(3_600_000);
      expect(asked(made)).to.equal(before);
      made.backend.onSocket = 'refuse';
      made.backend.socket.drop();
      await made.clock.advance(3_600_000);
      expect(made.chat.state).to.equal('polling');
      expect(asked(made)).to.equal(before);
      made.chat.disconnect();
    });
  }

  const recovered = ({ chat }: Scene): [boolean, number] => [
    chat.data.threads.get('9')!.denied,
    chat.messages(9).length,
  ];

  it('10.42: is read when it reappears in the list, but not repeatedly without effect', async () => {
    const made = await denied(404);
    const before = asked(made);
    made.backend.rooms = [...made.backend.rooms, room(9, 'Board')];
    await made.clock.advance(3_600_000);
    expect(asked(made) - before, 'listed, but still denied').to.be.within(1, 5);
    const again = await denied(404);
    await again.clock.advance(3_600_000);
    allow(again);
    again.backend.rooms = [...again.backend.rooms, room(9, 'Board')];
    await again.clock.advance(31_000);
    expect(recovered(again)).to.deep.equal([false, 1]);
    for (const { chat } of [made, again]) chat.disconnect();
  });

  it('10.42: is read when the server sends a frame about it; constant frames cause no request storm', async () => {
    const made = await denied(403, ['user_channel', 'ack', 'idempotent_send']);
    const before = asked(made);
    const update = (): void =>
      made.backend.socket.receive({ type: 'room_updated', room_id: 9, updates: { name: 'Board' } });
    for (let n = 0; n < 100; n++) {
      update();
      await made.clock.advance(100);
    }
    expect(asked(made) - before).to.be.within(1, 5);
    const again = await denied(403, ['user_channel', 'ack', 'idempotent_send']);
    allow(again);
    again.backend.socket.receive({ type: 'room_updated', room_id: 9, updates: { name: 'Board' } });
    await again.clock.advance(0);
    expect(recovered(again)).to.deep.equal([false, 1]);
    for (const { chat } of [made, again]) chat.disconnect();
  });

  it('10.42: is read on request, and after a reconnect', async () => {
    const made = await denied(404);
    allow(made);
    made.chat.reload(9);
    await made.clock.advance(0);
    expect(recovered(made)).to.deep.equal([false, 1]);
    refuse(made, 403);
    await made.clock.advance(15_000);
    expect(made.chat.data.threads.get('9')!.denied, 'taken away later').to.equal(true);
    allow(made);
    made.backend.socket.drop();
    await made.clock.advance(5_000);
    expect(recovered(made)).to.deep.equal([false, 1]);
    made.chat.disconnect();
  });

  it('10.42: is also detected when sending', async () => {
    const made = await connected({}, (backend) => (backend.capabilities = ['user_channel', 'ack', 'idempotent_send']));
    made.chat.openRoom(9);
    await made.clock.advance(0);
    refuse(made, 403);
    made.backend.stores = false;
    const sent = made.chat.sendChatMessage(9, 'hello?').catch((error: { code: string }) => error.code);
    await made.clock.advance(20_000);
    expect(await sent).to.equal('forbidden');
    expect([made.chat.data.threads.get('9')!.denied, made.chat.messages(9)[0]!.delivery]).to.deep.equal([
      true,
      'failed',
    ]);
    made.chat.disconnect();
  });

  it('10.42: an older page that is not found removes nothing', async () => {
    const made = await connected();
    for (let n = 0; n < 80; n++) made.backend.store(9, 2, `message ${n}`);
    made.chat.openRoom(9);
    await made.clock.advance(0);
    made.backend.onRequest = (_method, path) =>
      path.includes('before=') ? json({ detail: 'Not found.' }, 404) : undefined;
    await made.chat.loadOlder(9).catch(() => {});
    const { denied: isDenied, error } = made.chat.data.threads.get('9')!;
    expect([isDenied, error?.code]).to.deep.equal([false, 'not_found']);
    made.chat.disconnect();
  });
});
