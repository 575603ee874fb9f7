/** Message attachments: stored in the database, served at an unguessable URL. */
import type { Context as Call } from 'hono';
import type { Context } from '../context.js';
import { notFound } from '../http/http-responses.js';
import { RequestError } from '../errors.js';

/** Types that browsers may display inline; everything else is downloaded. */
const INLINE = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

interface Upload extends Record<string, unknown> {
  attachment: { name: string; mediaType: string; bytes: Uint8Array; isImage: boolean } | undefined;
}

/** Parses a multipart form: its fields, and the file in `attachment`. */
export async function readAttachment(call: Call, maxBytes: number): Promise<Upload> {
  const form = await call.req.parseBody().catch(() => {
    throw new RequestError('invalid', 'The form data cannot be parsed.');
  });
  const { attachment: file, ...fields } = form;
  if (!(file instanceof File)) return { ...fields, attachment: undefined };
  if (file.size > maxBytes) throw new RequestError('too_large', `A file must not exceed ${maxBytes} bytes.`);
  // eslint-disable-next-line no-control-regex -- control characters are exactly what is replaced
  const plain = file.name.replace(/[\u0000-\u001f/\\]/g, '_').slice(-100);
  // `.` and `..` have a special meaning in a URL path.
  const name = plain.replace(/^\.*$/, 'file');
  const bytes = new Uint8Array(await file.arrayBuffer());
  return { ...fields, attachment: { name, mediaType: file.type, bytes, isImage: INLINE.includes(file.type) } };
}

export async function getAttachment(context: Context, id: string): Promise<Response> {
  const [file] = UUID.test(id)
    ? await context.database.query<{ name: string; mediaType: string; bytes: Uint8Array }>(
        'select name, media_type as "mediaType", bytes from attachments where id = $1',
        [id],
      )
    : [];
  if (!file) return notFound(context);
  const isInline = INLINE.includes(file.mediaType);
  return new Response(new Uint8Array(file.bytes), {
    headers: {
      'Content-Type': isInline ? file.mediaType : 'application/octet-stream',
      'Content-Disposition': `${isInline ? 'inline' : 'attachment'}; filename*=UTF-8''${encodeURIComponent(file.name)}`,
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': "default-src 'none'; sandbox",
      'Cache-Control': 'private, max-age=31536000, immutable',
      // Other origins embed it; the URL itself is the secret.
      'Cross-Origin-Resource-Policy': 'cross-origin',
    },
  });
}
