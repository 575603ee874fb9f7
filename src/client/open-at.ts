/** Jumps to a message, a time, or the first unread message of a room. Loaded on first use: see room-methods.ts. */
import { idKey, sameId, type Id } from '../protocol/index.js';
import { readAround } from '../session/sync/jump.js';
import { isOwn, roomOf, threadOf } from '../store/selectors.js';
import type { ChatMessage, Thread } from '../store/state.js';
import { isStored } from '../store/timeline-entries.js';
import { ChatError } from '../transport/index.js';
import type { JumpResult, JumpTarget } from './chat-room.js';
import type { ConnectionParts } from './connection-parts.js';
import { loadHistoryPage, loadNewestPage } from './history-loader.js';

type Host = Pick<ConnectionParts, 'session' | 'store'>;

/** The jumps in progress, by room. */
const jumpsOf = new WeakMap<Host['store'], Map<string, object>>();

/** The number of older pages that are loaded on a backend without the capability `around`. */
const MAX_PAGES = 20;

export async function openAt(host: Host, roomId: Id, target: JumpTarget): Promise<JumpResult> {
  const { session, store } = host;
  const key = idKey(roomId);
  const jumps = jumpsOf.get(store) ?? new Map<string, object>();
  jumpsOf.set(store, jumps);
  const jump = {};
  jumps.set(key, jump);
  /** The last jump wins, and none continues for another user. */
  const { user } = store.data;
  const isWanted = (): boolean => jumps.get(key) === jump && (user === null || sameId(user.id, store.data.user?.id));
  const continueIfWanted = (): void => {
    if (!isWanted()) throw new ChatError('aborted', 'Another message was opened, or the user has changed.');
  };
  try {
    await untilLoaded(host, roomId);
    continueIfWanted();
    let wanted = target === 'first-unread' ? firstUnread(host, roomId) : target;
    if (wanted === BEFORE_LOADED && threadOf(store.data, roomId).hasNewer) {
      // Counted from the end.
      await loadNewestPage(store, session, roomId);
      continueIfWanted();
      wanted = firstUnread(host, roomId);
    }
    if (wanted === undefined) {
      await loadNewestPage(host.store, session, roomId);
      return { found: false, messageId: undefined };
    }
    const loaded = resultIn(threadOf(host.store.data, roomId), wanted);
    if (loaded) return loaded;
    if (wanted !== BEFORE_LOADED && session.backend.has('around')) {
      const answer = await jumpTo(host, roomId, wanted, isWanted);
      continueIfWanted();
      if (answer) return answer;
    }
    return await pageBack(
      host,
      roomId,
      () => (wanted === BEFORE_LOADED ? firstUnread(host, roomId) : wanted),
      continueIfWanted,
    );
  } finally {
    if (jumps.get(key) === jump) jumps.delete(key);
  }
}

/** A message that is not loaded yet, and whose id is not known. */
const BEFORE_LOADED = Symbol('before the loaded messages');

/** A message, or a time. */
type Wanted = Id | Date | typeof BEFORE_LOADED;

/** @returns undefined if the server does not know the request. */
async function jumpTo(
  { session, store }: Host,
  roomId: Id,
  target: Id | Date,
  isWanted: () => boolean,
): Promise<JumpResult | undefined> {
  const query = target instanceof Date ? { at: target.toISOString() } : { around: target };
  try {
    const part = await readAround(session, roomId, query, isWanted);
    if (!part) return undefined;
    const { targetId } = part;
    const thread = threadOf(store.data, roomId);
    // The server has answered with the last message.
    if (target instanceof Date && isAfterAll(thread, target)) return { found: false, messageId: lastOf(thread)?.id };
    const id = targetId ?? (target instanceof Date ? undefined : target);
    return (
      (id === undefined ? undefined : resultIn(threadOf(store.data, roomId), id)) ?? {
        found: false,
        messageId: undefined,
      }
    );
  } catch (thrown) {
    // The loaded messages stay.
    if (thrown instanceof ChatError && thrown.code === 'not_found') return { found: false, messageId: undefined };
    throw thrown;
  }
}

/** Loads older pages until one contains the target. */
async function pageBack(
  { session, store }: Host,
  roomId: Id,
  wanted: () => Wanted | undefined,
  continueIfWanted: () => void,
): Promise<JumpResult> {
  await loadNewestPage(store, session, roomId);
  for (let pages = 0; ; pages++) {
    continueIfWanted();
    const thread = threadOf(store.data, roomId);
    const target = wanted();
    const result = target === undefined ? undefined : resultIn(thread, target);
    if (result) return result;
    // A time after the last message, or a message that does not exist.
    if (target instanceof Date && isAfterAll(thread, target)) return { found: false, messageId: lastOf(thread)?.id };
    if (!thread.hasOlder) return { found: false, messageId: firstOf(thread)?.id };
    if (pages === MAX_PAGES) throw new ChatError('too_far_back', 'The message is too far back.');
    // Another page may be loading, for a view.
    if (thread.loading) await untilLoaded({ store, session }, roomId, ({ loading }) => loading === null);
    else await loadHistoryPage(store, session, roomId, 'older');
  }
}

/** A message that can be shown at the target: a tombstone cannot. */
const isShown = (message: ChatMessage): boolean => isStored(message) && !message.deleted_at;

const firstOf = ({ timeline }: Thread): ChatMessage | undefined => timeline.find(isShown);
const lastOf = ({ timeline }: Thread): ChatMessage | undefined => timeline.findLast(isShown);

/** Some servers round the times of messages to seconds. */
const ROUNDED_MS = 1_000;

/** Whether a time is after the newest message of a room. */
const isAfterAll = ({ timeline, hasNewer }: Thread, time: Date): boolean =>
  !hasNewer && Date.parse(timeline.findLast(isStored)?.timestamp ?? '') < time.getTime() - ROUNDED_MS;

/** The result if the target is loaded. Of a deleted message, the next one, else the previous one. */
function resultIn(thread: Thread, target: Wanted): JumpResult | undefined {
  if (target === BEFORE_LOADED) return undefined;
  const stored = thread.timeline.filter(isStored);
  const at = stored.findIndex(({ id, timestamp }) =>
    target instanceof Date ? Date.parse(timestamp) >= target.getTime() : sameId(id, target),
  );
  // The first message at a time: an earlier one may not be loaded.
  if (at < 0 || (target instanceof Date && at === 0 && thread.hasOlder)) return undefined;
  if (!stored[at]!.deleted_at) return { found: true, messageId: stored[at]!.id };
  const neighbour = stored.slice(at).find(isShown) ?? stored.slice(0, at).findLast(isShown);
  return { found: false, messageId: neighbour?.id };
}

/**
 * The first unread message: as the server names it, otherwise counted from the end. Undefined: there is none, or it is
 * not known.
 */
function firstUnread({ store }: Host, roomId: Id): Wanted | undefined {
  const { data } = store;
  const { first_unread_id: id, unread_count: count = 0 } = roomOf(data, roomId) ?? {};
  if (id != null) return id;
  if (count === 0) return undefined;
  const { timeline, hasOlder, hasNewer } = threadOf(data, roomId);
  if (hasNewer) return BEFORE_LOADED;
  const others = timeline.filter((message) => isStored(message) && !message.deleted_at && !isOwn(data, message));
  return others.at(-count)?.id ?? (hasOlder ? BEFORE_LOADED : others[0]?.id);
}

/**
 * Waits for an open room, by default until its first page is loaded, which would replace the messages of the jump; or
 * until that has failed.
 */
function untilLoaded(
  { store, session }: Host,
  roomId: Id,
  isDone: (thread: Thread) => boolean = ({ loaded }) => loaded,
): Promise<void> {
  const { signal } = session;
  return new Promise((resolve) => {
    const look = (): void => {
      const thread = threadOf(store.data, roomId);
      if (thread.open && !isDone(thread) && !thread.error && !signal.aborted) return;
      stop();
      resolve();
    };
    const stop = store.subscribe(look);
    look();
  });
}
