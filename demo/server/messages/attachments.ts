/** Files sent with a message: kept in the database, fetched by an address that nobody can guess. */
import type { Context as Call } from 'hono';
import type { Context } from '../context.js';
import { notFound } from '../http/http-responses.js';
import { Refusal } from '../errors.js';

/** What a browser may show in a page of ours; everything else is only ever downloaded. */
const INLINE = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

interface Upload extends Record<string, unknown> {
  attachment: { name: string; mediaType: string; bytes: Uint8Array; isImage: boolean } | undefined;
}

/** Reads a form: its fields, and the file in `attachment`. */
export async function readAttachment(call: Call, longest: number): Promise<Upload> {
  const form = await call.req.parseBody().catch(() => {
    throw new Refusal('invalid', 'The form cannot be read.');
  });
  const { attachment: file, ...fields } = form;
  if (!(file instanceof File)) return { ...fields, attachment: undefined };
  if (file.size > longest) throw new Refusal('too_large', `A file can have at most ${longest} bytes.`);
  // eslint-disable-next-line no-control-regex -- exactly what a name must not hold
  const plain = file.name.replace(/[\u0000-\u001f/\\]/g, '_').slice(-100);
  // In an address, `.` and `..` are no names.
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
      // Shown by pages on other origins; the address itself is the secret.
      'Cross-Origin-Resource-Policy': 'cross-origin',
    },
  });
}
