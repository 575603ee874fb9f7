/** A room of one member: its row in the database, and the room on the wire. */
import { has } from '../capabilities.js';
import type { Context } from '../context.js';
import { userJson, type WireUser } from '../users.js';
import { permissionFields, type Role } from './permissions.js';
import { PICTURE_OF_ROOM, pictureUrl, type PictureRow } from './room-picture.js';
import { SETTING_COLUMNS, settingsOf, type SettingsRow } from './room-settings.js';

type Source = Pick<Context, 'database' | 'options'>;

export interface RoomRow extends SettingsRow {
  id: number;
  name: string;
  room_type: string;
  job: number | null;
  created_at: Date;
  updated_at: Date;
  is_active: boolean;
  participants: WireUser[] | null;
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
  context_type: string | null;
  context_id: string;
  context_title: string | null;
  context_url: string | null;
  context_picture: string | null;
  picture: PictureRow | null;
}

/** Without `people`, a room with more members names only some of them; `participant_count` counts all. */
const MAX_PARTICIPANTS = 100;
/** With `people`, a room with more members names none: there are pages of them. */
const MAX_NAMED = 20;

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

export interface RoomSelection {
  /** A condition for member `me` and room `r`. Its parameters are $3 and following. */
  where: string;
  params: unknown[];
  /** Whether pinned rooms come before all others. Within each, the most recently updated room comes first. */
  pinnedFirst?: boolean;
  limit: number;
}

/** Selects active rooms of a member. Everything beyond `where` is read only for the rooms that are returned. */
export function selectRooms(
  { database, options }: Source,
  viewerId: number,
  { where, params, pinnedFirst = false, limit }: RoomSelection,
): Promise<RoomRow[]> {
  const order = `${pinnedFirst ? 'pinned desc, ' : ''}updated_at desc, id`;
  const named = has(options, 'people') ? MAX_NAMED : null;
  return database.query<RoomRow>(
    `select r.id, r.name, r.room_type, r.job, r.created_at, r.updated_at, r.is_active, r.seq, r.role, r.closed_reason,
       ${SETTING_COLUMNS.map((column) => `r.${column}`).join(', ')},
       r.context_type, r.context_id, r.context_title, r.context_url, r.context_picture, ${PICTURE_OF_ROOM} as picture,
       ${has(options, 'around') ? FIRST_UNREAD : 'null'} as first_unread_id, r.read_up_to as last_read_id,
       (extract(epoch from r.updated_at) * 1000000)::float8 as updated,
       case when ${named === null ? 'true' : `counted.n <= ${named}`} then (
         select json_agg(${userJson({ options }, 'p')} order by p.id)
         from (select u.* from members o join users u on u.id = o.user_id where o.room_id = r.id
               order by o.user_id limit ${MAX_PARTICIPANTS}) p) end as participants,
       counted.n as participant_count, r.message_count - r.read_count as unread_count,
       last.content as last_content, last.created_at as last_time, ${userJson({ options }, 'author')} as last_sender
     from (
       select r.*, me.read_count, me.read_time, me.read_up_to, me.role,
         ${SETTING_COLUMNS.map((column) => `me.${column}`).join(', ')}
       from members me join rooms r on r.id = me.room_id
       where me.user_id = $1 and r.is_active and ${where} order by ${order} limit $2) r
     cross join lateral (select count(*)::int as n from members o where o.room_id = r.id) counted
     left join lateral (
       select * from messages m where m.room_id = r.id and m.deleted_at is null order by m.created_at desc, m.id desc limit 1) last on true
     left join users author on author.id = last.sender_id
     order by ${order
       .split(', ')
       .map((column) => `r.${column}`)
       .join(', ')}`,
    [viewerId, limit, ...params],
  );
}

export type WireRoom = ReturnType<typeof roomOnTheWire>;

export function roomOnTheWire(row: RoomRow, options: Context['options']) {
  const { last_content: content, last_time: timestamp, last_sender: sender } = row;
  const { role, room_type: roomType, closed_reason: closedReason } = row;
  return {
    id: row.id,
    name: row.name,
    room_type: row.room_type,
    job: row.job,
    participants: row.participants ?? [],
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
    ...(has(options, 'create_room') && { context: contextOf(row) }),
    ...(has(options, 'manage_room') && { picture: pictureUrl(options, row.id, row.picture) }),
    ...(has(options, 'room_settings') && { settings: settingsOf(row) }),
  };
}

/** What a room is about: title, address and picture only if the host has signed them. */
function contextOf(row: RoomRow): object | null {
  const { context_type: type, context_id: id, context_title: title, context_url: url, context_picture: picture } = row;
  if (type === null) return null;
  return { type, id, title: title ?? undefined, url: url ?? undefined, picture: picture ?? undefined };
}
