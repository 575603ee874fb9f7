/** Rooms, as seen by a member. */
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import type { Member } from './member.js';
import { membershipOf, type Membership } from './permissions.js';
import { roomOnTheWire, selectRooms, type WireRoom } from './room-row.js';
import { userJson, type WireUser } from '../users.js';

export const ROOMS_PER_PAGE = 200;
/** The position of a room in the list of its member: when it was updated, in µs since 1970, and its id. */
export type RoomPosition = readonly [updated: number, id: number];

interface RoomQuery {
  roomId?: number;
  after?: RoomPosition | undefined;
  limit?: number;
}

/** A page of the active rooms of a member, most recently updated first. `next` is the position of its last room. */
export async function listRooms(
  source: Pick<Context, 'database' | 'options'>,
  viewerId: number,
  { roomId, after, limit = ROOMS_PER_PAGE }: RoomQuery = {},
) {
  const rows = await selectRooms(source, viewerId, {
    where: `($3::int is null or r.id = $3)
      and ($4::float8 is null or (r.updated_at, -r.id) < (timestamptz 'epoch' + $4 * interval '1 microsecond', -$5::bigint))`,
    params: [roomId ?? null, after?.[0] ?? null, after?.[1] ?? null],
    limit: limit + 1,
  });
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next: RoomPosition | null = last && rows.length > limit ? [last.updated, last.id] : null;
  return { rooms: page.map((row) => roomOnTheWire(row, source.options)), next };
}

/** One room of a member. */
export async function getRoom(
  source: Pick<Context, 'database' | 'options'>,
  viewerId: number,
  roomId: number,
): Promise<WireRoom | undefined> {
  return (await listRooms(source, viewerId, { roomId })).rooms[0];
}

export interface LastMessage {
  content: string;
  timestamp: Date;
  sender: WireUser;
}

/** The last message, for the room's preview. */
export async function lastMessage(
  { database, options }: Pick<Context, 'database' | 'options'>,
  roomId: number,
): Promise<LastMessage | null> {
  const [last] = await database.query<LastMessage>(
    `select m.content, m.created_at as timestamp, ${userJson({ options }, 'u')} as sender
     from messages m join users u on u.id = m.sender_id where m.room_id = $1 and m.deleted_at is null order by m.created_at desc, m.id desc limit 1`,
    [roomId],
  );
  return last ?? null;
}

/** Locks the room until the end of the transaction. @returns undefined if the user is not a member. */
export async function lockRoom(inside: Queryable, roomId: number, userId: number): Promise<Membership | undefined> {
  await inside.query('select 1 from rooms where id = $1 for update', [roomId]);
  // A statement of its own: the first one may have waited for a change of the membership.
  return membershipOf(inside, roomId, userId);
}

/** The members of a room; empty if there is no such room. */
export function membersOf(database: Queryable, roomId: number): Promise<Member[]> {
  return database.query(
    `select o.user_id as "userId", r.message_count - o.read_count as unread
     from rooms r join members o on o.room_id = r.id where r.id = $1 and r.is_active`,
    [roomId],
    'members of a room',
  );
}

export async function unreadCount(database: Queryable, roomId: number, userId: number): Promise<number> {
  const [row] = await database.query<{ unread: number }>(
    'select unread_count($1, $2) as unread',
    [roomId, userId],
    'unread count',
  );
  return row!.unread;
}

export async function isMember(database: Queryable, roomId: number, userId: number): Promise<boolean> {
  const rows = await database.query(
    'select 1 from members o join rooms r on r.id = o.room_id where o.room_id = $1 and o.user_id = $2 and r.is_active',
    [roomId, userId],
    'is member',
  );
  return rows.length > 0;
}
