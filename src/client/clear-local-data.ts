/** Deletes the unsent messages and drafts of all users from this device. Deferred: see deferred.ts. */
import type { KeyedTimers } from '../internal/keyed-timers.js';
import type { Session } from '../session/index.js';
import type { StateStore } from './state-store.js';

interface LocalData {
  readonly session: Session;
  readonly store: StateStore;
  readonly timers: KeyedTimers;
}

/** @throws {ChatError} `unreachable` if the browser's storage does not respond. Its content is then not deleted. */
export async function clearLocalData(
  chat: { discard(localId: string): void },
  { session, store, timers }: LocalData,
): Promise<void> {
  timers.cancelAll('draft ');
  for (const outbox of [session.outbox, ...session.outboxes.setAside.values()]) outbox.fallback?.files.clear();
  await session.outboxes.purge(() => {
    for (const { timeline } of store.data.threads.values()) {
      for (const { localId, delivery } of timeline) if (localId && delivery !== 'sent') chat.discard(localId);
    }
  });
}
