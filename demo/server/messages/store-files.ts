/** Stores a message with files: its uploads then belong to it. A transaction, unlike a message without files. */
import type { Queryable } from '../database/database.js';
import { accessDenied } from '../errors.js';
import { membershipOf, requirePermission } from '../rooms/permissions.js';
import { FILES_OF_MESSAGE, isFileId, type SentFile } from '../uploads/files.js';
import { isImage } from '../uploads/images.js';
import { unknownUpload } from '../uploads/uploads.js';

interface Locked {
  id: string;
  mediaType: string;
}

/** Locks unsent uploads of a user until the end of the transaction. @returns undefined if any of them is not there. */
async function lockUploads(inside: Queryable, ownerId: number, ids: readonly string[]): Promise<Locked[] | undefined> {
  if (!ids.every(isFileId)) return undefined;
  // Always in the order of their ids: two messages with the same files must not wait for each other.
  const found = await inside.query<Locked>(
    `select id, media_type as "mediaType" from attachments
     where id = any($1::uuid[]) and owner_id = $2 and message_id is null and state <> 'uploading' order by id for update`,
    [ids, ownerId],
  );
  const byId = new Map(found.map((file) => [file.id, file]));
  const ordered = ids.flatMap((id) => byId.get(id.toLowerCase()) ?? []);
  return ordered.length === ids.length ? ordered : undefined;
}

/** What a message with files needs before it is stored. */
interface Request {
  roomId: number;
  senderId: number;
  /** The uploads, in the order of the message. */
  ids: readonly string[];
  /** The message that was stored before under the same id. */
  findSent: () => Promise<number | undefined>;
}

/**
 * @returns the id of the message that was stored before; or the uploads, and the type of the message.
 * @throws {RequestError} for non-members before anything else; `unknown_upload`.
 */
export async function prepareFiles(
  inside: Queryable,
  { roomId, senderId, ids, findSent }: Request,
): Promise<{ known: number } | { messageType: string; fileIds: string[] }> {
  const files = await lockUploads(inside, senderId, ids);
  const membership = await membershipOf(inside, roomId, senderId);
  if (!membership) throw accessDenied(roomId);
  // Before anything that may have changed since: the files of that message are not unsent any more.
  const known = await findSent();
  if (known !== undefined) return { known };
  requirePermission(membership, roomId, 'attach');
  if (!files) throw unknownUpload(roomId);
  return { messageType: isImage(files[0]!.mediaType) ? 'image' : 'file', fileIds: files.map(({ id }) => id) };
}

/** Gives the files to the stored message. @returns them as they are read with the message. */
export async function attachFiles(inside: Queryable, messageId: number, fileIds: string[]): Promise<SentFile[]> {
  await inside.query(
    `update attachments set message_id = $1, position = array_position($2::uuid[], id) where id = any($2::uuid[])`,
    [messageId, fileIds],
  );
  const [row] = await inside.query<{ files: SentFile[] }>(
    `select ${FILES_OF_MESSAGE} as files from messages m where m.id = $1`,
    [messageId],
  );
  return row!.files;
}

/** Takes the files from a message that is being deleted. They are kept in the storage, for moderation. */
export async function releaseFilesOf(inside: Queryable, messageId: number, keptUntil: Date): Promise<void> {
  const files = await inside.query<{ id: string }>(
    `select id from attachments
     where message_id = $1 or id = (select attachment_id from messages where id = $1)`,
    [messageId],
  );
  if (files.length === 0) return;
  await inside.query('update messages set attachment_id = null where id = $1', [messageId]);
  await inside.query(
    `with gone as (delete from attachments where id = any($2::uuid[]) returning storage_key, name)
     insert into file_deletions (storage_key, delete_after, message_id, name)
       select storage_key, $3, $1, name from gone where storage_key is not null`,
    [messageId, files.map(({ id }) => id), keptUntil],
  );
}
