/** Stores a message exactly once, in order, together with its notifications and its change. */
import { createHash } from 'node:crypto';
import type { Database, Queryable } from '../database/database.js';
import { accessDenied, RequestError } from '../errors.js';
import { toJson } from '../serialise.js';

export interface Draft {
  roomId: number;
  senderId: number;
  content: string;
  messageType?: string;
  replyTo?: number | null;
  /** Unique per sender: if it is already used, the stored message is returned. */
  tempId?: string | undefined;
  attachment?: { name: string; mediaType: string; bytes: Uint8Array } | undefined;
  /** The notification for the other members, except those subscribed to the room. */
  notification: { title: string; preview: string; except: number[] };
}

/** `seq` is that of the change; null if the message was stored before. */
export interface Stored {
  id: number;
  seq: number | null;
}

/** Stores a message, or finds the one already stored for its `tempId`. */
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
  const { roomId, senderId, messageType = 'text', content, tempId = null, replyTo = null, notification } = draft;
  // The room is locked before the message gets its id, so ids and seqs of a room become visible in ascending order, and
  // a client that asks for everything after n misses nothing. A single statement, and therefore atomic.
  const digest = tempId === null ? null : digestOf(draft);
  const [done] = await database.query<{ room: number | null; id: number | null; seq: number | null }>(
    `with room as (
       select r.id from rooms r where r.id = $1 and r.is_active
         and exists (select 1 from members o where o.room_id = r.id and o.user_id = $2) for update),
     stored as (
       insert into messages (room_id, sender_id, message_type, content, attachment_id, reply_to_id, temp_id, digest)
       select room.id, $2::int, $3::text, $4::text, $5::uuid, $6::int, $7::text, $11::text from room
       where $6::int is null or exists (select 1 from messages q where q.id = $6 and q.room_id = $1 and q.deleted_at is null)
       on conflict (sender_id, temp_id) do nothing returning id, created_at),
     notified as (
       insert into notifications (recipient, sender_id, room_id, message_id, title, message)
       select o.user_id, $2::int, $1::int, stored.id, $8::text, $9::text from stored, members o
       where o.room_id = $1 and o.user_id <> $2 and o.user_id <> all($10::int[]))
     select (select id from room) as room, (select id from stored) as id,
       (select record_change($1, 'new_message', stored.id, touched => stored.created_at) from stored) as seq`,
    [
      roomId,
      senderId,
      messageType,
      content,
      attachmentId,
      replyTo,
      tempId,
      notification.title,
      notification.preview,
      notification.except,
      digest,
    ],
  );
  // Checked first: no response may reveal anything about a room to non-members.
  if (done!.room === null) throw accessDenied(roomId);
  if (done!.id !== null) return { id: done!.id, seq: done!.seq };
  const known = tempId === null ? undefined : await findSent(database, draft, digest);
  if (known !== undefined) return { id: known, seq: null };
  throw new RequestError('invalid', 'The message to reply to is not in this room.', { field: 'reply_to', roomId });
}

/** Digest of the content, to recognise a retry. */
function digestOf({ content, attachment }: Draft): string {
  const hash = createHash('sha256').update(toJson([content, attachment?.name ?? null, attachment?.mediaType ?? null]));
  return hash.update(attachment?.bytes ?? '').digest('base64url');
}

/**
 * The message stored under the draft's `tempId`, if any.
 * @throws {RequestError} `conflict` if it differs from the draft: acknowledging it would lose the new message.
 */
async function findSent(
  database: Queryable,
  { senderId, tempId, roomId, content }: Draft,
  digest: string | null,
): Promise<number | undefined> {
  const [known] = await database.query<{
    id: number;
    roomId: number;
    content: string;
    digest: string | null;
    isAltered: boolean;
  }>(
    `select id, room_id as "roomId", content, digest, edited_at is not null or deleted_at is not null as "isAltered"
     from messages where sender_id = $1 and temp_id = $2`,
    [senderId, tempId],
  );
  if (!known) return undefined;
  // Without a digest (deleted, or stored before migration 5), the text is compared, unless it was edited.
  const isSame = known.digest === null ? known.isAltered || known.content === content : known.digest === digest;
  if (known.roomId === roomId && isSame) return known.id;
  throw new RequestError('conflict', 'This id was already used for another message. Use a new id.', { roomId });
}

/** The result of marking messages as read. */
export interface Reading {
  /** How many messages were unread before. */
  count: number;
  /** Their ids, if individual messages were marked. */
  messageIds: number[];
  /** The new last read message; null if it was read before, and for individual messages. */
  upTo: number | null;
  /** The authors of those messages. */
  authors: number[];
}

/** Marks all messages up to and including `upTo` as read; all messages of the room if it is null. */
export async function markReadUpTo(
  database: Queryable,
  roomId: number,
  userId: number,
  upTo: number | null,
): Promise<Reading> {
  const [done] = await database.query<Omit<Reading, 'messageIds'>>(
    'select n as count, up_to as "upTo", authors from mark_read_up_to($1, $2, $3)',
    [roomId, userId, upTo],
  );
  return { ...done!, messageIds: [] };
}

/** Marks individual messages of others as read. */
export async function markReadEach(
  database: Queryable,
  roomId: number,
  userId: number,
  messageIds: number[],
): Promise<Reading> {
  const [done] = await database.query<Omit<Reading, 'upTo'>>(
    'select n as count, ids as "messageIds", authors from mark_read_each($1, $2, $3::int[])',
    [roomId, userId, messageIds],
  );
  return { ...done!, upTo: null };
}
