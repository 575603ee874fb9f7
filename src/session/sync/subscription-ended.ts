import { idKey, type Id } from '../../protocol/index.js';
import type { SessionContext } from '../session-context.js';

type SubscriptionHost = Pick<SessionContext, 'roomSync' | 'signal' | 'socket'>;

/**
 * The number of ended subscriptions per room and socket that are followed up: a server may end each of them at once.
 */
const MAX_ENDED = 5;
const counts = new WeakMap<object, Map<string, number>>();

/**
 * Handles a subscription that the server has ended: the user may no longer be in the room, or may have been readmitted
 * in the meantime. Reading the list and the room reveals which. Loaded on demand: see deferred.ts.
 */
export async function onSubscriptionEnded({ socket, roomSync, signal }: SubscriptionHost, roomId: Id): Promise<void> {
  if (!socket) return;
  const ended = counts.get(socket) ?? new Map<string, number>();
  const count = (ended.get(idKey(roomId)) ?? 0) + 1;
  counts.set(socket, ended.set(idKey(roomId), count));
  if (count > MAX_ENDED) return;
  await roomSync.listByRest(signal);
  await roomSync.read(roomId, signal);
}
