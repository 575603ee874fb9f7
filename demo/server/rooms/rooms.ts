/** Rooms, as seen by a member. */
import type { Viewer } from '../auth.js';
import { has } from '../capabilities.js';
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import { accessDenied, RequestError } from '../errors.js';
import type { Member } from './member.js';
import { membershipOf, permissionFields, type Membership, type Role } from './permissions.js';
import { userJson, type WireUser } from '../users.js';

interface RoomRow {
  id: number;
  name: string;
  room_type: string;
  job: number | null;
  created_at: Date;
  updated_at: Date;
  is_active: boolean;
  participants: WireUser[];
  participant_count: number;
  unread_count: number;
  first_unread_id: number | null;
  last_read_id: number;
  role: Role;
  closed_reason: string | null;
  seq: number;
  /** `updated_at` in µs since 1970. */
  updated: number;
  last_content: string | null;
  last_time: Date | null;
  last_sender: WireUser | null;
}

export const ROOMS_PER_PAGE = 200;
/** A room with more members names only some of them; `participant_count` counts all. */
const MAX_PARTICIPANTS = 100;

/** The first unread message is searched among so many messages: others may have been read one by one before it. */
const MAX_SEARCHED = 1_000;
/** The first unread message of room `r`, for viewer $1; null if there is none, or it is too far away. */
const FIRST_UNREAD = `case when r.message_count > r.read_count then (
  select m.id from (
    select n.* from messages n where n.room_id = r.id and (n.created_at, n.id) > (r.read_time, r.read_up_to)
    order by n.created_at, n.id limit ${MAX_SEARCHED}) m
  where m.sender_id <> $1 and m.deleted_at is null
    and (select d.user_id from reads d where d.user_id = $1 and d.message_id = m.id) is null
  order by m.created_at, m.id limit 1) end`;

/** The position of a room in the list of its member: when it was updated, in µs since 1970, and its id. */
export type RoomPosition = readonly [updated: number, id: number];

interface RoomQuery {
  roomId?: number;
  after?: RoomPosition | undefined;
  limit?: number;
}

/** A page of the active rooms of a member, most recently updated first. `next` is the position of its last room. */
export async function listRooms(
  { database, options }: Pick<Context, 'database' | 'options'>,
  viewerId: number,
  { roomId, after, limit = ROOMS_PER_PAGE }: RoomQuery = {},
) {
  const rows = await database.query<RoomRow>(
    `select r.id, r.name, r.room_type, r.job, r.created_at, r.updated_at, r.is_active, r.seq, r.role, r.closed_reason,
       ${has(options, 'around') ? FIRST_UNREAD : 'null'} as first_unread_id, r.read_up_to as last_read_id,
       (extract(epoch from r.updated_at) * 1000000)::float8 as updated,
       (select json_agg(${userJson({ options }, 'p')} order by p.id)
        from (select u.* from members o join users u on u.id = o.user_id where o.room_id = r.id
              order by o.user_id limit ${MAX_PARTICIPANTS}) p) as participants,
       (select count(*) from members o where o.room_id = r.id)::int as participant_count,
       r.message_count - r.read_count as unread_count,
       last.content as last_content, last.created_at as last_time, ${userJson({ options }, 'author')} as last_sender
     from (
       select r.*, me.read_count, me.read_time, me.read_up_to, me.role from members me join rooms r on r.id = me.room_id
       where me.user_id = $1 and r.is_active and ($2::int is null or r.id = $2)
         and ($3::float8 is null or (r.updated_at, -r.id) < (timestamptz 'epoch' + $3 * interval '1 microsecond', -$4::bigint))
       order by r.updated_at desc, r.id limit $5) r
     left join lateral (
       select * from messages m where m.room_id = r.id and m.deleted_at is null order by m.created_at desc, m.id desc limit 1) last on true
     left join users author on author.id = last.sender_id
     order by r.updated_at desc, r.id`,
    [viewerId, roomId ?? null, after?.[0] ?? null, after?.[1] ?? null, limit + 1],
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next: RoomPosition | null = last && rows.length > limit ? [last.updated, last.id] : null;
  return { rooms: page.map((row) => roomOnTheWire(row, options)), next };
}

/** One room of a member. */
export async function getRoom(
  source: Pick<Context, 'database' | 'options'>,
  viewerId: number,
  roomId: number,
): Promise<WireRoom | undefined> {
  return (await listRooms(source, viewerId, { roomId })).rooms[0];
}

export type WireRoom = ReturnType<typeof roomOnTheWire>;

function roomOnTheWire(row: RoomRow, options: Context['options']) {
  const { last_content: content, last_time: timestamp, last_sender: sender } = row;
  const { role, room_type: roomType, closed_reason: closedReason } = row;
  return {
    id: row.id,
    name: row.name,
    room_type: row.room_type,
    job: row.job,
    participants: row.participants,
    participant_count: row.participant_count,
    last_message: timestamp === null ? null : { content, timestamp, sender },
    unread_count: row.unread_count,
    last_message_content: content ?? '',
    last_message_time: timestamp,
    last_message_sender: sender,
    created_at: row.created_at,
    updated_at: row.updated_at,
    is_active: row.is_active,
    seq: options.baseline ? undefined : row.seq,
    ...(has(options, 'around') && {
      first_unread_id: row.first_unread_id,
      last_read_id: row.last_read_id || null,
    }),
    ...(has(options, 'permissions') && permissionFields({ role, roomType, closedReason })),
  };
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

/** Finds or creates the direct room of two users. */
export async function findOrCreateDirect(
  database: Queryable,
  viewer: Viewer,
  otherId: number | null,
): Promise<{ roomId: number; created: boolean }> {
  const [other] = await database.query<Viewer>('select id, username from users where id = $1 and is_active', [otherId]);
  if (!other) throw new RequestError('invalid', 'There is no such user.', { field: 'user_id' });
  if (other.id === viewer.id)
    throw new RequestError('invalid', 'A direct room needs two people.', { field: 'user_id' });
  const key = [viewer.id, other.id].sort((a, b) => a - b).join(':');
  const [made] = await database.query<{ id: number }>(
    `insert into rooms (name, room_type, dm_key) values ($1, 'direct', $2) on conflict (dm_key) do nothing returning id`,
    [`DM: ${viewer.username} & ${other.username}`, key],
  );
  if (made) {
    await database.query('insert into members (room_id, user_id) select $1, unnest($2::int[])', [
      made.id,
      [viewer.id, other.id],
    ]);
    return { roomId: made.id, created: true };
  }
  // A removed member stays removed, and a closed room stays closed.
  const [room] = await database.query<{ id: number; isOpen: boolean }>(
    `select r.id, r.is_active and m.user_id is not null as "isOpen" from rooms r left join members m on m.room_id = r.id and m.user_id = $2 where r.dm_key = $1`,
    [key, viewer.id],
  );
  if (!room?.isOpen) throw accessDenied(room!.id);
  return { roomId: room.id, created: false };
}
