/** Capability `manage_room`: the picture of a room, an upload of the user who changes it. */
import { has } from '../capabilities.js';
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import { RequestError } from '../errors.js';
import { isFileId } from '../uploads/files.js';
import { isImage } from '../uploads/images.js';
import { signedUrl } from '../uploads/signed-urls.js';

/** A picture, as it is read with its room. */
export interface PictureRow {
  id: string;
  name: string;
  epoch: number;
}

/** The picture of room `r`, as JSON; null if it has none. */
export const PICTURE_OF_ROOM = `case when r.picture is not null then (
    select json_build_object('id', f.id, 'name', f.name,
      'epoch', coalesce((select e.epoch from file_epochs e where e.room_id = r.id), 0))
    from attachments f where f.room_id = r.id) end`;

const invalid = (text: string): RequestError => new RequestError('invalid', text, { field: 'picture' });

/**
 * Gives an upload to the room, whose picture it becomes, or removes the picture. The former picture is deleted.
 * @param inside a transaction that has locked the room.
 * @param uploadId null removes the picture.
 * @returns whether it has changed.
 * @throws {RequestError} `invalid` if there is no such upload of the user, or if it is no picture.
 */
export async function changePicture(
  inside: Queryable,
  options: Context['options'],
  { roomId, userId, uploadId }: { roomId: number; userId: number; uploadId: unknown },
): Promise<boolean> {
  const [{ picture: former } = { picture: null }] = await inside.query<{ picture: string | null }>(
    'select picture from rooms where id = $1',
    [roomId],
  );
  // Also a repeated request: the upload belongs to the room already.
  if (uploadId === former) return false;
  if (uploadId !== null) await requirePicture(inside, options, userId, uploadId);
  await inside.query('delete from attachments where room_id = $1', [roomId]);
  await inside.query('update attachments set room_id = $1, owner_id = null, upload_key = null where id = $2', [
    roomId,
    uploadId,
  ]);
  await inside.query('update rooms set picture = $2 where id = $1', [roomId, uploadId]);
  return true;
}

async function requirePicture(
  inside: Queryable,
  options: Context['options'],
  userId: number,
  uploadId: unknown,
): Promise<void> {
  if (!has(options, 'uploads')) throw invalid('This server has no uploads: only null is possible.');
  const [upload] = isFileId(uploadId)
    ? await inside.query<{ mediaType: string; state: string }>(
        `select media_type as "mediaType", state from attachments
         where id = $1 and owner_id = $2 and message_id is null for update`,
        [uploadId, userId],
      )
    : [];
  if (!upload) throw invalid('This is no unsent upload of this user.');
  if (!isImage(upload.mediaType)) throw invalid(`A picture must be an image, not ${upload.mediaType}.`);
  if (upload.state === 'checking') throw invalid('The file is still being checked. Try again in a moment.');
  if (upload.state !== 'ready') throw invalid('This file cannot be used.');
}

/** The address of a picture, which the members of the room may load. */
export const pictureUrl = (options: Context['options'], roomId: number, picture: PictureRow | null): string | null =>
  picture && signedUrl(options, picture, { roomId, epoch: picture.epoch });
