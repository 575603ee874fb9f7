/** A message becomes stored: once, in its order, together with all that follows from it. */
import type { Database, Queryable } from './database.js';
import { accessDenied, Refusal } from './refusal.js';

export interface Draft {
  roomId: number;
  senderId: number;
  content: string;
  messageType?: string;
  replyTo?: number | null;
  /** Unique with the sender: where it is known already, the stored message is the answer. */
  tempId?: string | undefined;
  attachment?: { name: string; mediaType: string; bytes: Uint8Array } | undefined;
  /** What the members are notified of; those that look at the room are not. */
  notice: { title: string; preview: string; except: number[] };
}

/** `seq` is that of the change, and null where the message had been stored before. */
export interface Stored {
  id: number;
  seq: number | null;
}

/** Stores a message, or finds the one that was stored for the same `tempId`. */
export async function storeMessage(database: Database, draft: Draft): Promise<Stored> {
  const { attachment } = draft;
  if (!attachment) return insertMessage(database, draft, null);
  return database.transaction(async (inside) => {
    const [file] = await inside.query<{ id: string }>(
      'insert into attachments (name, media_type, bytes) values ($1, $2, $3) returning id',
      [attachment.name, attachment.mediaType, attachment.bytes],
    );
    const stored = await insertMessage(inside, draft, file!.id);
    if (stored.seq === null) await inside.query('delete from attachments where id = $1', [file!.id]);
    return stored;
  });
}

async function insertMessage(database: Queryable, draft: Draft, attachmentId: string | null): Promise<Stored> {
  const { roomId, senderId, messageType = 'text', content, tempId = null, replyTo = null, notice } = draft;
  if (replyTo !== null && !(await isIn(database, replyTo, roomId))) {
    throw new Refusal('invalid', 'The message to reply to is not in this room.', { field: 'reply_to', roomId });
  }
  // The room is locked before the message gets its id: ids and seqs within a room so grow in the order in which they
  // become visible, and a client that asks for what came after n misses nothing. One statement, so all or nothing.
  const [done] = await database.query<{ room: number | null; id: number | null; seq: number | null }>(
    `with room as (
       select r.id from rooms r where r.id = $1 and r.is_active
         and exists (select 1 from members o where o.room_id = r.id and o.user_id = $2) for update),
     stored as (
       insert into messages (room_id, sender_id, message_type, content, attachment_id, reply_to_id, temp_id)
       select room.id, $2::int, $3::text, $4::text, $5::uuid, $6::int, $7::text from room
       on conflict (sender_id, temp_id) do nothing returning id, created_at),
     noticed as (
       insert into notifications (recipient, sender_id, room_id, message_id, title, message)
       select o.user_id, $2::int, $1::int, stored.id, $8::text, $9::text from stored, members o
       where o.room_id = $1 and o.user_id <> $2 and o.user_id <> all($10::int[]))
     select (select id from room) as room, (select id from stored) as id,
       (select record_change($1, 'new_message', stored.id, touched => stored.created_at) from stored) as seq`,
    [roomId, senderId, messageType, content, attachmentId, replyTo, tempId, notice.title, notice.preview, notice.except],
  );
  if (done!.room === null) throw accessDenied(roomId);
  if (done!.id !== null) return { id: done!.id, seq: done!.seq };
  const [known] = await database.query<{ id: number }>('select id from messages where sender_id = $1 and temp_id = $2', [senderId, tempId]);
  return { id: known!.id, seq: null };
}

async function isIn(database: Queryable, messageId: number, roomId: number): Promise<boolean> {
  return (await database.query('select 1 from messages where id = $1 and room_id = $2 and deleted_at is null', [messageId, roomId])).length > 0;
}

export interface Reading {
  /** How many messages were unread until now. */
  count: number;
  /** Which; none named means all. */
  messageIds: number[];
  /** Where all are meant: up to this message. */
  upTo: number | null;
  /** Null where nothing was unread. */
  seq: number | null;
}

/** Marks messages of others as read; none named means all. */
export async function markRead(database: Queryable, roomId: number, userId: number, messageIds: number[]): Promise<Reading> {
  const [done] = await database.query<{ n: number; ids: number[] | null; upTo: number | null; change: number | null }>('select n, ids, up_to as "upTo", change from mark_read($1, $2, $3::int[])', [roomId, userId, messageIds]);
  return { count: done!.n, messageIds: done!.ids ?? [], upTo: done!.upTo, seq: done!.change };
}
