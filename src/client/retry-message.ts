/** Sends a failed message again. Deferred: see deferred.ts. */
import type { Session } from '../session/index.js';
import { roomOfPending, type PendingSends, type SendResult } from './pending-sends.js';
import { noSuchMessage } from './send-errors.js';
import type { StateStore } from './state-store.js';

interface RetryHost {
  readonly pending: PendingSends;
  readonly session: Session;
  readonly store: StateStore;
}

/** @throws {ChatError} `not_found` if there is no such unsent message. */
export function retryMessage({ pending, session, store }: RetryHost, localId: string): Promise<SendResult> {
  if (roomOfPending(store.data, localId) === undefined) throw noSuchMessage();
  const sending = pending.get(localId);
  if (sending) return sending;
  store.dispatch({ type: 'resent', localId });
  const sent = pending.add(localId);
  if (!session.outbox.fallback?.retry(localId)) pending.reject(localId, noSuchMessage());
  return sent;
}
