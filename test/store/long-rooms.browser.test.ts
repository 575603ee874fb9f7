/** Rooms longer than the page's window, and changes while a page of them is loading. */
import { expect } from '@open-wc/testing';
import { edgeOf } from '../../src/store/timeline-entries.js';
import { connected, type Scene } from '../support/connected.js';
import { json } from '../support/fake-backend.js';

const fill =
  (count: number) =>
  (backend: Scene['backend']): void => {
    for (let n = 1; n <= count; n++) backend.store(1, 2, `m${n}`);
  };

/** Opens room 1, and scrolls up until the newest messages are released. */
async function upThere(count = 2_300): Promise<Scene> {
  const made = await connected({}, fill(count));
  made.chat.openRoom(1);
  await made.clock.advance(0);
  while (!made.chat.data.threads.get('1')!.hasNewer) await made.chat.loadOlder(1);
  made.chat.setAway(1, true);
  return made;
}
const thread = ({ chat }: Scene) => chat.data.threads.get('1')!;
const range = (scene: Scene): string =>
  `${thread(scene).timeline[0]!.content}-${edgeOf(thread(scene).timeline)!.content}`;
const asked = ({ backend }: Scene, what: string, from = 0): string[] =>
  backend.requests
    .slice(from)
    .map(({ path }) => path)
    .filter((path) => path.includes(what));

describe('10.22: a room longer than the window', () => {
  it('is loaded page by page in both directions', async () => {
    const scene = await upThere();
    const { chat } = scene;
    expect(thread(scene).timeline).to.have.length(2_000);
    const end = range(scene).split('-')[1]!;
    await chat.loadNewer(1);
    expect(asked(scene, `after=${end.slice(1)}`)).to.have.length(1);
    while (thread(scene).hasNewer) await chat.loadNewer(1);
    expect(range(scene)).to.match(/-m2300$/);
    expect(thread(scene).hasOlder).to.equal(true);
    while (!thread(scene).hasNewer) await chat.loadOlder(1);
    await chat.loadNewest(1);
    expect([range(scene), thread(scene).hasNewer, thread(scene).hasOlder]).to.deep.equal(['m2251-m2300', false, true]);
    const before = scene.backend.requests.length;
    await chat.loadNewer(1);
    await chat.loadNewest(1);
    expect(scene.backend.requests.length, 'no request without missing messages').to.equal(before);
    chat.disconnect();
  });

  it('shows nothing after the gap, even if there is space', async () => {
    const scene = await upThere(3_000);
    const { chat, backend } = scene;
    for (let n = 0; n < 10; n++) await chat.loadOlder(1);
    // The oldest are released, which leaves space at the end.
    await chat.loadNewer(1);
    chat.setAway(1, false);
    expect([thread(scene).hasNewer, thread(scene).timeline.length < 2_000]).to.deep.equal([true, true]);
    const before = range(scene);
    backend.sendAs(1, 2, 'live');
    expect(range(scene)).to.equal(before);
    chat.disconnect();
  });

  it('reports a message after the gap, and shows it at the end', async () => {
    const scene = await upThere();
    const { chat, backend } = scene;
    const reported: string[] = [];
    chat.on('chat-message', ({ message }) => reported.push(message.content));
    const before = range(scene);
    backend.sendAs(1, 2, 'live');
    expect([range(scene), reported.join(), chat.rooms[0]!.unread_count]).to.deep.equal([before, 'live', 1]);
    const sent = chat.sendChatMessage(1, 'mine');
    await scene.clock.advance(0);
    await sent;
    await chat.loadNewest(1);
    expect(
      thread(scene)
        .timeline.slice(-2)
        .map(({ content }) => content),
    ).to.deep.equal(['live', 'mine']);
    chat.disconnect();
  });

  it('shows own pending messages at the end, after the gap', async () => {
    const scene = await upThere();
    scene.backend.stores = false;
    void scene.chat.sendChatMessage(1, 'on its way').catch(() => {});
    await scene.clock.advance(0);
    expect(thread(scene).timeline.at(-1)!.content).to.equal('on its way');
    await scene.chat.loadOlder(1);
    expect(thread(scene).timeline.at(-1)!.content).to.equal('on its way');
    scene.chat.disconnect();
  });

  it('does not count as complete if a message arrived while its last page was loading', async () => {
    const scene = await upThere(2_060);
    const { chat, backend, clock } = scene;
    while (!thread(scene).hasNewer) await chat.loadOlder(1);
    backend.onRequest = (_method, path) => {
      if (!path.includes('after=')) return undefined;
      const after = Number(new URL(path, 'https://x').searchParams.get('after'));
      const page = backend.messages.filter(({ id }) => id > after);
      // Stored after the page was read, but delivered before it.
      if (backend.messages.length === 2_060) backend.sendAs(1, 2, 'late');
      return json({ messages: page.slice(0, 50), has_more: page.length > 50 });
    };
    for (let n = 0; n < 50 && thread(scene).hasNewer; n++) await chat.loadNewer(1);
    await clock.advance(0);
    expect(
      thread(scene)
        .timeline.slice(-2)
        .map(({ content }) => content),
    ).to.deep.equal(['m2060', 'late']);
    chat.disconnect();
  });

  it('reports nothing twice when a baseline backend is read again', async () => {
    const scene = await connected({}, (backend) => {
      fill(2_300)(backend);
      backend.capabilities = [];
    });
    const { chat, backend, clock } = scene;
    chat.openRoom(1);
    await clock.advance(0);
    while (!thread(scene).hasNewer) await chat.loadOlder(1);
    const reported: string[] = [];
    chat.on('chat-message', ({ message }) => reported.push(message.content));
    const before = range(scene);
    await clock.advance(15_100);
    backend.store(1, 2, 'told on no socket');
    await clock.advance(30_100);
    expect([reported.join(), range(scene)]).to.deep.equal(['told on no socket', before]);
    chat.disconnect();
  });

  it('10.24: jumps to the newest page if a backend repeats the same page', async () => {
    const scene = await upThere();
    const { chat, backend } = scene;
    backend.onRequest = (_method, path) =>
      path.includes('after=') ? json({ messages: backend.messages.slice(0, 50), has_more: true }) : undefined;
    const before = backend.requests.length;
    await chat.loadNewer(1);
    expect([thread(scene).hasNewer, range(scene), asked(scene, 'messages', before).length]).to.deep.equal([
      false,
      'm2251-m2300',
      2,
    ]);
    chat.disconnect();
  });
});

describe('10.19: a page that is loading', () => {
  it('does not hold live messages', async () => {
    const scene = await connected({}, fill(120));
    const { chat, backend, clock } = scene;
    chat.openRoom(1);
    await clock.advance(0);
    backend.onRequest = (_method, path) => (path.includes('before=') ? 'hang' : undefined);
    const loading = chat.loadOlder(1).catch((error: { code: string }) => error.code);
    await clock.advance(1_000);
    backend.sendAs(1, 2, 'now');
    expect(thread(scene).timeline.at(-1)!.content).to.equal('now');
    await clock.advance(15_000);
    expect(await loading).to.equal('timeout');
    chat.disconnect();
  });

  it('contains changes made meanwhile, though it was read before them', async () => {
    const scene = await connected({}, fill(120));
    const { chat, backend, clock } = scene;
    chat.openRoom(1);
    await clock.advance(0);
    backend.onRequest = (_method, path) => {
      if (!path.includes('before=')) return undefined;
      const page = json({ messages: backend.messages.slice(20, 70), has_more: true });
      backend.socket.receive({ type: 'message_deleted', room_id: 1, message_id: 60 });
      backend.socket.receive({
        type: 'message_updated',
        room_id: 1,
        message: { ...backend.messages[60]!, content: 'edited' },
      });
      return page;
    };
    await chat.loadOlder(1);
    const around = thread(scene)
      .timeline.filter(({ id }) => Number(id) >= 59 && Number(id) <= 62)
      .map(({ content }) => content);
    expect(around).to.deep.equal(['m59', 'edited', 'm62']);
    chat.disconnect();
  });

  it('a reopened room does not keep a last message that was deleted meanwhile', async () => {
    const scene = await connected({}, fill(3));
    const { chat, backend, clock } = scene;
    chat.openRoom(1)();
    await clock.advance(6_000);
    expect(range(scene)).to.equal('m1-m3');
    backend.messages = backend.messages.slice(0, 2);
    chat.openRoom(1);
    await clock.advance(0);
    expect(range(scene)).to.equal('m1-m2');
    backend.sendAs(1, 2, 'later');
    expect(range(scene)).to.equal('m1-later');
    chat.disconnect();
  });
});
