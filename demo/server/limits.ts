/** Limits on the content of messages and reactions. Those on rates are in rate-limits.ts. */
import { RequestError } from './errors.js';

/**
 * @param isOptional The content may be empty, because there is an attachment.
 * @param field its name in the request.
 * @throws {RequestError} if the content is not a valid message text.
 */
export function checkContent(
  content: unknown,
  maxLength: number,
  { roomId, isOptional = false, field = 'content' }: { roomId?: number; isOptional?: boolean; field?: string },
): string {
  if (typeof content !== 'string' || (!isOptional && content.trim() === '')) {
    throw new RequestError('empty_content', 'Message content cannot be empty', { field, roomId });
  }
  // Counted in code points, so that an emoji is one character. Clients that count UTF-16 units are only stricter.
  if (content.length > maxLength && [...content].length > maxLength) {
    throw new RequestError('too_long', `A message must not exceed ${maxLength} characters.`, { field, roomId });
  }
  // Postgres cannot store it.
  if (content.includes('\0')) throw new RequestError('invalid', 'Null characters are not allowed.', { field, roomId });
  return content;
}

/** @throws {RequestError} `invalid` if there are too many, or one twice. Unknown ones are found when they are stored. */
export function checkAttachments(ids: readonly unknown[] = [], max: number, roomId: number): string[] {
  const details = { field: 'attachments', roomId };
  if (ids.length > max) throw new RequestError('invalid', `A message can have at most ${max} files.`, details);
  const texts = ids.map((id) => String(id).toLowerCase());
  if (new Set(texts).size < texts.length)
    throw new RequestError('invalid', 'A file can be in a message only once.', details);
  return texts;
}

const MAX_EMOJI_LENGTH = 64;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Pictographs, flags and keycaps. A fixed list of emoji would be out of date sooner than users' phones. */
const EMOJI = /[\p{Extended_Pictographic}\p{Regional_Indicator}\u20e3]/u;

/** @throws {RequestError} for anything but a single emoji. */
export function checkEmoji(emoji: unknown, roomId: number): string {
  if (
    typeof emoji !== 'string' ||
    emoji.length > MAX_EMOJI_LENGTH ||
    !EMOJI.test(emoji) ||
    [...graphemes.segment(emoji)].length !== 1
  ) {
    throw new RequestError('invalid', 'A reaction must be a single emoji.', { field: 'emoji', roomId });
  }
  return emoji;
}
