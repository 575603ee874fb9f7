import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startServer, type RunningServer } from '../../demo/server/server.js';
import { listPages, readMore } from '../../src/session/sync/room-pages.js';
import { ANA } from '../server/support.js';
import { FakeBrowser } from '../support/fake-tabs.js';
import { MemoryStorage } from '../support/memory-storage.js';
import { connectAs } from './support.js';

let server: RunningServer;
before(async () => (server = await startServer()));
after(() => server.close());

it('a: a slow second tab does not bring a sent message back', async () => {
  const browser = new FakeBrowser((run) => void setTimeout(run, 400));
  const storage = new MemoryStorage();
  const first = await connectAs(server, ANA, [], { storage: storage.handle(), tabs: browser.tab() });
  const second = await connectAs(server, ANA, [], { storage: storage.handle(), tabs: browser.tab() });
  const localId = await first.chat.openConversation({ with: 3, context: { type: 'job', id: 'slow' } });
  // So that the second tab knows the message before the room is created.
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  first.beforeRequest = (method, path) => (`${method} ${path}` === 'POST rooms/' ? gate : undefined);
  const sent = first.chat.sendChatMessage(localId, 'hello');
  await second.until(() => second.chat.messages(localId).length === 1, 'the message in the second tab');
  open();
  await sent;
  await sleep(2500);
  console.log('a', JSON.stringify([...storage.messages.values()].map(({ message }) => message.content)));
  first.end();
  second.end();
  assert.equal(storage.messages.size, 0);
});

it('b: a removed room does not come back with a page that was requested before', async () => {
  const room = (id: number) => ({ id }) as never;
  const page = (rooms: never[], more: object = {}) => ({
    rooms,
    leftOut: 0,
    next: null,
    asOf: 'x',
    removed: [],
    isExpired: false,
    ...more,
  });
  let answerMore = (_: unknown): void => {};
  const session = {
    roomSync: { pages: undefined as never },
    restOrThrow: () => ({
      deferred: async () => ({
        fetchRoomPage: ({ cursor, since }: { cursor?: string; since?: string }) =>
          cursor
            ? new Promise((resolve) => (answerMore = resolve))
            : Promise.resolve(since ? page([], { removed: [2] }) : page([room(1)], { next: 'c' })),
      }),
    }),
  } as never;
  const { signal } = new AbortController();
  await listPages(session, signal);
  const more = readMore(session, false, signal);
  await sleep(1);
  await listPages(session, signal);
  answerMore(page([room(2)]));
  await more;
  const answer = await listPages(
    {
      ...(session as object),
      restOrThrow: () => ({ deferred: async () => ({ fetchRoomPage: async () => page([]) }) }),
    } as never,
    signal,
  );
  assert.deepEqual(
    answer!.rooms.map(({ id }) => id),
    [1],
  );
});
