/**
 * The timeline of a room: one contiguous part of the stored messages in the server's order, plus messages that are not
 * stored.
 *
 * - Messages of a page keep the order of the page. Pages are ordered by `compareMessages`.
 * - A live message is appended.
 * - Messages being sent come after all stored messages. A failed message keeps its position.
 *
 * The same message may arrive several times: as an echo, an acknowledgement, a REST response, in a page of history. The
 * first copy inserts it, later ones update it. Deferred: see history-pages.ts.
 */
import { compareMessages, idKey, isOvertaken, type Message } from '../protocol/index.js';
import type { ChatError } from '../transport/index.js';
import { entryOf, INDEXES, indexOf, isStored, timelineIndex, type Timeline } from './timeline-entries.js';
import type { ChatMessage, Thread } from './state.js';

export * from './timeline-entries.js';

/** A timeline, and whether the server has messages before and after it. */
export type Part = Pick<Thread, 'timeline' | 'hasOlder' | 'hasNewer' | 'loaded'>;

/**
 * Whether a message belongs to the part of the history before the first loaded message.
 * @param isLive whether it was just received: then it only belongs there if other messages have overtaken it.
 */
export function isUnloaded(
  { timeline, hasOlder }: Pick<Part, 'timeline' | 'hasOlder'>,
  message: Message,
  isLive: boolean,
): boolean {
  const first = timeline.find(isStored);
  return (
    hasOlder && first !== undefined && (isLive ? isOvertaken(message, first) : compareMessages(message, first) < 0)
  );
}

/** Inserts a failed message at the position of its timestamp. */
export function placeByTime(timeline: Timeline, entry: ChatMessage): Timeline {
  const at = Date.parse(entry.timestamp);
  const after = timeline.findLastIndex((other) => other.delivery !== 'sending' && Date.parse(other.timestamp) <= at);
  return [...timeline.slice(0, after + 1), entry, ...timeline.slice(after + 1)];
}

type EntryFor = (message: Message, known?: ChatMessage) => ChatMessage;

/**
 * Changes the stored messages, and positions the others around them: messages being sent go to the end, and failed
 * messages beyond the loaded part are positioned by time. All others keep their position.
 * @param messages incoming stored messages: the pending messages that they confirm are removed.
 * @param change receives the entries that keep their position.
 */
function changeStored(
  part: Part,
  messages: readonly Message[],
  change: (entries: ChatMessage[], entryFor: EntryFor) => ChatMessage[],
): Timeline {
  const { timeline, hasOlder, hasNewer, loaded } = part;
  const [first, last] = [timeline.findIndex(isStored), timeline.findLastIndex(isStored)];
  const confirmed = new Set(messages.map(({ _tempId }) => _tempId));
  const keys = new Map<string, string>();
  const [loose, sending]: [ChatMessage[], ChatMessage[]] = [[], []];
  const rest = timeline.filter((entry, at) => {
    const { localId } = entry;
    if (isStored(entry)) return true;
    if (localId !== null && confirmed.has(localId)) keys.set(localId, entry.key);
    else if (at > last && entry.delivery === 'sending') sending.push(entry);
    else if (at > last ? hasNewer || !loaded : at < first && hasOlder) loose.push(entry);
    else return true;
    return false;
  });
  const changed = change(rest, (message, known) => entryOf(message, known, keys.get(message._tempId ?? '')));
  return [...loose.reduce<Timeline>(placeByTime, changed), ...sending];
}

/** Appends stored messages: live ones, or the next page. */
export function append(part: Part, messages: readonly Message[]): Timeline {
  const { timeline } = part;
  const index = timelineIndex(timeline);
  const ids = new Set<string>();
  const insert = (entries: ChatMessage[], entryFor: EntryFor): ChatMessage[] => {
    for (const message of messages) {
      const key = idKey(message.id);
      if (index.ids.has(key) || ids.has(key)) {
        const known = indexOf(entries, message.id);
        entries[known] = entryFor(message, entries[known]);
        continue;
      }
      ids.add(key);
      let to = entries.length;
      for (let at = to - 1; at >= 0; at--) {
        if (!isStored(entries[at]!)) continue;
        if (!isOvertaken(message, entries[at]!)) break;
        to = at;
      }
      entries.splice(to, 0, entryFor(message));
    }
    return entries;
  };
  const next = index.unsent > 0 ? changeStored(part, messages, insert) : insert([...timeline], entryOf);
  INDEXES.delete(timeline);
  for (const key of ids) index.ids.add(key);
  INDEXES.set(next, { ids: index.ids, unsent: next.length - index.ids.size });
  return next;
}

/** Updates known messages, and removes confirmed pending ones. Adds none. */
export const update = (part: Part, messages: readonly Message[]): Timeline =>
  changeStored(part, messages, (entries, entryFor) => {
    for (const message of messages) {
      const known = indexOf(entries, message.id);
      if (known >= 0) entries[known] = entryFor(message, entries[known]);
    }
    return entries;
  });

/**
 * Merges a page into the timeline, in the page's own order.
 * @param isOlder whether the page comes before all loaded messages.
 */
export const merge = (part: Part, page: readonly Message[], isOlder = false): Timeline =>
  changeStored(part, page, (entries, entryFor) => {
    const places = new Map(page.map(({ id }, place) => [idKey(id), place]));
    const shared = entries.filter((entry) => isStored(entry) && places.has(idKey(entry.id)));
    const known = new Map(shared.map((entry) => [idKey(entry.id), entry]));
    const next: ChatMessage[] = [];
    let place = 0;
    const takeNext = (): void => {
      const message = page[place++]!;
      next.push(entryFor(message, known.get(idKey(message.id))));
    };
    const isNextBefore = (entry: ChatMessage): boolean => {
      const message = page[place];
      const isNew = message !== undefined && !known.has(idKey(message.id));
      return isNew && (isOlder || compareMessages(message, entry) < 0);
    };
    for (const entry of entries) {
      const at = isStored(entry) ? places.get(idKey(entry.id)) : undefined;
      // The page contains this entry: continue with the page up to it.
      if (at !== undefined) while (place <= at) takeNext();
      else {
        if (isStored(entry)) while (isNextBefore(entry)) takeNext();
        next.push(entry);
      }
    }
    while (place < page.length) takeNext();
    return next;
  });

/**
 * Removes deleted messages: those that the newest page would contain, and does not.
 * @param isAll whether to remove all messages before the page too, because they were deleted, or because a gap between
 * them and the page would be invisible.
 * @param knownUpTo newer messages than this one may have been stored after the page was read, and are kept.
 */
export function dropDeleted(
  timeline: Timeline,
  page: readonly Message[],
  isAll: boolean,
  knownUpTo: Message | undefined,
): Timeline {
  const ids = new Set(page.map(({ id }) => idKey(id)));
  /** Compares entries with a message: by position if the timeline contains the message, otherwise by time and id. */
  const comparedTo = (other: Message | undefined): ((entry: ChatMessage, at: number) => number) => {
    const place = other ? indexOf(timeline, other.id) : -1;
    return (entry, at) => (!other ? 1 : place < 0 ? compareMessages(entry, other) : at - place);
  };
  const [toFirst, toLast, toKnown] = [comparedTo(page[0]), comparedTo(page.at(-1)), comparedTo(knownUpTo)];
  return timeline.filter((entry, at) => {
    if (!isStored(entry) || ids.has(idKey(entry.id))) return true;
    if (toFirst(entry, at) < 0) return !isAll;
    return toLast(entry, at) > 0 && toKnown(entry, at) > 0;
  });
}

/** Number of stored messages above `max`; zero or negative: none. */
export const excess = (timeline: Timeline, max: number): number =>
  timeline.length > max ? timeline.filter(isStored).length - max : 0;

/** Releases the oldest `count` stored messages. Others are kept. */
export const withoutOldest = (timeline: Timeline, count: number): Timeline =>
  timeline.filter((entry) => !isStored(entry) || count-- <= 0);

/** Keeps the oldest `count` stored messages and releases the newer ones. Others are kept. */
export const withoutNewest = (timeline: Timeline, count: number): Timeline =>
  timeline.filter((entry) => !isStored(entry) || count-- > 0);

/** Changes an unsent message. A stored message never becomes unsent again. */
export function setDelivery(
  timeline: Timeline,
  localId: string,
  delivery: 'sending' | 'failed',
  error: ChatError | null,
): Timeline {
  return timeline.map((entry) =>
    entry.localId === localId && entry.delivery !== 'sent' ? { ...entry, delivery, error } : entry,
  );
}
