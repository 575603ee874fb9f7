/** Serves files. A valid address is the only permission that a request needs. */
import { Readable } from 'node:stream';
import type { Context as Call } from 'hono';
import type { Context } from '../context.js';
import { answer, notFound } from '../http/http-responses.js';
import { disposition } from './file-names.js';
import { isFileId, type FileState } from './files.js';
import { secondsLeft, type Audience } from './signed-urls.js';
import type { ByteRange } from './file-storage.js';

/** Types that browsers show or play without running anything; everything else is downloaded. */
const INLINE: ReadonlySet<string> = new Set([
  ...['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'],
  ...['audio/mpeg', 'audio/mp4', 'audio/aac', 'audio/ogg', 'audio/wav', 'audio/webm', 'audio/flac', 'audio/opus'],
  ...['video/mp4', 'video/webm', 'video/ogg', 'video/quicktime'],
]);

interface StoredFile {
  id: string;
  name: string;
  mediaType: string;
  size: number;
  state: FileState;
  /** Null: still in the database. */
  storageKey: string | null;
  ownerId: number | null;
  unsignedUntil: Date | null;
  roomId: number | null;
  epoch: number;
}

async function findFile({ database }: Context, id: string): Promise<StoredFile | undefined> {
  if (!isFileId(id)) return undefined;
  const [found] = await database.query<StoredFile>(
    `select f.id, f.name, f.media_type as "mediaType", coalesce(f.size, octet_length(f.bytes)) as size, f.state,
       f.storage_key as "storageKey", f.owner_id as "ownerId", f.unsigned_until as "unsignedUntil", r.id as "roomId",
       coalesce(e.epoch, 0) as epoch
     from attachments f
     left join messages m
       on m.id = coalesce(f.message_id, (select o.id from messages o where o.attachment_id = f.id limit 1))
     left join rooms r on r.id = coalesce(m.room_id, f.room_id) and r.is_active
     left join file_epochs e on e.room_id = r.id
     where f.id = $1 and ((m.id is null and f.room_id is null) or r.id is not null)`,
    [id],
    'find file',
  );
  return found;
}

/** The seconds for which the request may keep what it gets; 0: it gets nothing. */
function permittedSeconds({ options }: Context, call: Call, file: StoredFile): number {
  const audience: Audience | undefined =
    file.roomId !== null
      ? { roomId: file.roomId, epoch: file.epoch }
      : file.ownerId !== null
        ? { ownerId: file.ownerId }
        : undefined;
  if (!audience) return 0;
  const [expires, signature] = [call.req.query('e'), call.req.query('s')];
  if (signature === undefined && file.unsignedUntil)
    return Math.max(0, Math.floor((file.unsignedUntil.getTime() - options.clock.now()) / 1_000));
  return secondsLeft(options, file.id, audience, { expires, signature });
}

/** One range of bytes; 'unsatisfiable' for one beyond the end. Anything else is answered with the whole file (RFC 9110). */
function readRange(header: string | undefined, size: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') {
    const length = Math.min(Number(last), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const [start, end] = [Number(first), last === '' ? size - 1 : Math.min(Number(last), size - 1)];
  if (last !== '' && Number(last) < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end };
}

export async function getAttachment(context: Context, call: Call): Promise<Response> {
  const file = await findFile(context, call.req.param('id') ?? '');
  if (!file) return notFound(context);
  const seconds = permittedSeconds(context, call, file);
  if (seconds === 0)
    return answer(context, 403, { detail: 'This address has expired. Read the message again: it has a new one.' });
  if (file.state !== 'ready') return notFound(context);
  const etag = `"${file.storageKey ?? file.id}"`;
  const headers = { ...headersOf(file, seconds), ETag: etag };
  if (call.req.header('If-None-Match') === etag) return new Response(null, { status: 304, headers });
  // A part of another version would be useless.
  const isSame = [undefined, etag].includes(call.req.header('If-Range'));
  const range = isSame ? readRange(call.req.header('Range'), file.size) : undefined;
  if (range === 'unsatisfiable')
    return new Response(null, { status: 416, headers: { ...headers, 'Content-Range': `bytes */${file.size}` } });
  const body = call.req.method === 'HEAD' ? null : await readBytes(context, file, range);
  if (body === undefined) return notFound(context);
  const length = String(range ? range.end - range.start + 1 : file.size);
  if (!range) return new Response(body, { headers: { ...headers, 'Content-Length': length } });
  const part = { 'Content-Length': length, 'Content-Range': `bytes ${range.start}-${range.end}/${file.size}` };
  return new Response(body, { status: 206, headers: { ...headers, ...part } });
}

function headersOf({ mediaType, name }: StoredFile, seconds: number): Record<string, string> {
  const isInline = INLINE.has(mediaType);
  return {
    'Content-Type': isInline ? mediaType : 'application/octet-stream',
    'Content-Disposition': disposition(isInline, name),
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cache-Control': `private, max-age=${seconds}, immutable`,
    'Accept-Ranges': 'bytes',
    // Other origins embed it; the address itself is the permission.
    'Cross-Origin-Resource-Policy': 'cross-origin',
  };
}

/** undefined if the file is not there. */
async function readBytes(
  { database, storage }: Context,
  { id, storageKey }: StoredFile,
  range: ByteRange | undefined,
): Promise<BodyInit | undefined> {
  let key = storageKey;
  if (key === null) {
    const [row] = await database.query<{ bytes: Uint8Array | null; key: string | null }>(
      'select bytes, storage_key as key from attachments where id = $1',
      [id],
    );
    if (row?.bytes) return new Uint8Array(range ? row.bytes.subarray(range.start, range.end + 1) : row.bytes);
    // Moved to the storage meanwhile.
    key = row?.key ?? null;
  }
  const stream = key === null ? undefined : await storage.get(key, range);
  return stream && (Readable.toWeb(stream) as BodyInit);
}
