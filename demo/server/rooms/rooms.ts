/** Rooms, as seen by a member. */
import type { Viewer } from '../auth.js';
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import { accessDenied, RequestError } from '../errors.js';
import type { Member } from './member.js';
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
  unread_count: number;
  seq: number;
  last_content: string | null;
  last_time: Date | null;
  last_sender: WireUser | null;
}

/** The active rooms of a member, most recently updated first; or one of them. */
export async function listRooms(
  { database, options }: Pick<Context, 'database' | 'options'>,
  viewerId: number,
  roomId?: number,
) {
  const rows = await database.query<RoomRow>(
    `select r.id, r.name, r.room_type, r.job, r.created_at, r.updated_at, r.is_active, r.seq,
       (select json_agg(${userJson({ options }, 'u')} order by u.id) from members o join users u on u.id = o.user_id
        where o.room_id = r.id) as participants,
       r.message_count - me.read_count as unread_count,
       last.content as last_content, last.created_at as last_time, ${userJson({ options }, 'author')} as last_sender
     from members me
     join rooms r on r.id = me.room_id
     left join lateral (
       select * from messages m where m.room_id = r.id and m.deleted_at is null order by m.created_at desc, m.id desc limit 1) last on true
     left join users author on author.id = last.sender_id
     where me.user_id = $1 and r.is_active and ($2::int is null or r.id = $2)
     order by r.updated_at desc, r.id`,
    [viewerId, roomId ?? null],
  );
  return rows.map((row) => roomOnTheWire(row, options.baseline));
}

export type WireRoom = Awaited<ReturnType<typeof listRooms>>[number];

function roomOnTheWire(row: RoomRow, baseline: boolean) {
  const { last_content: content, last_time: timestamp, last_sender: sender } = row;
  return {
    id: row.id,
    name: row.name,
    room_type: row.room_type,
    job: row.job,
    participants: row.participants,
    participant_count: row.participants.length,
    last_message: timestamp === null ? null : { content, timestamp, sender },
    unread_count: row.unread_count,
    last_message_content: content ?? '',
    last_message_time: timestamp,
    last_message_sender: sender,
    created_at: row.created_at,
    updated_at: row.updated_at,
    is_active: row.is_active,
    seq: baseline ? undefined : row.seq,
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

/** Locks the room until the end of the transaction. @returns false if the user is not a member. */
export async function lockRoom(inside: Queryable, roomId: number, userId: number): Promise<boolean> {
  const rows = await inside.query(
    `select 1 from rooms r where r.id = $1 and r.is_active
       and exists (select 1 from members o where o.room_id = r.id and o.user_id = $2) for update`,
    [roomId, userId],
  );
  return rows.length > 0;
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

export interface Receipt {
  user_id: number;
  /** Everything up to this message is read. */
  up_to: number;
}

/**
 * The last read message of each member, without members who have read nothing, and without messages read individually.
 */
export function listReceipts(database: Queryable, roomId: number): Promise<Receipt[]> {
  return database.query(
    'select user_id, read_up_to as up_to from members where room_id = $1 and read_up_to > 0 order by user_id',
    [roomId],
  );
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
