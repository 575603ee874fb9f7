/** Messages as they are read: one of them, or a page of a history. What was deleted is not there. */
import type { Context } from '../context.js';
import { userJson, type WireUser } from '../users.js';

interface MessageRow {
  id: number;
  room_id: number;
  sender: WireUser;
  message_type: string;
  content: string;
  attachment_id: string | null;
  attachment_name: string | null;
  created_at: Date;
  is_read: boolean;
  edited_at: Date | null;
  reply_to: { id: number; content: string; sender: string } | null;
  reactions: Reaction[];
  temp_id: string | null;
}

export interface Reaction {
  emoji: string;
  user_ids: number[];
}

/** Where messages are read from, and how they are told. */
export type Source = Pick<Context, 'database' | 'options'>;

/** $1 is the viewer everywhere. */
const columnsOf = (source: Source): string => `
  m.id, m.room_id, ${userJson(source, 'u')} as sender, m.message_type, m.content, m.created_at, m.edited_at, m.temp_id,
  a.id as attachment_id, a.name as attachment_name,
  is_read(m.room_id, m.id, m.created_at, m.sender_id, $1) as is_read,
  case when q.id is not null then json_build_object('id', q.id, 'content', q.content, 'sender', qu.username) end as reply_to,
  (select coalesce(json_agg(json_build_object('emoji', e.emoji, 'user_ids', e.user_ids) order by e.first), '[]')
   from (select emoji, json_agg(user_id order by id) as user_ids, min(id) as first
         from reactions where message_id = m.id group by emoji) e) as reactions`;
const JOINED = `
  left join users u on u.id = m.sender_id
  left join attachments a on a.id = m.attachment_id
  left join messages q on q.id = m.reply_to_id
  left join users qu on qu.id = q.sender_id`;

export type WireMessage = ReturnType<typeof messageFor>;

function messageFor({ options }: Source, viewerId: number, row: MessageRow) {
  const isOwn = row.sender.id === viewerId;
  return {
    id: row.id,
    room: row.room_id,
    sender: row.sender,
    message_type: row.message_type,
    content: row.content,
    attachment: row.attachment_id && `/api/chat/attachments/${row.attachment_id}/${encodeURIComponent(row.attachment_name ?? '')}`,
    timestamp: row.created_at,
    is_read: row.is_read,
    edited_at: row.edited_at,
    reply_to: row.reply_to,
    is_own_message: isOwn,
    reactions: options.baseline ? undefined : row.reactions,
    // In an answer to one user, only the sender's own name for it; a live echo carries it for everybody.
    _tempId: (isOwn || viewerId === EVERYBODY) && row.temp_id !== null ? row.temp_id : undefined,
  };
}

/** The viewer of what goes to all members alike. No user has this id. */
export const EVERYBODY = 0;

/** One text for everybody says nothing about its reader. */
export const forEverybody = (message: WireMessage): WireMessage => ({ ...message, is_read: false, is_own_message: false });

export interface Page {
  before: number | null;
  after: number | null;
  limit: number;
}

/**
 * A page of a room's history, oldest first: the newest, those before, or the first ones after a message. In the order of
 * (timestamp, id), because the ids of imported messages need not follow time. `seq` is of the same moment as the messages,
 * because it is read by the same statement.
 */
export async function listMessages(source: Source, viewerId: number, roomId: number, { before, after, limit }: Page) {
  const forward = after !== null;
  const direction = forward ? 'asc' : 'desc';
  const rows = await source.database.query<Omit<MessageRow, 'id'> & { id: number | null; seq: number }>(
    `select r.seq, ${columnsOf(source)} from rooms r
     left join lateral (
       select * from messages m where m.room_id = r.id and m.deleted_at is null
         and ${await beyond(source, roomId, '$3', before, '<')} and ${await beyond(source, roomId, '$4', after, '>')}
       order by m.created_at ${direction}, m.id ${direction} limit $5) m on true ${JOINED}
     where r.id = $2 order by m.created_at ${direction}, m.id ${direction}`,
    [viewerId, roomId, before, after, limit + 1],
  );
  // An empty history is a single row without a message.
  const found = rows.filter((row): row is MessageRow & { seq: number } => row.id !== null);
  const page = found.slice(0, limit).map((row) => messageFor(source, viewerId, row));
  return { messages: forward ? page : page.reverse(), hasMore: found.length > limit, seq: rows[0]?.seq ?? 0 };
}

/**
 * SQL for what is before or after a message; of a message that the room does not have, its id alone says where that is.
 * @param parameter that of the query which holds the cursor
 */
async function beyond({ database }: Source, roomId: number, parameter: string, cursor: number | null, than: '<' | '>'): Promise<string> {
  if (cursor === null) return `${parameter}::int is null`;
  const known = await database.query('select 1 from messages where id = $1 and room_id = $2', [cursor, roomId]);
  if (known.length === 0) return `m.id ${than} ${parameter}::int`;
  return `(m.created_at, m.id) ${than} ((select at.created_at from messages at where at.id = ${parameter}), ${parameter}::int)`;
}

/** Some messages, by id; those that were deleted are not among them. */
export async function getMessages(source: Source, viewerId: number, ids: number[]): Promise<Map<number, WireMessage>> {
  if (ids.length === 0) return new Map();
  const rows = await source.database.query<MessageRow>(
    `select ${columnsOf(source)} from messages m ${JOINED} where m.id = any($2::int[]) and m.deleted_at is null`,
    [viewerId, ids],
  );
  return new Map(rows.map((row) => [row.id, messageFor(source, viewerId, row)]));
}

/** Where a message is, or was. */
export async function findMessage({ database }: Pick<Context, 'database'>, id: number | null): Promise<{ roomId: number; isDeleted: boolean } | undefined> {
  const [found] = await database.query<{ roomId: number; isDeleted: boolean }>('select room_id as "roomId", deleted_at is not null as "isDeleted" from messages where id = $1', [id]);
  return found;
}
