/** Deletes the unsent messages and drafts of all users from this device. Deferred: see deferred.ts. */
import type { ConnectionCore } from './connection-core.js';

/** @throws {ChatError} `unreachable` if the browser's storage does not respond. Its content is then not deleted. */
export async function clearLocalData(
  chat: { discard(localId: string): void },
  { session, store, timers }: ConnectionCore,
): Promise<void> {
  timers.cancelAll('draft ');
  await session.outboxes.purge(() => {
    for (const { timeline } of store.data.threads.values()) {
      for (const { localId, delivery } of timeline) if (localId && delivery !== 'sent') chat.discard(localId);
    }
  });
}
