/** Reading messages: single ones, or pages of a history, in which a deleted message is a tombstone. */
import { has } from '../capabilities.js';
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import { FILES_OF_MESSAGE, fileOnTheWire, type SentFile } from '../uploads/files.js';
import { userJson, type WireUser } from '../users.js';

export interface MessageRow {
  id: number;
  room_id: number;
  sender: WireUser;
  message_type: string;
  content: string;
  files: SentFile[] | null;
  created_at: Date;
  is_read: boolean;
  edited_at: Date | null;
  deleted_at: Date | null;
  reply_to: Quote | null;
  reactions: Reaction[];
  temp_id: string | null;
}

/** The message that another one replies to. */
export interface Quote {
  id: number;
  content: string;
  sender: string;
  /** Set if it was deleted: then there is no text and no author. */
  deleted_at?: string | null;
}

export interface Reaction {
  emoji: string;
  user_ids: number[];
}

/** What reading messages depends on. */
export type Source = Pick<Context, 'options'> & { database: Queryable };

/** The quoted message `q` of the author `qu`, as JSON. Quotes of deleted messages disclose nothing. */
const quoteOf = ({ options }: Source): string =>
  options.baseline
    ? `json_build_object('id', q.id, 'content', q.content, 'sender', qu.username)`
    : `json_build_object('id', q.id, 'content', q.content,
        'sender', case when q.deleted_at is null then qu.username else '' end, 'deleted_at', q.deleted_at)`;

/** $1 is always the viewer. */
const columnsOf = (source: Source): string => `
  m.id, m.room_id, ${userJson(source, 'u')} as sender, m.message_type, m.content, m.created_at, m.edited_at, m.deleted_at, m.temp_id,
  ${FILES_OF_MESSAGE} as files,
  is_read(m.room_id, m.id, m.created_at, m.sender_id, $1) as is_read,
  case when q.id is not null then ${quoteOf(source)} end as reply_to,
  (select coalesce(json_agg(json_build_object('emoji', e.emoji, 'user_ids', e.user_ids) order by e.first), '[]')
   from (select emoji, json_agg(user_id order by id) as user_ids, min(id) as first
         from reactions where message_id = m.id group by emoji) e) as reactions`;
const JOINED = `
  left join users u on u.id = m.sender_id
  left join messages q on q.id = m.reply_to_id
  left join users qu on qu.id = q.sender_id`;

/** A query of messages `m`. $1 is the viewer. */
export const messageQuery = (source: Source, columns: string, from: string, where: string): string =>
  `select ${columns}, ${columnsOf(source)} from ${from} ${JOINED} where ${where}`;

export type WireMessage = ReturnType<typeof messageFromRow>;

export function messageFromRow({ options }: Source, viewerId: number, row: MessageRow) {
  const isOwn = row.sender.id === viewerId;
  return {
    id: row.id,
    room: row.room_id,
    sender: row.sender,
    message_type: row.message_type,
    content: row.content,
    ...fileFields(options, row.room_id, row.files),
    timestamp: row.created_at,
    is_read: row.is_read,
    edited_at: row.edited_at,
    deleted_at: options.baseline ? undefined : row.deleted_at,
    reply_to: row.reply_to,
    is_own_message: isOwn,
    reactions: options.baseline ? undefined : row.reactions,
    // A response to one user contains only that user's own `_tempId`. A broadcast contains it for everyone.
    _tempId: (isOwn || viewerId === NO_VIEWER) && row.temp_id !== null ? row.temp_id : undefined,
  };
}

function fileFields(options: Context['options'], roomId: number, rows: readonly SentFile[] | null) {
  const files = rows?.map((file) => fileOnTheWire(options, file, { roomId, epoch: file.epoch })) ?? [];
  return {
    // For clients that know one file per message.
    attachment: files[0]?.url ?? null,
    attachments: has(options, 'uploads') ? files : undefined,
  };
}

/** A message that has just been given its files. */
export const withFiles = ({ options }: Source, message: WireMessage, files: readonly SentFile[]): WireMessage => ({
  ...message,
  ...fileFields(options, message.room, files),
});

/** A message that has just been stored: no user has read it or reacted to it. */
export const newMessage = (
  source: Source,
  viewerId: number,
  row: Omit<MessageRow, 'is_read' | 'edited_at' | 'deleted_at' | 'reactions'>,
): WireMessage =>
  messageFromRow(source, viewerId, { ...row, is_read: false, edited_at: null, deleted_at: null, reactions: [] });

/** Viewer id for frames shared by all members. No user has this id. */
export const NO_VIEWER = 0;

/** Resets the fields that depend on the viewer, for frames shared by all members. */
export const withoutViewerFields = (message: WireMessage): WireMessage => ({
  ...message,
  is_read: false,
  is_own_message: false,
});

export interface Page {
  before: number | null;
  after: number | null;
  limit: number;
}

/**
 * A page of a room's history, oldest first: the newest page, the one before a message, or the one after it. Ordered by
 * (timestamp, id), because the ids of imported messages need not follow time. `seq` belongs to the same snapshot as the
 * messages, because the same statement reads it. The room is a parameter, not `r.id`: with the average size of a room
 * instead of this one's, PostgreSQL may read and sort the whole history.
 */
export async function listMessages(source: Source, viewerId: number, roomId: number, { before, after, limit }: Page) {
  const forward = after !== null;
  const direction = forward ? 'asc' : 'desc';
  const rows = await source.database.query<Omit<MessageRow, 'id'> & { id: number | null; seq: number }>(
    `select r.seq, ${columnsOf(source)} from rooms r
     left join lateral (
       select * from messages m where m.room_id = $2 ${source.options.baseline ? 'and m.deleted_at is null' : ''}
         and ${await cursorCondition(source, roomId, '$3', before, '<')} and ${await cursorCondition(source, roomId, '$4', after, '>')}
       order by m.created_at ${direction}, m.id ${direction} limit $5) m on true ${JOINED}
     where r.id = $2 order by m.created_at ${direction}, m.id ${direction}`,
    [viewerId, roomId, before, after, limit + 1],
  );
  // An empty history is a single row without a message.
  const found = rows.filter((row): row is MessageRow & { seq: number } => row.id !== null);
  const page = found.slice(0, limit).map((row) => messageFromRow(source, viewerId, row));
  return { messages: forward ? page : page.reverse(), hasMore: found.length > limit, seq: rows[0]?.seq ?? 0 };
}

/**
 * SQL condition for messages before or after the cursor. If the room does not have that message, only the ids are
 * compared.
 * @param parameter The query parameter that holds the cursor.
 */
async function cursorCondition(
  { database }: Source,
  roomId: number,
  parameter: string,
  cursor: number | null,
  operator: '<' | '>',
): Promise<string> {
  if (cursor === null) return `${parameter}::int is null`;
  const known = await database.query('select 1 from messages where id = $1 and room_id = $2', [cursor, roomId]);
  if (known.length === 0) return `m.id ${operator} ${parameter}::int`;
  return `(m.created_at, m.id) ${operator} ((select at.created_at from messages at where at.id = ${parameter}), ${parameter}::int)`;
}

/** Messages by id, including deleted ones. */
export async function getMessages(source: Source, viewerId: number, ids: number[]): Promise<Map<number, WireMessage>> {
  if (ids.length === 0) return new Map();
  const rows = await source.database.query<MessageRow>(
    `select ${columnsOf(source)} from messages m ${JOINED} where m.id = any($2::int[])`,
    [viewerId, ids],
  );
  return new Map(rows.map((row) => [row.id, messageFromRow(source, viewerId, row)]));
}

/** The room of a message, even if the message is deleted. */
export async function findMessage(
  { database }: Pick<Context, 'database'>,
  id: number | null,
): Promise<{ roomId: number; isDeleted: boolean } | undefined> {
  const [found] = await database.query<{ roomId: number; isDeleted: boolean }>(
    'select room_id as "roomId", deleted_at is not null as "isDeleted" from messages where id = $1',
    [id],
  );
  return found;
}
