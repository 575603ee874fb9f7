/** Names of files: what users see, and what a browser stores a download under. */

const MAX_LENGTH = 100;
/** Control characters, separators of paths, and characters that change the direction of the text around them. */
// eslint-disable-next-line no-control-regex -- control characters are exactly what is replaced
const UNSAFE = /[\u0000-\u001f\u007f-\u009f/\\\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A name without a path, at most 100 characters long, with its extension. */
export function safeName(name: string | undefined): string {
  // Half of a surrogate pair, which no header and no URL can contain, becomes U+FFFD.
  const wellFormed = Buffer.from(name ?? '').toString();
  const plain = [...wellFormed.replace(UNSAFE, '_').trim()].slice(-MAX_LENGTH).join('');
  // `.` and `..` have a special meaning in a URL path.
  return plain.replace(/^\.*$/, 'file');
}

/** The header `Content-Disposition` (RFC 6266), with a name in ASCII for old clients. */
export function disposition(isInline: boolean, name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16)}`,
  );
  return `${isInline ? 'inline' : 'attachment'}; filename="${ascii}"; filename*=UTF-8''${encoded}`;
}
