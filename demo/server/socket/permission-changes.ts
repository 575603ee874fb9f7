/**
 * Tells members at once what they may do in a room from now on. The database remembers when the permissions of a room
 * changed, so that a plain `update rooms set closed_reason = …` is announced, too.
 */
import { has } from '../capabilities.js';
import type { Context } from '../context.js';
import { MEMBERSHIP_COLUMNS, permissionFields, type Membership } from '../rooms/permissions.js';
import { OVERLAP_S, RecentChanges, type RecentChange } from './recent-changes.js';

/** A changed membership. */
type Changed = RecentChange & Membership;

/** Announces the changes since the last call, to the users who are connected to this process. */
export class PermissionChanges {
  readonly #changes: RecentChanges;

  constructor(private readonly context: Context) {
    this.#changes = new RecentChanges(context);
  }

  async announce(userIds: readonly number[]): Promise<void> {
    const { database, options } = this.context;
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
    this.#changes.announce(changes, permissionFields);
  }
}
