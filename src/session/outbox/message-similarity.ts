/**
 * Whether a message from the server may be a copy of one that was sent, on a backend that does not return idempotency
 * keys. Deferred: see deferred.ts.
 */
import { compareIds, isOrdered, sameId, type Message } from '../../protocol/index.js';
import type { SessionContext } from '../session-context.js';
import { CLOCK_SKEW_MS } from './message-storage.js';
import type { QueuedMessage } from './queued-message.js';
import { textSimilarity, type Likeness } from './text-similarity.js';

/** Beyond this difference from the server's clock, in milliseconds, a message is not considered a copy. */
export const MAX_SKEW_MS = 900_000;

/**
 * A copy has the same author, room and text, and is newer than the newest message that was known when the message was
 * written; if none was known, not much older than the message. Beyond `CLOCK_SKEW_MS` it is uncertain.
 */
export function messageSimilarity(
  item: QueuedMessage,
  message: Message,
  { auth }: Pick<SessionContext, 'auth'>,
): Likeness {
  if (!item.files?.length !== !message.attachment) return 'different';
  if (!auth.tokens.isOwn(message) || !sameId(message.reply_to?.id ?? '', item.replyTo ?? '')) return 'different';
  const { after, at, content } = item;
  const earlierMs =
    after !== undefined && isOrdered(after)
      ? compareIds(message.id, after) > 0
        ? 0
        : Infinity
      : at - Date.parse(message.timestamp);
  const similarity = earlierMs < MAX_SKEW_MS ? textSimilarity(content, message.content) : 'different';
  return similarity === 'same' && earlierMs >= CLOCK_SKEW_MS ? 'unsure' : similarity;
}
