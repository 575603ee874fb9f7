/**
 * The changes of a room while the client was not connected: capability `sync`, the same by socket and by REST. In a
 * separate file, so that it is loaded on demand.
 */
import { readFrame } from './codec.js';
import type { Id as IdType } from './ids.js';
import { check, type Output, type Problem } from './validation.js';
import { anything, flag, Id, nullOnError, object, optionalOr, sequence, string, z } from './schema.js';
import { isChange, type ChangeFrame } from './changes.js';
import { ChatFrames } from './server-frames.js';

export type { ChangeFrame };

/** The body of `sync_result`, and of `GET sync/?room=<id>:<seq>&room=…`. */
export const SyncBody = object(() => ({ rooms: z.array(anything) }));

/** Capability `receipts`: one page of `GET rooms/{id}/receipts/`. */
export const ReceiptsBody = object(() => ({ items: z.array(anything), next: nullOnError(string) }));

/** A user has read everything up to a message, and, with `delivered`, received everything up to another one. */
export const Receipt = object(() => ({ user_id: Id, up_to: optionalOr(Id), delivered_up_to: optionalOr(Id) }));
export type Receipt = Output<typeof Receipt>;

const RoomSync = object(() => ({
  room_id: Id,
  /** With these changes, the room is complete up to here. */
  seq: sequence,
  /** The server's history does not reach back that far: read the room again. */
  expired: z.catch(flag, false),
  /** Request the rest from `seq`. */
  has_more: z.catch(flag, false),
  changes: z.catch(z.array(anything), []),
}));

/** The validated changes of one room, in order. */
export interface RoomChanges {
  room_id: IdType;
  seq: number;
  expired: boolean;
  has_more: boolean;
  changes: ChangeFrame[];
}

/** Validates `sync_result` or `GET sync/` change by change. An invalid change is reported and left out. */
export function readSync(rooms: readonly unknown[]): { rooms: RoomChanges[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const good: RoomChanges[] = [];
  for (const room of rooms) {
    const result = check(RoomSync, room, 'sync_result.rooms');
    if (!result.ok) {
      problems.push(result.problem);
      continue;
    }
    const { room_id, seq, expired, has_more } = result.value;
    const changes: ChangeFrame[] = [];
    for (const change of result.value.changes) {
      const { frame, problems: found } = readFrame<ChangeFrame>(ChatFrames, change);
      problems.push(...found);
      if (frame && isChange(frame)) changes.push(frame);
    }
    good.push({ room_id, seq, expired, has_more, changes });
  }
  return { rooms: good, problems };
}
