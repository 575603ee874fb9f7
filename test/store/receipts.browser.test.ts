/** Read receipts: how often they are sent, and which are accepted. */
import { expect } from '@open-wc/testing';
import { connected, type Scene } from '../support/connected.js';
import { room, type FakeBackend } from '../support/fake-backend.js';
import { settle } from '../support/fake-clock.js';

const FULL = ['idempotent_send', 'ack', 'user_channel', 'receipts'];
const PEOPLE = [1, 2].map((id) => ({ id, username: `user${id}` }));

const marks = (backend: FakeBackend): Record<string, unknown>[] =>
  backend.sockets.flatMap(({ sent }) => sent.filter(({ type }) => type === 'mark_read'));

async function open(prepare: (backend: FakeBackend) => void = () => {}): Promise<Scene> {
  const scene = await connected({}, (backend) => {
    backend.capabilities = FULL;
    backend.rooms = [room(1, 'a', { participants: PEOPLE }), room(2, 'b', { participants: PEOPLE })];
    prepare(backend);
  });
  scene.chat.openRoom(1);
  await scene.clock.advance(0);
  return scene;
}

describe('10.17: reading is reported', () => {
  it('10.17: at once, then at most once a second, up to the last message', async () => {
    const { chat, backend, clock } = await open();
    chat.setViewing(1, true);
    const first = backend.sendAs(1, 2, 'first');
    await settle();
    expect(marks(backend)).to.deep.equal([{ type: 'mark_read', room_id: 1, up_to: first.id }]);
    // Ten per second, for ten seconds.
    for (let n = 0; n < 100; n++) {
      backend.sendAs(1, 2, `more ${n}`);
      await clock.advance(100);
    }
    await clock.advance(2_000);
    expect(marks(backend).length).to.be.within(10, 12);
    expect(marks(backend).at(-1)).to.deep.equal({ type: 'mark_read', room_id: 1, up_to: backend.messages.at(-1)!.id });
    await clock.advance(60_000);
    expect(marks(backend).length, 'and nothing remains to be reported').to.be.at.most(12);
    chat.disconnect();
  });

  for (const [what, leave] of Object.entries<(scene: Scene) => void>({
    'the reader looks away': ({ chat }) => chat.setViewing(1, false),
    'the page disconnects': ({ chat }) => chat.disconnect(),
  })) {
    it(`10.17: completely when ${what}`, async () => {
      const scene = await open();
      const { chat, backend, clock } = scene;
      chat.setViewing(1, true);
      for (const text of ['one', 'two', 'three']) backend.sendAs(1, 2, text);
      await settle();
      expect(marks(backend)).to.have.length(1);
      leave(scene);
      await settle();
      expect(marks(backend).map(({ up_to }) => up_to)).to.deep.equal([1, 3]);
      chat.disconnect();
      await clock.advance(5_000);
      expect(marks(backend)).to.have.length(2);
      expect(clock.pending).to.equal(0);
    });
  }

  it('10.17: per room', async () => {
    const { chat, backend } = await open();
    chat.openRoom(2);
    await settle();
    for (const id of [1, 2]) chat.setViewing(id, true);
    for (const id of [1, 2]) backend.sendAs(id, 2, 'x');
    await settle();
    expect(marks(backend).map(({ room_id }) => room_id)).to.deep.equal([1, 2]);
    chat.disconnect();
  });

  it('10.17: to a backend without `receipts` in the old form, at the same rate', async () => {
    const { chat, backend, clock } = await open((made) => (made.capabilities = ['user_channel']));
    chat.setViewing(1, true);
    for (let n = 0; n < 5; n++) backend.sendAs(1, 2, `${n}`);
    await clock.advance(1_000);
    expect(marks(backend)).to.deep.equal(
      Array.from({ length: 2 }, () => ({ type: 'mark_read', room_id: 1, message_ids: [] })),
    );
    chat.disconnect();
  });
});

describe('10.17: a receipt', () => {
  const ticks = ({ chat }: Scene): boolean[] => chat.messages(1).map(({ is_read }) => is_read);

  it('10.17: marks messages up to the given one, and none after it', async () => {
    const scene = await open();
    const { chat, backend } = scene;
    for (const text of ['one', 'two', 'three']) backend.sendAs(1, 1, text);
    backend.socket.receive({ type: 'message_read', room_id: 1, user_id: 2, up_to: 2 });
    expect(ticks(scene)).to.deep.equal([true, true, false]);
    chat.disconnect();
  });

  it('10.17: of a user who is not in the room is ignored, if all participants are known', async () => {
    const scene = await open(
      (backend) => (backend.rooms = [room(1, 'a', { participants: PEOPLE, participant_count: 2 })]),
    );
    const { chat, backend } = scene;
    backend.sendAs(1, 1, 'one');
    for (const frame of [{ up_to: 1 }, { message_ids: [1] }, {}])
      backend.socket.receive({ type: 'message_read', room_id: 1, user_id: 77, ...frame });
    expect(ticks(scene)).to.deep.equal([false]);
    // For a large room, some servers list only a few participants.
    backend.socket.receive({ type: 'room_updated', room_id: 1, updates: { participant_count: 500 } });
    backend.socket.receive({ type: 'message_read', room_id: 1, user_id: 77, up_to: 1 });
    expect(ticks(scene)).to.deep.equal([true]);
    chat.disconnect();
  });

  it('10.17: missed during an outage is requested once after a reconnect, for the open rooms', async () => {
    const scene = await open();
    const { chat, backend, clock } = scene;
    for (const text of ['one', 'two']) backend.sendAs(1, 1, text);
    backend.socket.drop(1006);
    backend.receipts = { 1: [{ user_id: 2, up_to: 1 }] };
    const asked = (): number => backend.requests.filter(({ path }) => path.endsWith('/receipts/')).length;
    const before = asked();
    await clock.advance(5_000);
    expect(chat.state).to.equal('connected');
    expect(ticks(scene)).to.deep.equal([true, false]);
    expect(asked() - before).to.equal(1);
    await clock.advance(200_000);
    expect(asked() - before, 'and not again on the same socket').to.equal(1);
    chat.disconnect();
  });

  it('12.21: missed during an outage is read from all pages', async () => {
    const scene = await open();
    const { chat, backend, clock } = scene;
    backend.sendAs(1, 1, 'one');
    const cursors: (string | null)[] = [];
    backend.onRequest = (_method, path) => {
      const [, query] = /\/receipts\/(.*)$/.exec(path) ?? [];
      if (query === undefined) return undefined;
      const cursor = new URLSearchParams(query).get('cursor');
      cursors.push(cursor);
      return new Response(
        cursor === null
          ? '{"items":[{"user_id":3,"up_to":0}],"next":"b"}'
          : '{"items":[{"user_id":2,"up_to":1}],"next":null}',
      );
    };
    backend.socket.drop(1006);
    await clock.advance(5_000);
    expect(cursors).to.deep.equal([null, 'b']);
    expect(ticks(scene)).to.deep.equal([true]);
    chat.disconnect();
  });

  for (const [what, answer] of Object.entries({
    'a missing route': new Response('', { status: 404 }),
    'an invalid response': new Response('{"items":[7,{"user_id":2}],"next":null}'),
    'a response without a list': new Response('{"items":"all"}'),
  })) {
    it(`10.17: ${what} affects check marks only`, async () => {
      const scene = await open();
      const { chat, backend, clock } = scene;
      backend.sendAs(1, 1, 'one');
      backend.onRequest = (_method, path) => (path.endsWith('/receipts/') ? answer.clone() : undefined);
      backend.socket.drop(1006);
      await clock.advance(5_000);
      expect([chat.state, ...ticks(scene)]).to.deep.equal(['connected', false]);
      chat.disconnect();
    });
  }
});
