/**
 * Pages of history, and rooms that are longer than what is kept of them: what a page does not need for its first messages. Loaded
 * together with the session's deferred.ts, which asks for such pages.
 */
import { idKey, sameId, type Id, type Message, type Room } from '../protocol/index.js';
import { assertNever, type SessionEvent } from '../session/index.js';
import { threadOf } from './selectors.js';
import { EMPTY_THREAD, type ChatData, type Thread } from './state.js';
import { activity, inThread, isOlder, MAX_SEEN, withSeen } from './threads.js';
import { append, edgeOf, excess, hasMessage, isStored, isUnloaded, merge, update, dropDeleted, withoutNewest, withoutOldest } from './timeline.js';

export { onLate, setTyping } from './deferred-actions.js';

/** The most stored messages of an open room; and how many are released at once beyond that. */
const MAX_LOADED = 2_000;
const RELEASED = 200;
/** The same for a room that no element shows. */
const MAX_CLOSED = 50;

/** Releases the oldest messages, where there are too many. */
function bounded(thread: Thread): Thread {
  const over = excess(thread.timeline, thread.open ? MAX_LOADED : MAX_CLOSED);
  if (over <= 0) return thread;
  const slack = thread.open ? RELEASED : 0;
  return { ...thread, timeline: withoutOldest(thread.timeline, over + slack), hasOlder: true, skipped: false };
}

/** No element shows the room any more: it keeps as much as is needed to show it again at once. */
export function closed(thread: Thread): Thread {
  // The newest messages are not loaded: they are read when the room is opened again.
  const rest = thread.hasNewer ? { ...EMPTY_THREAD, timeline: withoutNewest(thread.timeline, 0) } : thread;
  return bounded({ ...rest, open: false });
}

/** Messages at the end of a thread. Beyond a hole none is shown: they come with their page. */
function atEnd(state: ChatData, roomId: Id, messages: readonly Message[]): ChatData {
  const thread = threadOf(state, roomId);
  if (thread.hasNewer) return withSeen(inThread(state, roomId, () => ({ ...thread, timeline: update(thread, messages) })), roomId, messages);
  return fitted(state, roomId, { ...thread, timeline: append(thread, messages) });
}

/** Releases messages beyond the limit: from the beginning, unless a reader looks at them further up. */
const fitted = (state: ChatData, roomId: Id, thread: Thread): ChatData =>
  state.away.includes(idKey(roomId)) ? withoutEnd(state, roomId, thread) : inThread(state, roomId, () => bounded(thread));

/** Releases the newest messages of a thread, where there are too many. */
function withoutEnd(state: ChatData, roomId: Id, thread: Thread): ChatData {
  if (excess(thread.timeline, MAX_LOADED) <= 0) return inThread(state, roomId, () => thread);
  const timeline = withoutNewest(thread.timeline, MAX_LOADED);
  const next = inThread(state, roomId, () => ({ ...thread, timeline, hasNewer: true }));
  // What comes by again is not news. Only the newest of all can: what is released after that stands before them.
  if (thread.hasNewer) return next;
  return withSeen(next, roomId, thread.timeline.filter(isStored).slice(-MAX_SEEN / 5));
}

/**
 * Into a thread. What belongs before the first
 * message that is loaded will come with its page: alone up there it would hide that something is between.
 * @param isLive whether it came in just now.
 */
export function upsertMessage(state: ChatData, roomId: Id, message: Message, isLive: boolean): ChatData {
  const thread = threadOf(state, roomId);
  if (!isUnloaded(thread, message, isLive)) return atEnd(state, roomId, [message]);
  return inThread(state, roomId, () => ({ ...thread, timeline: update(thread, [message]) }));
}

export function onHistory(state: ChatData, event: Extract<SessionEvent, { type: 'history' }>): ChatData {
  const { roomId, side, messages, hasMore, knownUpTo, leftOut = 0 } = event;
  const old = threadOf(state, roomId);
  const thread: Thread = { ...old, loading: null, error: null, failed: null, denied: false };
  // Requested before the timeline got another edge: between the two there may be a hole. It is requested again from there.
  if ((side === 'older' || side === 'newer') && !sameId(edgeOf(old.timeline, side)?.id, event.from)) return inThread(state, roomId, () => thread);
  switch (side) {
    case 'missed':
      return atEnd(inThread(state, roomId, () => thread), roomId, messages);
    case 'older': {
      const timeline = merge(old, messages, true);
      // A page with nothing new would come again and again.
      const hasOlder = hasMore && messages.some((message) => !hasMessage(old.timeline, message));
      return withoutEnd(state, roomId, { ...thread, timeline, hasOlder, skipped: false, leftOut: old.leftOut + leftOut });
    }
    case 'newer':
      return inThread(state, roomId, () => bounded({ ...thread, timeline: append({ ...old, hasNewer: true }, messages), hasNewer: hasMore, leftOut: old.leftOut + leftOut }));
    case 'overlap': {
      const isJoined = !old.hasNewer || messages.some((message) => hasMessage(old.timeline, message));
      if (!isJoined) return withSeen(inThread(state, roomId, () => thread), roomId, messages);
      const timeline = merge({ ...old, timeline: dropDeleted(old.timeline, messages, !hasMore, knownUpTo) }, messages);
      const reachesBack = timeline[0] !== undefined && !sameId(timeline[0].id, messages[0]?.id);
      const hasOlder = hasMore && (!reachesBack || old.hasOlder);
      return fitted(state, roomId, { ...thread, timeline, hasNewer: false, hasOlder, leftOut: Math.max(old.leftOut, leftOut) });
    }
    case 'newest': {
      const isAnew = event.skipped || old.hasNewer;
      const known = isAnew ? withoutNewest(old.timeline, 0) : dropDeleted(old.timeline, messages, true, knownUpTo);
      const timeline = merge({ ...old, timeline: known, loaded: false }, messages);
      return inThread(state, roomId, () => bounded({ ...thread, timeline, hasNewer: false, hasOlder: hasMore, skipped: event.skipped === true, loaded: true, leftOut }));
    }
    default:
      return assertNever(side);
  }
}

/** The rooms in their order, after the activity of one has changed. */
export function moved(rooms: readonly Room[], roomId: Id): readonly Room[] {
  const room = rooms.find(({ id }) => sameId(id, roomId))!;
  const others = rooms.filter((other) => other !== room);
  const to = others.findIndex((other) => activity(other) <= activity(room));
  others.splice(to < 0 ? others.length : to, 0, room);
  return others;
}

/**
 * Listed rooms with the last message that is known here, if the list does not have it: some backends do not list messages that were sent by REST. With
 * `user_channel` the list is right, and a message that it does not have was deleted.
 */
export const previewed = (state: ChatData, rooms: readonly Room[]): readonly Room[] =>
  state.capabilities.includes('user_channel')
    ? rooms
    : rooms.map((room) => {
        const last = edgeOf(threadOf(state, room.id).timeline);
        return last && !isOlder(last, room) ? { ...room, last_message: last } : room;
      });
