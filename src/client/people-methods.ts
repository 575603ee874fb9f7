/** The methods of `connection.people`, with the connection as first argument. Loaded on first use: see method-groups.ts. */
import type { Id, Room, RoomMember, User } from '../protocol/index.js';
import { loadDeferred } from '../session/index.js';
import { throwIfAborted, type ListPage } from '../transport/index.js';
import type { ConnectionParts } from './connection-parts.js';
import { newLocalId } from './local-id.js';
import type { SearchOptions } from './people.js';
import { peopleRequestsOf } from './people-requests-of.js';
import { addRoom } from './room-events.js';

export { openConversation } from './conversations.js';
export { hideReceipts } from './hide-receipts.js';

/** Aborted by the page, and when the user changes. */
const either = (session: AbortSignal, signal?: AbortSignal): AbortSignal =>
  signal ? AbortSignal.any([session, signal]) : session;

export async function search(core: ConnectionParts, { signal, ...query }: SearchOptions = {}): Promise<ListPage<User>> {
  const all = either(core.session.signal, signal);
  throwIfAborted(all);
  const requests = await peopleRequestsOf(core, 'people');
  return requests.findPeople(query, all);
}

export async function members(
  core: ConnectionParts,
  roomId: Id,
  { signal, ...query }: SearchOptions = {},
): Promise<ListPage<RoomMember>> {
  const all = either(core.session.signal, signal);
  throwIfAborted(all);
  const requests = await peopleRequestsOf(core, 'people');
  return requests.listMembers(roomId, query, all);
}

/** One room per two people, also if it is called twice, or on two devices at once. */
export async function startDirect(core: ConnectionParts, userId: Id): Promise<{ room: Room; created: boolean }> {
  const { signal, backend } = core.session;
  const requests = await peopleRequestsOf(core);
  const { room, created } = backend.has('create_room')
    ? await requests.createRoom({ userIds: [userId], localId: newLocalId() }, signal)
    : await requests.startDirect(userId, signal);
  throwIfAborted(signal);
  addRoom(core.store, room);
  return { room, created };
}

export async function loadMore(
  { session, store }: ConnectionParts,
  { archived = false }: { archived?: boolean } = {},
): Promise<void> {
  // Without pages, the list has all rooms already.
  if (!session.backend.has('room_pages') || (!archived && store.data.roomsComplete)) return;
  const { signal, roomSync } = session;
  const { readMore } = await loadDeferred();
  await readMore(session, archived, signal);
  await roomSync.listByRest(signal);
}
