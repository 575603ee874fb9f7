/**
 * Capability `room_pages`: reads the first page of the room list, further ones on demand, and later only the
 * changes. Loaded on demand: see deferred.ts.
 */
import { idKey } from '../../protocol/index.js';
import { throwIfAborted, type DeferredRequests, type RoomPage, type RoomsAnswer } from '../../transport/index.js';
import type { SessionContext } from '../session-context.js';
import type { RoomPages } from './known-pages.js';

/** The rooms of the first page, and of each further one. */
const PAGE = 50;
/** If more have changed, the list starts again with its first page. */
const MAX_CHANGED = 200;

type PagesHost = Pick<SessionContext, 'restOrThrow'> & { readonly roomSync: { pages: RoomPages | undefined } };

const noPages = (): RoomPages => ({
  rooms: new Map(),
  leftOut: new Set(),
  removed: new Set(),
  asOf: undefined,
  next: undefined,
  nextArchived: undefined,
});

const answerOf = ({ rooms, leftOut, next }: RoomPages): RoomsAnswer => ({
  rooms: [...rooms.values()],
  leftOut: leftOut.size,
  isComplete: next === null,
});

function add(pages: RoomPages, { rooms, leftOut, removed }: RoomPage): void {
  for (const key of leftOut) pages.leftOut.add(key);
  for (const room of rooms) {
    const key = idKey(room.id);
    pages.rooms.set(key, room);
    pages.leftOut.delete(key);
    pages.removed.delete(key);
  }
  for (const key of removed.map(idKey)) {
    pages.rooms.delete(key);
    pages.leftOut.delete(key);
    pages.removed.add(key);
  }
}

const fetchOf = async (session: PagesHost): Promise<DeferredRequests['fetchRoomPage']> => {
  const requests = await session.restOrThrow().deferred();
  return requests.fetchRoomPage?.bind(requests);
};

/** The first page; later the known rooms, brought up to date. @returns undefined if the transport has no pages. */
export async function listPages(session: PagesHost, signal: AbortSignal): Promise<RoomsAnswer | undefined> {
  const fetchPage = await fetchOf(session);
  throwIfAborted(signal);
  if (!fetchPage) return undefined;
  const known = session.roomSync.pages;
  if (known) {
    const changed = await fetchPage({ limit: MAX_CHANGED, since: known.asOf }, signal);
    if (!changed.isExpired && changed.next === null) {
      add(known, changed);
      known.asOf = changed.asOf;
      return answerOf(known);
    }
  }
  const page = await fetchPage({ limit: PAGE }, signal);
  throwIfAborted(signal);
  const pages = { ...noPages(), asOf: page.asOf, next: page.next };
  add(pages, page);
  session.roomSync.pages = pages;
  return answerOf(pages);
}

/** Reads the next page. It is shown by the next list, together with what has changed since the others were read. */
export async function readMore(session: PagesHost, archived: boolean, signal: AbortSignal): Promise<void> {
  const { pages } = session.roomSync;
  const fetchPage = await fetchOf(session);
  const cursor = archived ? pages?.nextArchived : pages?.next;
  if (!pages || !fetchPage || cursor === null) return;
  const page = await fetchPage({ limit: PAGE, cursor, archived }, signal);
  throwIfAborted(signal);
  pages[archived ? 'nextArchived' : 'next'] = page.next;
  // What is known of a room may be newer than this page. If the user has joined a room again, the next list says so.
  const isNews = (key: string): boolean => !pages.rooms.has(key) && !pages.removed.has(key);
  const rooms = page.rooms.filter(({ id }) => isNews(idKey(id)));
  add(pages, { ...page, rooms, leftOut: page.leftOut.filter(isNews) });
}
