/** Presigned uploads: the client stores the file by itself, then the server fetches and inspects it. */
import type { Viewer } from '../auth.js';
import type { Context } from '../context.js';
import { field } from '../http/http-responses.js';
import { RequestError } from '../errors.js';
import { FILE_COLUMNS } from './files.js';
import { safeName } from './file-names.js';
import { checkAccepted, UNKNOWN } from './inspect-file.js';
import { discard, receiveStream, tooLarge } from './receive-form.js';
import type { SignedPut } from './file-storage.js';
import { deleteDueFilesSoon, PUT_SECONDS, releaseFile, unfinishedEnd } from './stored-files.js';
import { discardUpload, findByKey, findUpload, finishUpload, insertUnsent, type Upload } from './uploads.js';

interface Announced {
  name: string;
  mediaType: string;
  size: number;
}

function readAnnounced({ options }: Context, body: Record<string, unknown>): Announced {
  const { name, media_type: type = '', size } = body;
  const { attachmentBytes } = options.limits;
  if (typeof name !== 'string') throw field('name', 'A text is required.');
  // Without parameters: `audio/webm;codecs=opus`. Browsers do not know the type of every file.
  const mediaType = typeof type === 'string' ? type.replace(/;.*/s, '').trim().toLowerCase() || UNKNOWN : '';
  if (!/^[\w.+-]+\/[\w.+-]+$/.test(mediaType)) throw field('media_type', 'A media type is required: image/png.');
  if (!Number.isInteger(size) || (size as number) < 1) throw field('size', 'The number of bytes is required.');
  if ((size as number) > attachmentBytes) throw tooLarge(attachmentBytes);
  // An unknown type is decided by the bytes alone, once they are there.
  if (mediaType !== UNKNOWN) checkAccepted(mediaType, options.accept);
  return { name: safeName(name), mediaType, size: size as number };
}

/** Starts an upload. The same key returns the same one. @throws {RequestError} `invalid` if the storage cannot do this. */
export async function startUpload(
  context: Context,
  viewer: Viewer,
  body: Record<string, unknown>,
  key: string | null,
): Promise<{ upload: Upload; put: SignedPut | undefined }> {
  const { database, storage, options, rateLimits } = context;
  if (!storage.signPut) throw new RequestError('invalid', 'Send the file as multipart/form-data, in the field "file".');
  await rateLimits.count('uploadsPerUser', viewer.id);
  const announced = readAnnounced(context, body);
  const known = await findByKey(context, viewer, key);
  const made =
    known ??
    (await database.transaction((inside) =>
      insertUnsent(inside, options, viewer, async () => {
        const [inserted] = await inside.query<Upload>(
          `insert into attachments as f (name, media_type, size, owner_id, upload_key, storage_key, state)
           values ($1, $2, $3, $4, $5, $6, 'uploading') on conflict do nothing
           returning ${FILE_COLUMNS}, f.storage_key as "storageKey"`,
          [announced.name, announced.mediaType, announced.size, viewer.id, key, crypto.randomUUID()],
        );
        return inserted;
      }),
    ));
  // The same request twice at once: the other one was faster.
  const upload = made ?? (await findByKey(context, viewer, key))!;
  if (upload.state !== 'uploading') return { upload, put: undefined };
  const { mediaType, size } = upload;
  // Before it is signed, and again with each address: the file is not forgotten, however its row is deleted.
  await releaseFile(database, upload.storageKey, unfinishedEnd(options.clock.now()));
  return { upload, put: await storage.signPut(upload.storageKey, { mediaType, size: size!, seconds: PUT_SECONDS }) };
}

/**
 * The client has stored the file. Repeated, it returns the same.
 * @throws {RequestError} as `inspectFile`; the upload is then discarded. `invalid` if the file is not there yet.
 */
export async function completeUpload(context: Context, viewer: Viewer, id: string): Promise<Upload> {
  const { storage, options, incoming, rateLimits } = context;
  const upload = await findUpload(context, viewer, id);
  if (upload.state !== 'uploading') return upload;
  await rateLimits.count('uploadsPerUser', viewer.id);
  const stream = await storage.get(upload.storageKey);
  if (!stream)
    throw new RequestError('invalid', 'The file has not arrived. PUT it to the address of the upload first.');
  try {
    const file = await receiveStream(stream, { incoming, maxBytes: options.limits.attachmentBytes });
    try {
      return await finishUpload(context, upload, file);
    } finally {
      await discard(file);
      deleteDueFilesSoon(context);
    }
  } catch (error) {
    if (error instanceof RequestError && ['unsupported_type', 'too_large'].includes(error.code))
      await discardUpload(context, viewer, id);
    throw error;
  }
}
