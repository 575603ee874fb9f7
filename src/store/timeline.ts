/**
 * The messages of one room, in order: first what is stored (by the server's id), then what is on its way (as written).
 *
 * A message may arrive several times and from several sides: as an echo, an acknowledgement, a REST answer, in a page
 * of history. Whichever comes first puts it in its place; the others find it there.
 */
import { compareIds, idKey, isOrdered, sameId, type Id, type Message } from '../protocol/index.js';
import type { ChatError } from '../transport/index.js';
import type { ChatMessage, ChatUser } from './state.js';

export type Timeline = readonly ChatMessage[];

/** By id where ids have an order, else by time: Z and +00:00 and microseconds are read alike. */
function order(a: Message, b: Message): number {
  if (isOrdered(a.id) && isOrdered(b.id)) return compareIds(a.id, b.id);
  return Date.parse(a.timestamp) - Date.parse(b.timestamp);
}

/** Whether a message belongs before the first one that is shown, where there is more that is not loaded. */
export const isUnloaded = (timeline: Timeline, hasOlder: boolean, message: Message): boolean =>
  hasOlder && timeline[0]?.delivery === 'sent' && order(message, timeline[0]) < 0;

/** How many of the first messages are stored. */
function storedCount(timeline: Timeline): number {
  let count = timeline.length;
  while (count > 0 && timeline[count - 1]!.delivery !== 'sent') count--;
  return count;
}

/** Where a stored message stands or belongs: the index before which everything is older, or `after` what is just as old. */
function position(timeline: Timeline, message: Message, after = 0): number {
  let [low, high] = [0, storedCount(timeline)];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (order(timeline[middle]!, message) < after) low = middle + 1;
    else high = middle;
  }
  return low;
}

function indexOfId(timeline: Timeline, message: Message): number {
  if (!isOrdered(message.id)) return timeline.findIndex(({ id }) => sameId(id, message.id));
  const index = position(timeline, message);
  return sameId(timeline[index]?.id, message.id) ? index : -1;
}

/** Whether a stored message with this id is there. */
export const holds = (timeline: Timeline, message: Message): boolean => indexOfId(timeline, message) >= 0;

/**
 * Puts stored messages into their places. Those of one moment, where ids have no order, stay in the server's.
 * @param isOlder whether they are the page before what is there.
 */
export function merge(timeline: Timeline, messages: readonly Message[], isOlder = false): Timeline {
  const next = timeline.slice();
  for (const message of isOlder ? [...messages].reverse() : messages) {
    const localId = message._tempId ?? null;
    const stored = storedCount(next);
    const waiting = next.slice(stored).findIndex((entry) => entry.localId === localId);
    const [mine] = waiting < 0 ? [] : next.splice(stored + waiting, 1);
    const at = indexOfId(next, message);
    if (at >= 0) {
      const known = next[at]!;
      // What was read does not become unread because an older copy comes by.
      next[at] = { ...known, ...message, is_read: known.is_read || message.is_read, localId: known.localId ?? localId };
    } else {
      const entry: ChatMessage = { ...message, key: mine?.key ?? `#${idKey(message.id)}`, delivery: 'sent', localId, error: null };
      next.splice(position(next, message, isOlder ? 0 : 1), 0, entry);
    }
  }
  return next;
}

/**
 * Takes away what the newest page should hold, and does not: it was deleted.
 * @param isAll whether what is before the page goes too: nothing is there any more, or a hole is between the two, which would
 *   look as if nothing had been said.
 * @param knownUpTo what is newer than this may have come after the page was read.
 */
export function withoutGone(timeline: Timeline, page: readonly Message[], isAll: boolean, knownUpTo: Id | undefined): Timeline {
  const [first, last] = [page[0], page.at(-1)];
  const newest = timeline.find(({ id }) => sameId(id, knownUpTo));
  return timeline.filter((entry) => {
    if (entry.delivery !== 'sent' || page.some(({ id }) => sameId(id, entry.id))) return true;
    if (first && order(entry, first) < 0) return !isAll;
    const isAfter = !last || order(entry, last) > 0;
    return isAfter && !(newest && order(entry, newest) <= 0);
  });
}

/** Takes away a message that was deleted. */
export const remove = (timeline: Timeline, id: Id): Timeline => timeline.filter((entry) => entry.delivery !== 'sent' || !sameId(entry.id, id));

export interface Draft {
  readonly localId: string;
  readonly roomId: Id;
  readonly content: string;
  readonly replyTo?: Message | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Shows a message that was just written. */
export function addPending(timeline: Timeline, draft: Draft, user: ChatUser | null): Timeline {
  const { localId, replyTo } = draft;
  const entry: ChatMessage = {
    key: localId,
    localId,
    delivery: 'sending',
    error: null,
    id: localId,
    room: draft.roomId,
    sender: user && { id: user.id, username: user.username, first_name: '', last_name: '', profile_picture: null },
    message_type: 'text',
    content: draft.content,
    attachment: null,
    timestamp: new Date(draft.at).toISOString(),
    is_read: false,
    edited_at: null,
    reply_to: replyTo ? { id: replyTo.id, content: replyTo.content, sender: replyTo.sender?.username ?? '' } : null,
    is_own_message: true,
    _tempId: localId,
  };
  return [...timeline, entry];
}

/** Changes what is not stored yet; a stored message never goes back. */
export function setDelivery(timeline: Timeline, localId: string, delivery: 'sending' | 'failed', error: ChatError | null): Timeline {
  return timeline.map((entry) => (entry.localId === localId && entry.delivery !== 'sent' ? { ...entry, delivery, error } : entry));
}

/** Takes away a message that is not stored. */
export const removePending = (timeline: Timeline, localId: string): Timeline =>
  timeline.filter((entry) => entry.localId !== localId || entry.delivery === 'sent');
