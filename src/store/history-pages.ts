/**
 * Pages of history, and the limit on loaded messages: parts of the reducer that the first messages do not need.
 * Deferred: loaded together with the session's deferred.ts, which requests these pages.
 */
import { idKey, sameId, type Id, type Message } from '../protocol/index.js';
import { assertNever } from '../internal/assert-never.js';
import type { SessionEvent } from '../model/index.js';
import { withDelivery, withoutHidden } from './receipts.js';
import { threadOf } from './selectors.js';
import { EMPTY_THREAD, type ChatData, type Thread } from './state.js';
import { inThread, MAX_SEEN, withSeen } from './threads.js';
import {
  append,
  dropDeleted,
  edgeOf,
  excess,
  hasMessage,
  isStored,
  isUnloaded,
  merge,
  update,
  withoutNewest,
  withoutOldest,
  type Part,
} from './timeline.js';

export { onLate, setTyping } from './deferred-actions.js';
export { onChange, withPendingChanges } from './pending-changes.js';
export { onRoom } from './new-rooms.js';
export { moved, onMarkedUnread, previewed } from './room-list.js';
export { withDeliveries } from './receipts.js';
export { onUpload } from './uploads.js';

/** Maximum number of stored messages that stay loaded in an open room. */
const MAX_LOADED = 2_000;
/** Number of additional messages released at a time, so that not every new message releases one. */
const RELEASE_SLACK = 200;
/** Maximum number of stored messages that stay loaded in a closed room. */
const MAX_CLOSED = 50;

/** Releases the oldest messages if there are too many. */
function trimOldest(thread: Thread): Thread {
  const over = excess(thread.timeline, thread.open ? MAX_LOADED : MAX_CLOSED);
  if (over <= 0) return thread;
  const slack = thread.open ? RELEASE_SLACK : 0;
  return { ...thread, timeline: withoutOldest(thread.timeline, over + slack), hasOlder: true, skipped: false };
}

/** The room was closed: keeps enough messages to show it again without delay. */
export function closed(thread: Thread): Thread {
  // If the newest messages are not loaded, keep none: they are loaded when the room is opened again.
  const rest = thread.hasNewer ? { ...EMPTY_THREAD, timeline: withoutNewest(thread.timeline, 0) } : thread;
  return trimOldest({ ...rest, open: false });
}

const updated = (thread: Thread, messages: readonly Message[]): Thread => ({
  ...thread,
  timeline: update(thread, messages),
});

/**
 * Appends messages. If the newest messages are not loaded, it only updates known ones: the others come with their page.
 */
function appendMessages(state: ChatData, roomId: Id, messages: readonly Message[]): ChatData {
  const thread = threadOf(state, roomId);
  if (thread.hasNewer)
    return withSeen(
      inThread(state, roomId, () => updated(thread, messages)),
      roomId,
      messages,
    );
  return trimmed(state, roomId, { ...thread, timeline: append(thread, messages) });
}

/** Releases messages beyond the limit: the oldest ones, or the newest ones while a reader is scrolled up. */
const trimmed = (state: ChatData, roomId: Id, thread: Thread): ChatData =>
  state.away.includes(idKey(roomId))
    ? trimNewest(state, roomId, thread)
    : inThread(state, roomId, () => trimOldest(thread));

/** Releases the newest messages if there are too many. */
function trimNewest(state: ChatData, roomId: Id, thread: Thread): ChatData {
  if (excess(thread.timeline, MAX_LOADED) <= 0) return inThread(state, roomId, () => thread);
  const timeline = withoutNewest(thread.timeline, MAX_LOADED);
  const next = inThread(state, roomId, () => ({ ...thread, timeline, hasNewer: true }));
  // A released message may arrive again, and must not count as new. That can only happen to the newest ones, which are
  // released first.
  if (thread.hasNewer) return next;
  return withSeen(next, roomId, thread.timeline.filter(isStored).slice(-MAX_SEEN / 5));
}

/**
 * Adds or updates a message. A message that belongs before the first loaded one is not added, because that would hide
 * the gap between them: it comes with its page.
 * @param isLive whether the message was just received.
 */
export function upsertMessage(state: ChatData, roomId: Id, message: Message, isLive: boolean): ChatData {
  const thread = threadOf(state, roomId);
  if (!isUnloaded(thread, message, isLive)) return appendMessages(state, roomId, [message]);
  return inThread(state, roomId, () => updated(thread, [message]));
}

export const onHistory = (state: ChatData, event: Extract<SessionEvent, { type: 'history' }>): ChatData =>
  withoutHidden(withDelivery(withPage(state, event), event.roomId));

function withPage(state: ChatData, event: Extract<SessionEvent, { type: 'history' }>): ChatData {
  const { roomId, side, messages, hasMore, knownUpTo, leftOut = 0 } = event;
  const old = threadOf(state, roomId);
  const thread: Thread = { ...old, loading: null, error: null, failed: null, denied: false };
  // The edge of the timeline has changed since the request, so there may be a gap. The page is requested again from the
  // new edge.
  if ((side === 'older' || side === 'newer') && !sameId(edgeOf(old.timeline, side)?.id, event.from))
    return inThread(state, roomId, () => thread);
  switch (side) {
    case 'missed':
      return appendMessages(
        inThread(state, roomId, () => thread),
        roomId,
        messages,
      );
    case 'older': {
      const timeline = merge(old, messages, true);
      // A page without new messages would be requested again and again.
      const hasOlder = hasMore && messages.some((message) => !hasMessage(old.timeline, message));
      const next = { ...thread, timeline, hasOlder, skipped: false, leftOut: old.leftOut + leftOut };
      return trimNewest(state, roomId, next);
    }
    case 'newer': {
      const timeline = append({ ...old, hasNewer: true }, messages);
      const next = { ...thread, timeline, hasNewer: hasMore, leftOut: old.leftOut + leftOut };
      return inThread(state, roomId, () => trimOldest(next));
    }
    case 'overlap': {
      const isJoined = !old.hasNewer || messages.some((message) => hasMessage(old.timeline, message));
      if (!isJoined)
        return withSeen(
          inThread(state, roomId, () => thread),
          roomId,
          messages,
        );
      const current = dropDeleted(old.timeline, messages, !hasMore, knownUpTo);
      const timeline = merge({ ...old, timeline: current }, messages);
      const reachesBack = timeline[0] !== undefined && !sameId(timeline[0].id, messages[0]?.id);
      const hasOlder = hasMore && (!reachesBack || old.hasOlder);
      const next = { ...thread, timeline, hasNewer: false, hasOlder, leftOut: Math.max(old.leftOut, leftOut) };
      return trimmed(state, roomId, next);
    }
    case 'around': {
      const part: Part = { ...old, timeline: withoutNewest(old.timeline, 0), loaded: false };
      const timeline = merge(part, messages);
      const next = { ...thread, timeline, hasOlder: hasMore, hasNewer: event.hasNewer === true };
      const shown = inThread(state, roomId, () => ({ ...next, skipped: false, loaded: true, leftOut }));
      // The released messages are known, if they arrive again.
      return old.hasNewer ? shown : withSeen(shown, roomId, old.timeline.filter(isStored).slice(-MAX_SEEN / 5));
    }
    case 'newest': {
      const hasGap = event.skipped || old.hasNewer;
      const current = hasGap ? withoutNewest(old.timeline, 0) : dropDeleted(old.timeline, messages, true, knownUpTo);
      const timeline = merge({ ...old, timeline: current, loaded: false }, messages);
      const skipped = event.skipped === true;
      const next = { ...thread, timeline, hasNewer: false, hasOlder: hasMore, skipped, loaded: true, leftOut };
      return inThread(state, roomId, () => trimOldest(next));
    }
    default:
      return assertNever(side);
  }
}
