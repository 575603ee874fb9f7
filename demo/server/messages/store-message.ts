/** Stores a message exactly once, in order, together with its change. */
import { createHash } from 'node:crypto';
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import { accessDenied, RequestError } from '../errors.js';
import type { Member } from '../rooms/member.js';
import { membershipOf, requirePermission } from '../rooms/permissions.js';
import { toJson } from '../serialise.js';
import { userJson, type WireUser } from '../users.js';
import { prepareFiles, attachFiles } from './store-files.js';
import { newMessage, withFiles, type Quote, type Source, type WireMessage } from './messages.js';

export interface Draft {
  roomId: number;
  senderId: number;
  content: string;
  messageType?: string;
  replyTo?: number | null;
  /** Unique per sender: if it is already used, the stored message is returned. */
  tempId?: string | undefined;
  /** Unsent uploads of the sender, in their order. */
  attachments?: readonly string[] | undefined;
  /** Identifies what was sent, if the ids of its uploads do not: a form is uploaded again with every retry. */
  digest?: string | undefined;
  /** The users who are viewing the room: they get no notification. */
  viewers: number[];
}

/** A message that was stored now, with everything that its delivery needs; or one that was stored before. */
export type Stored =
  { isNew: true; id: number; seq: number; message: WireMessage; members: Member[] } | { isNew: false; id: number };

interface StoredRow {
  isAllowed: boolean;
  id: number | null;
  seq: number;
  createdAt: Date;
  sender: WireUser;
  quote: Quote | null;
  memberIds: number[];
  unread: number[];
}

/** Stores a message, or finds the one already stored for its `tempId`. */
export function storeMessage(source: Pick<Context, 'database' | 'options'>, draft: Draft): Promise<Stored> {
  const { roomId, senderId, tempId, attachments: ids = [] } = draft;
  if (ids.length === 0) return insertMessage(source, source.database, draft, null);
  return source.database.transaction(async (inside) => {
    const findKnown = async (): Promise<number | undefined> =>
      tempId === undefined ? undefined : findSent(inside, draft, digestOf(draft));
    const prepared = await prepareFiles(inside, { roomId, senderId, ids, findSent: findKnown });
    if ('known' in prepared) return { isNew: false, id: prepared.known };
    const { messageType, fileIds } = prepared;
    const stored = await insertMessage(source, inside, { ...draft, messageType }, fileIds[0]!);
    if (!stored.isNew) return stored;
    const files = await attachFiles(inside, stored.id, fileIds);
    return { ...stored, message: withFiles(source, stored.message, files) };
  });
}

async function insertMessage(
  source: Source,
  database: Queryable,
  draft: Draft,
  attachmentId: string | null,
): Promise<Stored> {
  const { roomId, senderId, messageType = 'text', content, tempId = null, replyTo = null, viewers } = draft;
  const digest = tempId === null ? null : digestOf(draft);
  // The only statement for a message: it also returns what the members receive.
  const [row] = await database.query<StoredRow>(
    `select s.is_allowed as "isAllowed", s.message as id, s.change as seq, s.sent_at as "createdAt",
       s.member_ids as "memberIds", s.unread, s.quote, ${userJson(source, 'u')} as sender
     from store_message($1, $2, $3, $4, $5, $6, $7, $8, $9) s
     left join users u on u.id = $2`,
    [roomId, senderId, messageType, content, attachmentId, replyTo, tempId, digest, viewers],
    'store message',
  );
  // Checked first: no response may reveal anything about a room to non-members.
  if (!row!.isAllowed) throw accessDenied(roomId);
  if (row!.id !== null) return withDelivery(source, draft, { ...row!, id: row!.id });
  const known = tempId === null ? undefined : await findSent(database, draft, digest);
  if (known !== undefined) return { isNew: false, id: known };
  requirePermission(await membershipOf(database, roomId, senderId), roomId, attachmentId === null ? 'send' : 'attach');
  throw new RequestError('invalid', 'The message to reply to is not in this room.', { field: 'reply_to', roomId });
}

function withDelivery(
  source: Source,
  { roomId, senderId, messageType = 'text', content, tempId }: Draft,
  { id, seq, createdAt, sender, quote, memberIds, unread }: StoredRow & { id: number },
): Stored {
  const message = newMessage(source, senderId, {
    id,
    room_id: roomId,
    sender,
    message_type: messageType,
    content,
    files: null,
    created_at: createdAt,
    reply_to: quote,
    temp_id: tempId ?? null,
  });
  const members = memberIds.map((userId, index) => ({ userId, unread: unread[index]! }));
  return { isNew: true, id, seq, message, members };
}

/** Digest of the content, to recognise a retry. */
const digestOf = ({ content, attachments = [], digest }: Pick<Draft, 'content' | 'attachments' | 'digest'>): string =>
  digest ??
  createHash('sha256')
    .update(toJson([content, null, null, ...attachments]))
    .digest('base64url');

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
  /** The authors of those messages, without those who may not see receipts. */
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
    'select n as count, up_to as "upTo", receipt_recipients($2, authors) as authors from mark_read_up_to($1, $2, $3)',
    [roomId, userId, upTo],
    'mark read up to',
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
    'select n as count, ids as "messageIds", receipt_recipients($2, authors) as authors from mark_read_each($1, $2, $3::int[])',
    [roomId, userId, messageIds],
    'mark read each',
  );
  return { ...done!, upTo: null };
}
