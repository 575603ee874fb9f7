/**
 * Receipts: who has read and received the messages of a room. Capabilities `receipts`, `delivered` and `hide_receipts`.
 * Deferred: loaded with history-pages.ts.
 */
import { compareIds, idKey, sameId, type Id } from '../protocol/index.js';
import type { RoomEvent } from '../model/index.js';
import { isOwn, roomOf, threadOf } from './selectors.js';
import type { ChatData, ChatMessage, Receipts } from './state.js';
import { inExistingTimeline, inThread } from './threads.js';
import { isStored, type Timeline } from './timeline-entries.js';

type EventOf<Type extends RoomEvent['type']> = Extract<RoomEvent, { type: Type }>;

/** The maximum number of readers that are kept per message. */
const MAX_READERS = 1_000;
/** The maximum number of messages with readers of their own, per room: as many as can be loaded. */
const MAX_MESSAGES = 2_000;

const NONE: Receipts = { delivered: new Map(), readers: new Map() };

/** Whether a user is certainly not in a room. Uncertain unless all participants are known. */
export function isStranger(state: ChatData, roomId: Id, userId: Id): boolean {
  const { participants, participant_count } = roomOf(state, roomId) ?? { participants: [], participant_count: 0 };
  return (
    participants.length > 0 &&
    participants.length >= participant_count &&
    !participants.some(({ id }) => sameId(id, userId))
  );
}

/** Whether an entry of a timeline is at or before a message, which need not be loaded: then the ids decide. */
function reaches(timeline: Timeline, upTo: Id): (entry: ChatMessage, at: number) => boolean {
  const last = timeline.findIndex(({ id }) => sameId(id, upTo));
  return (entry, at) => (last < 0 ? compareIds(entry.id, upTo) <= 0 : at <= last);
}

/** A user has read other users' messages: the named ones, otherwise all of them, up to `upTo` if that is given. */
export function onRead(state: ChatData, event: EventOf<'message-read'>): ChatData {
  const { roomId, userId, messageIds, upTo } = event;
  if (isStranger(state, roomId, userId) || isHiddenFrom(state, userId)) return state;
  const named = new Set(messageIds.map(idKey));
  const next = inExistingTimeline(state, roomId, (timeline) => {
    const isUpTo = upTo === undefined ? () => true : reaches(timeline, upTo);
    const isMeant = (entry: ChatMessage, at: number): boolean =>
      named.size > 0 ? named.has(idKey(entry.id)) : isUpTo(entry, at);
    return timeline.map((entry, at) =>
      entry.is_read || !isStored(entry) || sameId(entry.sender?.id, userId) || !isMeant(entry, at)
        ? entry
        : { ...entry, is_read: true },
    );
  });
  if (named.size > 0) return withReaders(next, event);
  return upTo === undefined ? next : withPosition(next, roomId, userId, upTo);
}

/** Everything up to a message has reached a device of a user. */
export const onDelivered = (state: ChatData, { roomId, userId, upTo }: EventOf<'message-delivered'>): ChatData =>
  upTo === undefined || isStranger(state, roomId, userId) || isHiddenFrom(state, userId)
    ? state
    : withPosition(state, roomId, userId, upTo);

/** Whether the user shows no receipts, and sees none. */
export const hidesReceipts = ({ capabilities, hideReceipts }: ChatData): boolean =>
  hideReceipts === true && capabilities.includes('hide_receipts');

/** Drops the receipts of others if the user has begun to hide receipts. */
export const withHiding = (before: ChatData, state: ChatData): ChatData =>
  hidesReceipts(state) && !hidesReceipts(before) ? withoutReceipts(state) : state;

/** Drops what a page says about others: it was requested before the user has begun to hide receipts. */
export const withoutHidden = (state: ChatData): ChatData => (hidesReceipts(state) ? withoutReceipts(state) : state);

const withoutReceipts = (state: ChatData): ChatData => ({
  ...state,
  threads: new Map(
    [...state.threads].map(([room, { receipts: _dropped, ...thread }]) => [
      room,
      {
        ...thread,
        timeline: thread.timeline.map(({ delivered, ...entry }) =>
          isOwn(state, entry) ? { ...entry, is_read: false } : entry,
        ),
      },
    ]),
  ),
});

/**
 * Whether a receipt must not be shown, because this user hides receipts. It may still arrive: it was sent before, or
 * requested. The user's own reading is no receipt of another user.
 */
const isHiddenFrom = (state: ChatData, userId: Id): boolean => hidesReceipts(state) && !sameId(userId, state.user?.id);

const receiptsOf = (state: ChatData, roomId: Id): Receipts => threadOf(state, roomId).receipts ?? NONE;

function inReceipts(state: ChatData, roomId: Id, change: (receipts: Receipts) => Receipts): ChatData {
  if (!state.threads.has(idKey(roomId))) return state;
  return inThread(state, roomId, (thread) => ({ ...thread, receipts: change(receiptsOf(state, roomId)) }));
}

/** Keeps who has read messages one by one: the server does not list it. */
function withReaders(state: ChatData, { roomId, userId, messageIds }: EventOf<'message-read'>): ChatData {
  if (sameId(userId, state.user?.id)) return state;
  return inReceipts(state, roomId, (receipts) => {
    const readers = new Map(receipts.readers);
    for (const id of messageIds) {
      const known = readers.get(idKey(id)) ?? [];
      if (known.length < MAX_READERS && !known.some((other) => sameId(other, userId)))
        readers.set(idKey(id), [...known, userId]);
    }
    return { ...receipts, readers: new Map([...readers].slice(-MAX_MESSAGES)) };
  });
}

/** Whether a message comes after another one. Unless both are loaded, the ids decide, and none means yes. */
function isFurther(timeline: Timeline, messageId: Id, than: Id): boolean {
  const [at, other] = [messageId, than].map((id) => timeline.findIndex((entry) => sameId(entry.id, id))) as [
    number,
    number,
  ];
  return at >= 0 && other >= 0 ? at > other : compareIds(messageId, than) >= 0;
}

/**
 * Keeps how far a room has reached another member, which never moves back. Not in a room that does not name all its
 * members: whether a message has reached all of them is unknown there.
 */
function withPosition(state: ChatData, roomId: Id, userId: Id, upTo: Id): ChatData {
  // The list may arrive later: see `withDeliveries`.
  const isMember = !roomOf(state, roomId) || othersIn(state, roomId)?.some((id) => sameId(id, userId));
  if (!isMember || !state.capabilities.includes('delivered')) return state;
  const next = inReceipts(state, roomId, (receipts) => {
    const known = receipts.delivered.get(idKey(userId));
    if (known !== undefined && !isFurther(threadOf(state, roomId).timeline, upTo, known)) return receipts;
    return { ...receipts, delivered: new Map(receipts.delivered).set(idKey(userId), upTo) };
  });
  return withDelivery(next, roomId);
}

/** The other members of a room; undefined unless all are known. */
function othersIn(state: ChatData, roomId: Id): Id[] | undefined {
  const { participants = [], participant_count = 0 } = roomOf(state, roomId) ?? {};
  if (!state.user || participants.length < participant_count) return undefined;
  return participants.map(({ id }) => id).filter((id) => !sameId(id, state.user?.id));
}

/** Receipts may arrive before the list that names the members. @param known the rooms that were listed before. */
export const withDeliveries = (state: ChatData, known: ReadonlyMap<string, unknown>): ChatData =>
  [...state.threads.keys()].filter((key) => !known.has(key)).reduce<ChatData>(withDelivery, state);

/** Sets `delivered` of the own messages of a room: whether all other members have them. It is never taken back. */
export function withDelivery(state: ChatData, roomId: Id): ChatData {
  const { delivered } = receiptsOf(state, roomId);
  const others = othersIn(state, roomId) ?? [];
  const positions = others.flatMap((id) => delivered.get(idKey(id)) ?? []);
  if (others.length === 0 || positions.length < others.length) return state;
  return inExistingTimeline(state, roomId, (timeline) => {
    const reached = positions.map((upTo) => reaches(timeline, upTo));
    return timeline.map((entry, at) =>
      entry.delivered || !isStored(entry) || !isOwn(state, entry) || !reached.every((includes) => includes(entry, at))
        ? entry
        : { ...entry, delivered: true },
    );
  });
}
