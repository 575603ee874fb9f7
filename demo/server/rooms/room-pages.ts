/** Capability `room_pages`: the list of rooms in pages, pinned ones first, and what has changed since it was read. */
import type { Context } from '../context.js';
import { roomOnTheWire, selectRooms, type WireRoom } from './room-row.js';

/** How long a list can be brought up to date. */
export const SINCE_DAYS = 7;
const DAY_S = 86_400;

/** The position of a room: when it was updated, in µs since 1970, its id, and whether it is pinned (1 or 0). */
export type PagePosition = readonly [updated: number, id: number, pinned: number];
/** When a list was read: the first transaction that it may not contain, and seconds since 1970. */
export type AsOf = readonly [transaction: number, seconds: number];

export interface RoomPageQuery {
  after: PagePosition | undefined;
  limit: number;
  isArchived: boolean;
  /** Only the rooms that have changed since then, archived or not. */
  since: AsOf | undefined;
}

export interface RoomPage {
  items: WireRoom[];
  next: PagePosition | null;
  asOf: AsOf;
  /** With `since`: the rooms that the user is no longer in. */
  removed?: number[];
  /** It is unknown what has changed since then: the list must be read from the start. */
  isExpired?: true;
}

const AFTER = `(me.pinned::int, r.updated_at, -r.id)
  < ($5, timestamptz 'epoch' + $3::float8 * interval '1 microsecond', -$4::bigint)`;

export async function listRoomPage(
  context: Pick<Context, 'database' | 'options'>,
  viewerId: number,
  { after, limit, isArchived, since }: RoomPageQuery,
): Promise<RoomPage> {
  const { database, options } = context;
  // Before the list: what changes between the two is returned again the next time.
  const [now] = await database.query<{ seconds: number; transaction: number; last: number }>(
    `select floor(extract(epoch from now()))::float8 as seconds,
       pg_snapshot_xmin(pg_current_snapshot())::text::float8 as transaction,
       pg_snapshot_xmax(pg_current_snapshot())::text::float8 as last`,
  );
  const asOf: AsOf = [now!.transaction, now!.seconds];
  // Of another database, or of this one before it was restored.
  if (since && (since[1] < now!.seconds - SINCE_DAYS * DAY_S || since[0] > now!.last))
    return { items: [], next: null, asOf, removed: [], isExpired: true };
  const last = `$${after ? 6 : 3}`;
  const condition = since
    ? `(changed_since(me.xmin, ${last}::bigint) or changed_since(r.xmin, ${last}::bigint))`
    : `me.archived = ${last}`;
  const rows = await selectRooms(context, viewerId, {
    where: after ? `${AFTER} and ${condition}` : condition,
    params: [...(after ?? []), since ? since[0] : isArchived],
    pinnedFirst: true,
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  const end = page.at(-1);
  return {
    items: page.map((row) => roomOnTheWire(row, options)),
    next: end && rows.length > limit ? [end.updated, end.id, Number(end.pinned)] : null,
    asOf,
    ...(since && { removed: await removedSince(context, viewerId, since) }),
  };
}

/** The rooms that the user was removed from, or that are no longer active. */
async function removedSince(
  { database }: Pick<Context, 'database'>,
  viewerId: number,
  [transaction]: AsOf,
): Promise<number[]> {
  const rows = await database.query<{ id: number }>(
    `select f.room_id as id from former_members f where f.user_id = $1 and f.left_in >= $2::text::xid8
       and not exists (select 1 from members m where m.room_id = f.room_id and m.user_id = f.user_id)
     union select r.id from members m join rooms r on r.id = m.room_id
       where m.user_id = $1 and not r.is_active and changed_since(r.xmin, $2::text::bigint)
     order by id`,
    [viewerId, String(transaction)],
  );
  return rows.map(({ id }) => id);
}
