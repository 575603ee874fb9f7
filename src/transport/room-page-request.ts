/** The request of the capability `room_pages`. Loaded on demand: see session/deferred.ts. */
import { check, checkEach, Room, RoomPageBody, type Problem } from '../protocol/index.js';
import type { RestClient } from './rest.js';
import type { DeferredRequests } from './transport.js';

export const roomPageRequest =
  (rest: RestClient, onProblem: (problem: Problem) => void): NonNullable<DeferredRequests['fetchRoomPage']> =>
  async ({ limit, cursor, archived, since }, signal) => {
    const where = 'GET rooms/?limit=';
    const query = { limit, cursor, archived: archived ? 'true' : undefined, since };
    const body = rest.unwrap(check(RoomPageBody, await rest.request('rooms/', { query, signal }), where));
    const { items, problems } = checkEach(Room, body.items, where);
    problems.forEach(onProblem);
    return {
      rooms: items,
      leftOut: problems.length,
      next: body.next,
      asOf: body.as_of,
      removed: body.removed ?? [],
      isExpired: body.expired ?? false,
    };
  };
