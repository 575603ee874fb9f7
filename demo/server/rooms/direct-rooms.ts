/** The rooms of two people: one per pair and context. */
import type { Viewer } from '../auth.js';
import type { Queryable } from '../database/database.js';
import { accessDenied, RequestError } from '../errors.js';
import type { RoomContext } from './room-context.js';
import { toJson } from '../serialise.js';

export interface FoundRoom {
  roomId: number;
  created: boolean;
}

/** The other user, as the viewer may know them; undefined for an unknown user, and for one who has blocked the viewer. */
async function visibleUser(database: Queryable, viewer: Viewer, userId: number | null): Promise<Viewer | undefined> {
  const [found] = await database.query<Viewer>(
    `select id, username from users u where u.id = $1 and u.is_active
       and not exists (select 1 from blocks b where b.blocker_id = u.id and b.blocked_id = $2)`,
    [userId, viewer.id],
  );
  return found;
}

/** Unique per pair and context. Without a context, it is that of `start_dm`. */
function keyOf(viewer: Viewer, otherId: number, context: RoomContext | undefined): string {
  const pair = [viewer.id, otherId].sort((a, b) => a - b).join(':');
  return context ? `${pair} ${toJson([context.type, context.id])}` : pair;
}

/**
 * Finds or creates the direct room of two users, also if both do so at once.
 * @param unknownUser creates the error for a user whom the viewer may not know.
 */
export async function findOrCreateDirect(
  inside: Queryable,
  viewer: Viewer,
  otherId: number | null,
  unknownUser: () => RequestError,
  context?: RoomContext,
): Promise<FoundRoom> {
  if (otherId === viewer.id) throw new RequestError('invalid', 'A direct room needs two people.', { field: 'user_id' });
  const key = keyOf(viewer, otherId ?? 0, context);
  const other = await visibleUser(inside, viewer, otherId);
  // A block hides a user, but not the rooms that both are in already.
  const [made] = other
    ? await inside.query<{ id: number }>(
        `insert into rooms (name, room_type, dm_key, context_type, context_id, context_title, context_url, context_picture)
         values ($1, 'direct', $2, $3, $4, $5, $6, $7) on conflict (dm_key) do nothing returning id`,
        [`DM: ${viewer.username} & ${other.username}`, key, ...contextColumns(context)],
      )
    : [];
  if (made) {
    await inside.query('insert into members (room_id, user_id) select $1, unnest($2::int[])', [
      made.id,
      [viewer.id, otherId],
    ]);
    return { roomId: made.id, created: true };
  }
  // A removed member stays removed, and a closed room stays closed.
  const [room] = await inside.query<{ id: number; isOpen: boolean }>(
    `select r.id, r.is_active and m.user_id is not null as "isOpen" from rooms r left join members m on m.room_id = r.id and m.user_id = $2 where r.dm_key = $1`,
    [key, viewer.id],
  );
  if (!room) throw unknownUser();
  if (!room.isOpen) throw accessDenied(room.id);
  return { roomId: room.id, created: false };
}

export const contextColumns = (context: RoomContext | undefined): (string | null)[] => [
  context?.type ?? null,
  context?.id ?? null,
  context?.title ?? null,
  context?.url ?? null,
  context?.picture ?? null,
];

/** Takes over a newer signed title, address and picture. @returns whether anything has changed. */
export async function updateContext(inside: Queryable, roomId: number, context: RoomContext): Promise<boolean> {
  if (!context.isSigned) return false;
  const { title, url, picture } = context;
  const changed = await inside.query(
    `update rooms set context_title = $2, context_url = $3, context_picture = $4
     where id = $1 and (context_title, context_url, context_picture) is distinct from ($2, $3, $4) returning id`,
    [roomId, title, url, picture],
  );
  return changed.length > 0;
}
