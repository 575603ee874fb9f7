/** The request of the capability `room_pages`. Loaded on demand: see session/deferred.ts. */
import { check, checkEach, idKey, Room, RoomPageBody, type Problem } from '../protocol/index.js';
import type { RestClient } from './rest.js';
import type { DeferredRequests } from './transport.js';

/** Identifies an invalid room. */
function keyOf(item: unknown): string {
  const id = (item as { id?: unknown } | null)?.id;
  return typeof id === 'string' || typeof id === 'number' ? idKey(id) : JSON.stringify(item);
}

export const roomPageRequest =
  (rest: RestClient, onProblem: (problem: Problem) => void): NonNullable<DeferredRequests['fetchRoomPage']> =>
  async ({ limit, cursor, archived, since }, signal) => {
    const where = 'GET rooms/?limit=';
    const query = { limit, cursor, archived: archived ? 'true' : undefined, since };
    const body = rest.unwrap(check(RoomPageBody, await rest.request('rooms/', { query, signal }), where));
    const checked = body.items.map((item, index) => ({ item, ...checkEach(Room, [item], where, index) }));
    checked.forEach(({ problems }) => problems.forEach(onProblem));
    return {
      rooms: checked.flatMap(({ items }) => items),
      leftOut: checked.filter(({ items }) => items.length === 0).map(({ item }) => keyOf(item)),
      next: body.next,
      asOf: body.as_of,
      removed: body.removed ?? [],
      isExpired: body.expired ?? false,
    };
  };
