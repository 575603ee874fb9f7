/** Messages: stored once, listed in pages, marked as read. */
import type { Database, Queryable } from './database.js';
import { accessDenied, Refusal } from './refusal.js';
import type { UserRow } from './rooms.js';

interface MessageRow {
  id: number;
  room_id: number;
  sender: UserRow;
  message_type: string;
  content: string;
  attachment_id: string | null;
  attachment_name: string | null;
  created_at: Date;
  is_read: boolean;
  edited_at: Date | null;
  reply_to: { id: number; content: string; sender: string } | null;
  temp_id: string | null;
}

/** $1 is the viewer everywhere. */
const SELECT = `
  select m.id, m.room_id, row_to_json(u) as sender, m.message_type, m.content, m.created_at, m.edited_at, m.temp_id,
    a.id as attachment_id, a.name as attachment_name,
    is_read(m.room_id, m.id, m.sender_id, $1) as is_read,
    case when q.id is not null then json_build_object('id', q.id, 'content', q.content, 'sender', qu.username) end as reply_to
  from messages m
  join users u on u.id = m.sender_id
  left join attachments a on a.id = m.attachment_id
  left join messages q on q.id = m.reply_to_id
  left join users qu on qu.id = q.sender_id`;

export type WireMessage = ReturnType<typeof messageFor>;

function messageFor(viewerId: number, row: MessageRow) {
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
    // In an answer to one user, only the sender's own name for it; a live echo carries it for everybody.
    _tempId: isOwn && row.temp_id !== null ? row.temp_id : undefined,
  };
}

export interface Page {
  before: number | null;
  after: number | null;
  limit: number;
}

/** A page of a room's history, oldest first: the newest, those before, or the first ones after a message. */
export async function listMessages(database: Queryable, viewerId: number, roomId: number, { before, after, limit }: Page) {
  const forward = after !== null;
  const rows = await database.query<MessageRow>(
    `${SELECT} where m.room_id = $2 and ($3::int is null or m.id < $3) and ($4::int is null or m.id > $4)
     order by m.id ${forward ? 'asc' : 'desc'} limit $5`,
    [viewerId, roomId, before, after, limit + 1],
  );
  const hasMore = rows.length > limit;
  const page = rows.slice(0, limit).map((row) => messageFor(viewerId, row));
  return { messages: forward ? page : page.reverse(), hasMore };
}

export async function getMessage(database: Queryable, viewerId: number, messageId: number): Promise<WireMessage> {
  const [row] = await database.query<MessageRow>(`${SELECT} where m.id = $2`, [viewerId, messageId]);
  return messageFor(viewerId, row!);
}

export interface Draft {
  roomId: number;
  senderId: number;
  content: string;
  messageType?: string;
  replyTo?: number | null;
  /** Unique with the sender: where it is known already, the stored message is the answer. */
  tempId?: string | undefined;
  attachment?: { name: string; mediaType: string; bytes: Uint8Array } | undefined;
}

/** Stores a message, or finds the one that was stored for the same `tempId`. */
export async function storeMessage(database: Database, draft: Draft): Promise<{ id: number; isNew: boolean }> {
  const { attachment } = draft;
  if (!attachment) return insertMessage(database, draft, null);
  return database.transaction(async (inside) => {
    const [file] = await inside.query<{ id: string }>(
      'insert into attachments (name, media_type, bytes) values ($1, $2, $3) returning id',
      [attachment.name, attachment.mediaType, attachment.bytes],
    );
    const stored = await insertMessage(inside, draft, file!.id);
    if (!stored.isNew) await inside.query('delete from attachments where id = $1', [file!.id]);
    return stored;
  });
}

async function insertMessage(database: Queryable, draft: Draft, attachmentId: string | null): Promise<{ id: number; isNew: boolean }> {
  const { roomId, senderId, messageType = 'text', content, tempId = null, replyTo = null } = draft;
  if (replyTo !== null && !(await isIn(database, replyTo, roomId))) {
    throw new Refusal('invalid', 'The message to reply to is not in this room.', { field: 'reply_to', roomId });
  }
  // The room is locked before the message gets its id: ids within a room so grow in the order in which they become
  // visible, and a client that asks for what came after id n misses nothing. One statement, so all or nothing.
  const [done] = await database.query<{ room: number | null; id: number | null }>(
    `with room as (
       select r.id from rooms r where r.id = $1 and r.is_active
         and exists (select 1 from members o where o.room_id = r.id and o.user_id = $2) for update),
     stored as (
       insert into messages (room_id, sender_id, message_type, content, attachment_id, reply_to_id, temp_id)
       select room.id, $2::int, $3::text, $4::text, $5::uuid, $6::int, $7::text from room
       on conflict (sender_id, temp_id) do nothing returning id, created_at),
     touched as (update rooms r set updated_at = stored.created_at from stored where r.id = $1)
     select (select id from room) as room, (select id from stored) as id`,
    [roomId, senderId, messageType, content, attachmentId, replyTo, tempId],
  );
  if (done!.room === null) throw accessDenied(roomId);
  if (done!.id !== null) return { id: done!.id, isNew: true };
  const [known] = await database.query<{ id: number }>('select id from messages where sender_id = $1 and temp_id = $2', [senderId, tempId]);
  return { id: known!.id, isNew: false };
}

async function isIn(database: Queryable, messageId: number, roomId: number): Promise<boolean> {
  return (await database.query('select 1 from messages where id = $1 and room_id = $2', [messageId, roomId])).length > 0;
}

/** Marks messages of others as read; none named means all. Call in a transaction. @returns how many were unread before. */
export async function markRead(inside: Queryable, roomId: number, userId: number, messageIds: number[]): Promise<number> {
  const unread = async (): Promise<number> =>
    (await inside.query<{ n: number }>('select unread_count($1, $2) as n', [roomId, userId]))[0]!.n;
  const before = await unread();
  if (messageIds.length > 0) {
    await inside.query(
      `insert into reads (message_id, user_id) select m.id, $2 from messages m
       where m.room_id = $1 and m.id = any($3::int[]) and m.sender_id <> $2 on conflict do nothing`,
      [roomId, userId, messageIds],
    );
  } else {
    await inside.query(
      `update members set read_up_to = coalesce((select max(id) from messages where room_id = $1), 0)
       where room_id = $1 and user_id = $2`,
      [roomId, userId],
    );
    await inside.query('delete from reads r using messages m where m.id = r.message_id and m.room_id = $1 and r.user_id = $2', [roomId, userId]);
  }
  return before - (await unread());
}
