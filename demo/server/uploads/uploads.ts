/** Capability `uploads`: files that are uploaded before their message is sent. */
import type { IncomingMessage } from 'node:http';
import type { Viewer } from '../auth.js';
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import { field } from '../http/http-responses.js';
import { RequestError } from '../errors.js';
import { FILE_COLUMNS, fileOnTheWire, isFileId, type FileRow, type WireFile } from './files.js';
import { inspectFile, type Inspected } from './inspect-file.js';
import { discard, receiveForm, type LocalFile } from './receive-form.js';
import { deleteDueFilesSoon, keepFile, putEnd, releaseFile, storeFile } from './stored-files.js';

export interface Upload extends FileRow {
  storageKey: string;
}

const UPLOAD_COLUMNS = `${FILE_COLUMNS}, f.storage_key as "storageKey"`;
const MAX_KEY_LENGTH = 200;
/** When to try again if too much is unsent, in seconds: the user can send or discard something meanwhile. */
const RETRY_S = 60;

export const unknownUpload = (roomId?: number): RequestError =>
  new RequestError('unknown_upload', 'There is no such upload. It may have expired: upload the file again.', {
    ...(roomId !== undefined && { roomId }),
  });

export const uploadOnTheWire = ({ options }: Context, viewer: Viewer, upload: Upload): WireFile =>
  fileOnTheWire(options, upload, { ownerId: viewer.id });

/** @throws {RequestError} `invalid`. */
export function readKey(key: string | undefined): string | null {
  if (!key) return null;
  if (key.length > MAX_KEY_LENGTH || key.includes('\0'))
    throw new RequestError('invalid', `An Idempotency-Key must have 1 to ${MAX_KEY_LENGTH} characters.`);
  return key;
}

export async function findByKey(
  { database }: Context,
  viewer: Viewer,
  key: string | null,
): Promise<Upload | undefined> {
  if (key === null) return undefined;
  const [found] = await database.query<Upload>(
    `select ${UPLOAD_COLUMNS} from attachments f where f.owner_id = $1 and f.upload_key = $2`,
    [viewer.id, key],
  );
  return found;
}

/** An unsent upload of the user. @throws {RequestError} `unknown_upload`. */
export async function findUpload({ database }: Context, viewer: Viewer, id: string): Promise<Upload> {
  const [found] = isFileId(id)
    ? await database.query<Upload>(
        `select ${UPLOAD_COLUMNS} from attachments f where f.id = $1 and f.owner_id = $2 and f.message_id is null`,
        [id, viewer.id],
      )
    : [];
  if (!found) throw unknownUpload();
  return found;
}

/** @throws {RequestError} `rate_limited` if the user would have too many unsent bytes with so many more. */
async function checkUnsent(
  inside: Queryable,
  { limits: { unsentBytesPerUser: max } }: Context['options'],
  viewer: Viewer,
  more: number,
): Promise<void> {
  const [row] = await inside.query<{ unsent: number }>(
    'select coalesce(sum(size), 0)::float8 as unsent from attachments where owner_id = $1 and message_id is null',
    [viewer.id],
  );
  if (row!.unsent + more > max)
    throw new RequestError('rate_limited', `Files that are not sent yet must not exceed ${max} bytes in total.`, {
      retryAfter: RETRY_S,
    });
}

/**
 * Inserts an unsent upload within the quota of its user. One at a time for each user: uploads at once would not see each
 * other's bytes. @throws {RequestError} `rate_limited`, which undoes the transaction.
 */
export async function insertUnsent(
  inside: Queryable,
  options: Context['options'],
  viewer: Viewer,
  insert: () => Promise<Upload | undefined>,
): Promise<Upload | undefined> {
  // Not `for update`, which would also hold up the messages of the user: their rows refer to this one.
  await inside.query('select 1 from users where id = $1 for no key update', [viewer.id]);
  const made = await insert();
  // After the insertion, because an upload that exists already needs no space.
  if (made) await checkUnsent(inside, options, viewer, 0);
  return made;
}

/** Receives a file as a multipart form. The same key returns the same upload. */
export async function createUpload(
  context: Context,
  viewer: Viewer,
  request: IncomingMessage,
  key: string | null,
): Promise<Upload> {
  const { limits } = context.options;
  await context.rateLimits.count('uploadsPerUser', viewer.id);
  const known = await findByKey(context, viewer, key);
  if (known?.state === 'uploading') throw new RequestError('conflict', 'This key was already used. Use a new key.');
  if (known) return known;
  // Only so that nothing is received in vain: `addUpload` decides.
  await checkUnsent(context.database, context.options, viewer, Number(request.headers['content-length'] ?? 0));
  const { file } = await receiveForm(request, {
    field: 'file',
    maxBytes: limits.attachmentBytes,
    incoming: context.incoming,
  });
  if (!file) throw field('file', 'A file is required.');
  try {
    return await addUpload(context, viewer, file, { key });
  } finally {
    await discard(file);
  }
}

/**
 * Inspects and stores a received file.
 * @param request of an upload whose message follows later: it counts as unsent. Otherwise the caller sends it at once.
 */
export async function addUpload(
  context: Context,
  viewer: Viewer,
  file: Pick<LocalFile, 'path' | 'name' | 'size'>,
  request?: { key: string | null },
): Promise<Upload> {
  const { database, options } = context;
  const key = request?.key ?? null;
  return withInspected(context, file, async (inspected, storageKey) => {
    const store = async (inside: Queryable): Promise<Upload | undefined> => {
      const insert = async (): Promise<Upload | undefined> => {
        const [made] = await inside.query<Upload>(
          `insert into attachments as f (name, owner_id, upload_key, storage_key, ${INSPECTED})
           values ($9, $10, $11, $1, $2, $3, $4, $5, $6, $7, $8, $12) on conflict do nothing returning ${UPLOAD_COLUMNS}`,
          [...inspectedValues(context, inspected, storageKey), file.name, viewer.id, key, scanTime(context)],
        );
        return made;
      };
      const made = request ? await insertUnsent(inside, options, viewer, insert) : await insert();
      if (made) await keepFile(inside, storageKey);
      else await releaseFile(inside, storageKey, new Date(options.clock.now()));
      return made;
    };
    try {
      // The same request twice at once: the other one was faster.
      return (await database.transaction(store)) ?? (await findByKey(context, viewer, key))!;
    } catch (error) {
      // Only if it was refused: after an error of the database, a row may refer to the file.
      if (error instanceof RequestError) {
        await releaseFile(database, storageKey, new Date(options.clock.now()));
        deleteDueFilesSoon(context);
      }
      throw error;
    }
  });
}

const INSPECTED = 'media_type, size, width, height, thumbhash, duration_ms, state, scan_at';

const scanTime = ({ options }: Context): Date | null => (options.scanUrl ? new Date(options.clock.now()) : null);

const inspectedValues = ({ options }: Context, file: Inspected, storageKey: string): unknown[] => [
  storageKey,
  file.mediaType,
  file.size,
  file.width,
  file.height,
  file.thumbhash,
  file.durationMs,
  options.scanUrl ? 'checking' : 'ready',
];

/** Inspects a local file and stores the result. */
async function withInspected<T>(
  context: Context,
  file: Pick<LocalFile, 'path' | 'size'>,
  use: (inspected: Inspected, storageKey: string) => Promise<T>,
): Promise<T> {
  const inspected = await inspectFile(file, context.options);
  try {
    return await use(inspected, await storeFile(context, inspected));
  } finally {
    if (inspected.path !== file.path) await discard(inspected);
    context.wakeScanner();
  }
}

/** A presigned upload has arrived: what it is replaces what its user has announced. */
export async function finishUpload(
  context: Context,
  upload: Upload,
  file: Pick<LocalFile, 'path' | 'size'>,
): Promise<Upload> {
  return withInspected(context, file, async (inspected, storageKey) => {
    const done = await context.database.transaction(async (inside) => {
      const [changed] = await inside.query<Upload>(
        `update attachments f set (storage_key, ${INSPECTED}) = ($1, $2, $3, $4, $5, $6, $7, $8, $10)
         where id = $9 and state = 'uploading' returning ${UPLOAD_COLUMNS}`,
        [...inspectedValues(context, inspected, storageKey), upload.id, scanTime(context)],
      );
      if (changed) await keepFile(inside, storageKey);
      await releaseFile(inside, changed ? upload.storageKey : storageKey, putEnd(context.options.clock.now()));
      return changed;
    });
    return done ?? { ...upload, ...(await reread(context.database, upload.id)) };
  });
}

async function reread(database: Queryable, id: string): Promise<Upload> {
  const [found] = await database.query<Upload>(`select ${UPLOAD_COLUMNS} from attachments f where f.id = $1`, [id]);
  if (!found) throw unknownUpload();
  return found;
}

/** Discards an unsent upload. @throws {RequestError} `unknown_upload`. */
export async function discardUpload(context: Context, viewer: Viewer, id: string): Promise<void> {
  if (!isFileId(id)) throw unknownUpload();
  const { database, options } = context;
  const gone = await database.transaction(async (inside) => {
    const [deleted] = await inside.query<Pick<Upload, 'state' | 'storageKey'>>(
      `delete from attachments where id = $1 and owner_id = $2 and message_id is null
       returning state, storage_key as "storageKey"`,
      [id, viewer.id],
    );
    if (deleted?.state === 'uploading') await releaseFile(inside, deleted.storageKey, putEnd(options.clock.now()));
    return deleted;
  });
  if (!gone) throw unknownUpload();
  deleteDueFilesSoon(context);
}
