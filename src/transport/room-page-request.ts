/** The request of the capability `room_pages`. Loaded on demand: see session/deferred.ts. */
import { check, checkEach, Room, RoomPageBody, type Id, type Problem } from '../protocol/index.js';
import type { RestClient } from './rest.js';
import type { DeferredRequests } from './transport.js';

export interface RoomPageQuery {
  limit: number;
  cursor?: string | undefined;
  /** Whether to list the archived rooms, instead of the others. */
  archived?: boolean | undefined;
  /** Only what has changed since a page with this `asOf`, archived or not. */
  since?: string | undefined;
}

export interface RoomPage {
  rooms: Room[];
  /** The number of invalid rooms in the page. */
  leftOut: number;
  /** The cursor of the next page. */
  next: string | null;
  asOf: string;
  /** The rooms that the user is no longer in. */
  removed: readonly Id[];
  /** The server does not know what has changed since then. */
  isExpired: boolean;
}

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
