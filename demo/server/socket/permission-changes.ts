/**
 * Tells members at once what they may do in a room from now on. The database remembers when the permissions of a room
 * changed, so that a plain `update rooms set closed_reason = …` is announced, too.
 */
import { has } from '../capabilities.js';
import type { Context } from '../context.js';
import { MEMBERSHIP_COLUMNS, permissionFields, type Membership } from '../rooms/permissions.js';

/**
 * Changes of the last seconds are read again, because a transaction becomes visible only after the time that it has
 * written.
 */
const OVERLAP_S = 120;

interface Changed extends Membership {
  roomId: number;
  userId: number;
  /** µs since 1970. */
  at: number;
}

/** Announces the changes since the last call, to the users who are connected to this process. */
export class PermissionChanges {
  /** The announced changes, by room and user. */
  #announced = new Map<string, number>();

  constructor(private readonly context: Context) {}

  async announce(userIds: readonly number[]): Promise<void> {
    const { database, hub, options } = this.context;
    if (!has(options, 'permissions')) return;
    const changes = await database.query<Changed>(
      `select r.id as "roomId", o.user_id as "userId", ${MEMBERSHIP_COLUMNS},
         (extract(epoch from greatest(r.permissions_changed_at, o.permissions_changed_at)) * 1000000)::float8 as at
       from (
         select o.room_id, o.user_id from members o
           where o.permissions_changed_at > clock_timestamp() - $2 * interval '1 second'
         union select o.room_id, o.user_id from rooms r join members o on o.room_id = r.id
           where r.permissions_changed_at > clock_timestamp() - $2 * interval '1 second') changed
       join members o on o.room_id = changed.room_id and o.user_id = changed.user_id
       join rooms r on r.id = o.room_id and r.is_active
       where o.user_id = any($1::int[])`,
      [userIds, OVERLAP_S],
    );
    const announced = new Map<string, number>();
    for (const { roomId, userId, at, ...membership } of changes) {
      const key = `${roomId} ${userId}`;
      announced.set(key, at);
      if (this.#announced.get(key) === at) continue;
      const updates = permissionFields(membership);
      const frame = { type: 'room_updated', room_id: roomId, updates, timestamp: new Date() };
      for (const connection of hub.connectionsOf(userId)) connection.send(frame);
    }
    this.#announced = announced;
  }
}
