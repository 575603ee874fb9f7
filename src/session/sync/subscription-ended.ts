import { idKey, type Id } from '../../protocol/index.js';
import type { SessionContext } from '../session-context.js';

type SubscriptionHost = Pick<SessionContext, 'roomSync' | 'signal' | 'socket'>;

/** Ended subscriptions of one room that are looked into, with one socket: a server may end each of them at once. */
const MAX_ENDED = 5;
const counts = new WeakMap<object, Map<string, number>>();

/**
 * The server has ended a subscription by itself: the user may not be in the room any more, or was let in again meanwhile. Reading the list and the
 * room tells. Loaded on demand: see deferred.ts.
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
