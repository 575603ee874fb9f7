/** Marks messages as unread, and tells who has read a message. Loaded on first use: see room-methods.ts. */
import { compareMessages, idKey, sameId, type Id } from '../protocol/index.js';
import { isOwn, threadOf } from '../store/selectors.js';
import { messageOf } from '../store/permissions.js';
import { isStored } from '../store/timeline-entries.js';
import { ChatError, throwIfAborted, type Receipt } from '../transport/index.js';
import type { ConnectionParts } from './connection-parts.js';
import { notSupported } from './people-requests-of.js';

type Host = Pick<ConnectionParts, 'session' | 'store' | 'timers'>;

export async function markUnread({ session, store, timers }: Host, roomId: Id, messageId: Id): Promise<void> {
  if (!session.backend.has('mark_unread')) throw notSupported();
  const { data } = store;
  const { timeline } = threadOf(data, roomId);
  const at = timeline.findIndex(({ id }) => sameId(id, messageId));
  const count = timeline
    .slice(Math.max(at, 0))
    .filter((message) => isStored(message) && !message.deleted_at && !isOwn(data, message)).length;
  // A receipt that waits would mark them as read again.
  timers.cancel(`read ${idKey(roomId)}`);
  const { signal } = session;
  const requests = await session.restOrThrow().deferred();
  if (!requests.markUnread) throw notSupported();
  await requests.markUnread({ roomId, messageId }, signal);
  throwIfAborted(signal);
  store.dispatch({ type: 'mark-unread', roomId, messageId, count });
}

/** @returns the ids of the members who have read a message, without its author. */
export const readBy = (host: Host, roomId: Id, messageId: Id): Promise<Id[]> =>
  membersWith(host, roomId, messageId, 'receipts', ({ upTo }) => upTo);

/** @returns the ids of the members who have received a message, without its author. */
export const deliveredTo = (host: Host, roomId: Id, messageId: Id): Promise<Id[]> =>
  membersWith(host, roomId, messageId, 'delivered', ({ deliveredUpTo, upTo }) => deliveredUpTo ?? upTo);

/** @param positionOf the last message that a member has read or received. */
async function membersWith(
  { session, store }: Host,
  roomId: Id,
  messageId: Id,
  capability: string,
  positionOf: (receipt: Receipt) => Id | undefined,
): Promise<Id[]> {
  if (!session.backend.has(capability)) throw notSupported();
  const message = messageOf(store.data, roomId, messageId);
  if (!message || !isStored(message)) throw new ChatError('not_found', 'The message is not loaded.');
  const { signal } = session;
  const requests = await session.restOrThrow().deferred();
  const listed = await requests.fetchReceipts(roomId, signal);
  throwIfAborted(signal);
  if (!listed) throw new ChatError('unreachable', 'The receipts cannot be read now.');
  const { timeline, receipts } = threadOf(store.data, roomId);
  const place = timeline.findIndex(({ id }) => sameId(id, messageId));
  const found = listed.flatMap((receipt) => {
    const upTo = positionOf(receipt);
    if (upTo === undefined) return [];
    const last = timeline.findIndex(({ id }) => sameId(id, upTo));
    // Not loaded: the ids decide, as for the delivery state.
    const isIncluded = last < 0 ? compareMessages(message, { ...message, id: upTo }) <= 0 : place <= last;
    return isIncluded ? [receipt.userId] : [];
  });
  const single = receipts?.readers.get(idKey(messageId)) ?? [];
  return [...new Map([...found, ...single].map((id) => [idKey(id), id])).values()].filter(
    (id) => !sameId(id, message.sender?.id),
  );
}
