/**
 * The messages of one room, in order: one contiguous part of what the server has stored, and among it what is not stored.
 *
 * A page keeps the order in which the server gives it; pages stand in the order of `compareMessages`; a message that arrives live
 * stands at the end. What is being sent stands after all that is stored; a refused message keeps its place.
 *
 * A message may arrive several times and from several sides: as an echo, an acknowledgement, a REST answer, in a page
 * of history. Whichever comes first puts it in its place; the others find it there. Loaded on demand: see pages.ts.
 */
import { compareMessages, idKey, isOvertaken, type Message } from '../protocol/index.js';
import type { ChatError } from '../transport/index.js';
import { CONTENTS, contentsOf, entryOf, indexOf, isStored, type Timeline } from './timeline-entries.js';
import type { ChatMessage, Thread } from './state.js';

export * from './timeline-entries.js';

/** A timeline, and whether it has an open end: the server has, or may have, messages beyond it. */
export type Part = Pick<Thread, 'timeline' | 'hasOlder' | 'hasNewer' | 'loaded'>;

/**
 * Whether a message belongs before the first one that is loaded, where there is more that is not loaded.
 * @param isLive whether it has come in just now: then it belongs there only if it was overtaken.
 */
export function isUnloaded({ timeline, hasOlder }: Pick<Part, 'timeline' | 'hasOlder'>, message: Message, isLive: boolean): boolean {
  const first = timeline.find(isStored);
  return hasOlder && first !== undefined && (isLive ? isOvertaken(message, first) : compareMessages(message, first) < 0);
}

/** Puts a refused message where its time says: its neighbours are not loaded, or were not. */
export function placeByTime(timeline: Timeline, entry: ChatMessage): Timeline {
  const at = Date.parse(entry.timestamp);
  const after = timeline.findLastIndex((other) => other.delivery !== 'sending' && Date.parse(other.timestamp) <= at);
  return [...timeline.slice(0, after + 1), entry, ...timeline.slice(after + 1)];
}

/**
 * Changes what is stored. What is being sent goes to the end again, and refused messages whose neighbours were not loaded find
 * their place; all others stand where they stood.
 * @param messages stored messages that come in: pending messages that they confirm are taken away.
 */
function around(part: Part, messages: readonly Message[], change: (stored: ChatMessage[], entry: (message: Message, known?: ChatMessage) => ChatMessage) => ChatMessage[]): Timeline {
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
  const contents = contentsOf(timeline);
  const ids = new Set<string>();
  const put: Parameters<typeof around>[2] = (entries, entryFor) => {
    for (const message of messages) {
      const key = idKey(message.id);
      if (contents.ids.has(key) || ids.has(key)) {
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
  const next = contents.unsent > 0 ? around(part, messages, put) : put([...timeline], entryOf);
  CONTENTS.delete(timeline);
  for (const key of ids) contents.ids.add(key);
  CONTENTS.set(next, { ids: contents.ids, unsent: next.length - contents.ids.size });
  return next;
}

/** Updates existing entries, and removes confirmed pending ones; adds nothing. */
export const update = (part: Part, messages: readonly Message[]): Timeline =>
  around(part, messages, (entries, entryFor) => {
    for (const message of messages) {
      const known = indexOf(entries, message.id);
      if (known >= 0) entries[known] = entryFor(message, entries[known]);
    }
    return entries;
  });

/**
 * Merges a page into the timeline, in the page's own order.
 * @param isOlder whether it is the page before all that is there.
 */
export const merge = (part: Part, page: readonly Message[], isOlder = false): Timeline =>
  around(part, page, (entries, entryFor) => {
    const places = new Map(page.map(({ id }, place) => [idKey(id), place]));
    const known = new Map(entries.filter((entry) => isStored(entry) && places.has(idKey(entry.id))).map((entry) => [idKey(entry.id), entry]));
    const next: ChatMessage[] = [];
    let place = 0;
    const take = (): void => {
      const message = page[place++]!;
      next.push(entryFor(message, known.get(idKey(message.id))));
    };
    const isNewTo = (entry: ChatMessage): boolean => {
      const message = page[place];
      return message !== undefined && !known.has(idKey(message.id)) && (isOlder || compareMessages(message, entry) < 0);
    };
    for (const entry of entries) {
      const at = isStored(entry) ? places.get(idKey(entry.id)) : undefined;
      // Both have it: there the two join.
      if (at !== undefined) while (place <= at) take();
      else {
        if (isStored(entry)) while (isNewTo(entry)) take();
        next.push(entry);
      }
    }
    while (place < page.length) take();
    return next;
  });

/**
 * Removes messages that the newest page should have and does not: they were deleted.
 * @param isAll whether what is before the page goes too: nothing is there any more, or a hole is between the two, which would
 *   look as if nothing had been said.
 * @param knownUpTo what is newer than this may have come after the page was read.
 */
export function dropDeleted(timeline: Timeline, page: readonly Message[], isAll: boolean, knownUpTo: Message | undefined): Timeline {
  const ids = new Set(page.map(({ id }) => idKey(id)));
  /** How an entry stands to another message: by its place where that is there, else by time and id. */
  const standsTo = (other: Message | undefined): ((entry: ChatMessage, at: number) => number) => {
    const place = other ? indexOf(timeline, other.id) : -1;
    return (entry, at) => (!other ? 1 : place < 0 ? compareMessages(entry, other) : at - place);
  };
  const [toFirst, toLast, toKnown] = [standsTo(page[0]), standsTo(page.at(-1)), standsTo(knownUpTo)];
  return timeline.filter((entry, at) => {
    if (!isStored(entry) || ids.has(idKey(entry.id))) return true;
    if (toFirst(entry, at) < 0) return !isAll;
    return toLast(entry, at) > 0 && toKnown(entry, at) > 0;
  });
}

/** By how many there are more stored messages than `most`; not above 0: there are not. Counted only where there may be more. */
export const excess = (timeline: Timeline, most: number): number => (timeline.length > most ? timeline.filter(isStored).length - most : 0);

/** Releases so many stored messages from the beginning. Pending ones stay. */
export const withoutOldest = (timeline: Timeline, count: number): Timeline => timeline.filter((entry) => !isStored(entry) || count-- <= 0);

/** Keeps so many stored messages from the beginning, and releases the others. Pending ones stay. */
export const withoutNewest = (timeline: Timeline, kept: number): Timeline => timeline.filter((entry) => !isStored(entry) || kept-- > 0);

/** Changes a pending message; a stored message never becomes pending again. */
export function setDelivery(timeline: Timeline, localId: string, delivery: 'sending' | 'failed', error: ChatError | null): Timeline {
  return timeline.map((entry) => (entry.localId === localId && entry.delivery !== 'sent' ? { ...entry, delivery, error } : entry));
}
