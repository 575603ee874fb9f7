import { readSync, sameId, type Id, type Problem } from '../protocol/index.js';
import { toEvent } from './frames.js';
import type { RoomChanges } from './transport.js';

/**
 * Validates the changes of a room, from REST or from a socket. An invalid change is reported and left out. Loaded on
 * demand: see session/deferred.ts.
 * @param rooms may contain other rooms.
 * @returns undefined if they do not contain the room.
 */
export function readRoomChanges(
  rooms: readonly unknown[],
  roomId: Id,
  onProblem: (problem: Problem) => void,
): RoomChanges | undefined {
  const { rooms: read, problems } = readSync(rooms);
  problems.forEach(onProblem);
  const room = read.find(({ room_id }) => sameId(room_id, roomId));
  return (
    room && {
      roomId,
      seq: room.seq,
      isExpired: room.expired,
      hasMore: room.has_more,
      changes: room.changes.map((change) => toEvent(change)),
    }
  );
}
