/** How much one user may say. */
import { RateLimiterMemory, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import { Refusal } from './errors.js';

export const localRate = (messagesPerMinute: number): RateLimiterAbstract =>
  new RateLimiterMemory({ points: messagesPerMinute, duration: 60 });

/** Counts one message of a user, or one change of a message. @throws {Refusal} `rate_limited`, saying when to try again. */
export async function countMessage(rate: RateLimiterAbstract, userId: number): Promise<void> {
  try {
    await rate.consume(userId);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    const retryAfter = Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
    throw new Refusal('rate_limited', `Too many messages. Try again in ${retryAfter} s.`, { retryAfter });
  }
}

/** @throws {Refusal} for a text that cannot be a message. `optional`: a file may come without words. */
export function checkContent(content: unknown, longest: number, roomId: number, optional = false): string {
  if (typeof content !== 'string' || (!optional && content.trim() === '')) {
    throw new Refusal('empty_content', 'Message content cannot be empty', { field: 'content', roomId });
  }
  // Counted as people count, an emoji as one; a client that counts UTF-16 units is only stricter.
  if (content.length > longest && [...content].length > longest) {
    throw new Refusal('too_long', `A message can have at most ${longest} characters.`, { field: 'content', roomId });
  }
  // Postgres cannot store it.
  if (content.includes('\0')) throw new Refusal('invalid', 'Null characters are not allowed.', { field: 'content', roomId });
  return content;
}

const LONGEST_EMOJI = 64;
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Pictures, flags and keycaps. A list of emoji would be out of date before the phones of our users are. */
const EMOJI = /[\p{Extended_Pictographic}\p{Regional_Indicator}\u20e3]/u;

/** @throws {Refusal} for anything but one emoji. */
export function checkEmoji(emoji: unknown, roomId: number): string {
  if (typeof emoji !== 'string' || emoji.length > LONGEST_EMOJI || !EMOJI.test(emoji) || [...graphemes.segment(emoji)].length !== 1) {
    throw new Refusal('invalid', 'A reaction is one emoji.', { field: 'emoji', roomId });
  }
  return emoji;
}
