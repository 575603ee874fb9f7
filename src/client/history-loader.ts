/** Loads pages of history before and after the loaded messages. Deferred: see deferred.ts. */
import { sameId, type Id } from '../protocol/index.js';
import type { Session } from '../session/index.js';
import { threadOf } from '../store/selectors.js';
import type { ChatMessage } from '../store/state.js';
import { edgeOf } from '../store/timeline-entries.js';
import type { StateStore } from './state-store.js';

/**
 * Without effect if there is no page on that side, or one is being loaded.
 * @throws {ChatError} if the page cannot be loaded.
 */
export async function loadHistoryPage(
  store: StateStore,
  session: Session,
  roomId: Id,
  side: 'older' | 'newer',
): Promise<void> {
  const { hasOlder, hasNewer, loading } = threadOf(store.data, roomId);
  if (loading || !(side === 'older' ? hasOlder : hasNewer)) return;
  const edge = (): ChatMessage | undefined => edgeOf(threadOf(store.data, roomId).timeline, side);
  const from = edge();
  if (from) {
    session.restOrThrow();
    await session.roomSync.readPage(roomId, side, from.id);
  }
  // No progress: the backend repeats the same page, so the messages in between are not available.
  if (side === 'newer' && sameId(edge()?.id, from?.id)) await loadNewestPage(store, session, roomId);
}

/** Returns to the newest page, if newer messages were released. An error is stored in the thread. */
export async function loadNewestPage(store: StateStore, session: Session, roomId: Id): Promise<void> {
  if (threadOf(store.data, roomId).hasNewer) await session.roomSync.read(roomId, session.signal, true);
}
