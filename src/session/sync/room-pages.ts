/**
 * Capability `room_pages`: reads the first page of the room list, further ones on demand, and later only what has
 * changed. Loaded on demand: see deferred.ts.
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
  leftOut: 0,
  asOf: undefined,
  next: undefined,
  nextArchived: undefined,
});

const answerOf = ({ rooms, leftOut, next }: RoomPages): RoomsAnswer => ({
  rooms: [...rooms.values()],
  leftOut,
  isComplete: next === null,
});

function add(pages: RoomPages, { rooms, leftOut, removed }: RoomPage): void {
  for (const room of rooms) pages.rooms.set(idKey(room.id), room);
  for (const id of removed) pages.rooms.delete(idKey(id));
  pages.leftOut += leftOut;
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
  // A room that is known may be newer than in this page.
  add(pages, { ...page, rooms: page.rooms.filter(({ id }) => !pages.rooms.has(idKey(id))) });
}
