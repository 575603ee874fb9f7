/** Pages of history before and after what is loaded. Loaded on demand: see deferred.ts. */
import { sameId, type Id } from '../protocol/index.js';
import type { Session } from '../session/index.js';
import { threadOf } from '../store/selectors.js';
import type { ChatMessage } from '../store/state.js';
import { edgeOf } from '../store/timeline-entries.js';
import type { StateStore } from './state-store.js';

/** Does nothing where there is no more on that side, or a page is on its way. @throws {ChatError} */
export async function loadHistoryPage(store: StateStore, session: Session, roomId: Id, side: 'older' | 'newer'): Promise<void> {
  const { hasOlder, hasNewer, loading } = threadOf(store.data, roomId);
  if (loading || !(side === 'older' ? hasOlder : hasNewer)) return;
  const edge = (): ChatMessage | undefined => edgeOf(threadOf(store.data, roomId).timeline, side);
  const from = edge();
  if (from) {
    session.restOrThrow();
    await session.roomSync.readPage(roomId, side, from.id);
  }
  // A backend that answers with the same page again: what is between cannot be had.
  if (side === 'newer' && sameId(edge()?.id, from?.id)) await loadNewestPage(store, session, roomId);
}

/** Returns to the newest page, where the newest messages were released. Else does nothing. A failure is shown in the thread. */
export async function loadNewestPage(store: StateStore, session: Session, roomId: Id): Promise<void> {
  if (threadOf(store.data, roomId).hasNewer) await session.roomSync.read(roomId, session.signal, true);
}
