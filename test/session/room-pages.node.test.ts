/** Capability `room_pages`: pages, and what has changed since, in every order in which they arrive. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Room } from '../../src/protocol/index.js';
import { listPages, readMore } from '../../src/session/sync/room-pages.js';
import type { RoomPage, RoomPageQuery } from '../../src/transport/index.js';

const { signal } = new AbortController();
const room = (id: number): Room => ({ id }) as Room;
const page = (ids: number[], more: Partial<RoomPage> = {}): RoomPage => ({
  rooms: ids.map(room),
  leftOut: [],
  next: null,
  asOf: 'now',
  removed: [],
  isExpired: false,
  ...more,
});

/** A session whose requests are answered by `answer`. */
function sessionWith(answer: (query: RoomPageQuery) => RoomPage | Promise<RoomPage>): Parameters<typeof listPages>[0] {
  const requests = { fetchRoomPage: async (query: RoomPageQuery) => answer(query) };
  return {
    roomSync: { pages: undefined },
    restOrThrow: () => ({ deferred: async () => requests }),
  } as never;
}

const idsOf = async (session: Parameters<typeof listPages>[0]) =>
  (await listPages(session, signal))!.rooms.map(({ id }) => id);

it('a removed room does not come back with a page that was requested before', async () => {
  let answerMore = (_: RoomPage): void => {};
  let onRequested = (): void => {};
  const late = new Promise<RoomPage>((resolve) => (answerMore = resolve));
  const requested = new Promise<void>((resolve) => (onRequested = resolve));
  const changes = [page([], { removed: [2] }), page([]), page([2])];
  const session = sessionWith(({ cursor, since }) => {
    if (cursor) onRequested();
    return cursor ? late : since ? changes.shift()! : page([1], { next: 'c' });
  });
  await listPages(session, signal);
  const more = readMore(session, false, signal);
  await requested;
  await listPages(session, signal);
  answerMore(page([2, 3], { leftOut: ['2'] }));
  await more;
  const answer = (await listPages(session, signal))!;
  assert.deepEqual([answer.rooms.map(({ id }) => id), answer.leftOut], [[1, 3], 0]);
  assert.deepEqual(await idsOf(session), [1, 3, 2], 'joined again');
});

it('an invalid room is counted once, until it is valid or removed', async () => {
  const changes = [
    page([], { leftOut: ['7'] }),
    page([], { leftOut: ['7', '8'] }),
    page([7], { leftOut: ['8'] }),
    page([], { removed: [8] }),
  ];
  const session = sessionWith(({ since }) => (since ? changes.shift()! : page([1], { leftOut: ['7'] })));
  const counts: number[] = [];
  for (let n = 0; n < 5; n++) counts.push((await listPages(session, signal))!.leftOut);
  assert.deepEqual(counts, [1, 1, 2, 1, 0]);
});
