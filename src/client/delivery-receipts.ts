/** Tells the server what this device has received: capability `delivered`. Deferred: see deferred.ts. */
import type { KeyedTimers } from '../internal/keyed-timers.js';
import { noop } from '../internal/noop.js';
import type { SessionEvent } from '../model/index.js';
import { compareMessages, idKey, sameId, type Id, type Message } from '../protocol/index.js';
import { receiptEvents } from '../session/sync/receipt-events.js';
import { isOwn, threadOf } from '../store/selectors.js';
import { hidesReceipts } from '../store/receipts.js';
import { isStored } from '../store/timeline-entries.js';
import { ChatError, throwIfAborted } from '../transport/index.js';
import type { ConnectionParts } from './connection-parts.js';
import type { StateStore } from './state-store.js';

type DeliveryHost = Pick<ConnectionParts, 'session' | 'store' | 'timers'>;

/** Minimum interval between two confirmations for the same room, in milliseconds. */
const DELIVERY_INTERVAL_MS = 1_000;
/** Interval between two requests for receipts that cannot be read, in milliseconds. */
const RETRY_MS = 15_000;

const nameOf = (roomId: Id): string => `delivered ${idKey(roomId)}`;

/** The newest message of each running interval. */
const newest = new WeakMap<object, Message>();

/**
 * Confirms a message of another user: immediately, then at most once per interval. Disconnecting and leaving the page
 * send a waiting confirmation. One that is lost is replaced by the next, because each covers all messages before it.
 */
export function confirmDelivery(host: DeliveryHost, roomId: Id, message: Message): void {
  const { store, session, timers } = host;
  const { data } = store;
  if (!session.backend.has('delivered') || hidesReceipts(data) || isOwn(data, message)) return;
  // It is marked as read, which includes it.
  if (data.reading.includes(idKey(roomId)) && session.backend.has('receipts')) return;
  const name = nameOf(roomId);
  const running = timers.get(name);
  if (!running) {
    if (session.send({ type: 'mark-delivered', roomId, upTo: message.id })) startInterval(timers, name, message);
    return;
  }
  const known = newest.get(running);
  if (known && (sameId(known.id, message.id) || compareMessages(message, known) <= 0)) return;
  newest.set(running, message);
  running.run = () => confirmDelivery(host, roomId, message);
}

function startInterval(timers: KeyedTimers, name: string, message: Message): void {
  timers.set(name, DELIVERY_INTERVAL_MS, noop);
  newest.set(timers.get(name)!, message);
}

/** Confirms the newest message of a page, unless it is one further up. */
export function onHistory(host: DeliveryHost, event: Extract<SessionEvent, { type: 'history' }>): void {
  const { roomId, side, messages, hasNewer } = event;
  if (side !== 'older' && !hasNewer) onLoaded(host, roomId, messages);
}

/**
 * Confirms the newest of the messages, and requests how far the room has reached others: live frames report only what
 * happens from now on. Later receipts are requested with the changes that were missed: see catch-up.ts.
 * @param isUnknown whether receipts that were known have been dropped.
 */
function onLoaded(host: DeliveryHost, roomId: Id, messages: readonly Message[], isUnknown = false): void {
  const { store } = host;
  if (isUnknown || needsReceipts(host, roomId, messages)) requestReceipts(host, roomId);
  const isOfUser = (message: Message): boolean => isOwn(store.data, message);
  const last = messages.findLast((message) => !isOfUser(message));
  if (last) confirmDelivery(host, roomId, last);
}

/** The open rooms whose receipts were requested: none may be listed, so this is not visible in the state. */
const requested = new WeakSet<object>();

/** Whether a room has own messages whose delivery was not requested yet. */
function needsReceipts({ session, store, timers }: DeliveryHost, roomId: Id, messages: readonly Message[]): boolean {
  const room = session.roomSync.openRooms.get(idKey(roomId));
  return (
    session.backend.has('delivered') &&
    room !== undefined &&
    !requested.has(room) &&
    !timers.has(retryName(roomId)) &&
    !threadOf(store.data, roomId).receipts &&
    messages.some((message) => isOwn(store.data, message))
  );
}

const retryName = (roomId: Id): string => `receipts ${idKey(roomId)}`;

/** Requests the receipts of a room: again after a while, if they cannot be read now and the room is still open. */
function requestReceipts(host: DeliveryHost, roomId: Id): void {
  const { session, timers } = host;
  const { signal } = session;
  const room = session.roomSync.openRooms.get(idKey(roomId));
  if (!room) return;
  requested.add(room);
  readReceipts(host, roomId, signal).catch(() => {
    requested.delete(room);
    if (!signal.aborted) timers.set(retryName(roomId), RETRY_MS, () => requestReceipts(host, roomId));
  });
}

/** @throws {ChatError} */
async function readReceipts({ session, store }: DeliveryHost, roomId: Id, signal: AbortSignal): Promise<void> {
  if (!session.backend.has('receipts') || hidesReceipts(store.data)) return;
  const requests = await session.restOrThrow().deferred();
  const found = await requests.fetchReceipts(roomId, signal);
  throwIfAborted(signal);
  if (!found) throw new ChatError('unreachable', 'The receipts cannot be read now.');
  for (const event of receiptEvents(roomId, found)) store.dispatch({ type: 'room-event', event });
}

/** The stores in which receipts were hidden at last. */
export const hidden = new WeakSet<StateStore>();

/** The capabilities and settings are known, or have changed. */
export function onOffer(host: DeliveryHost): void {
  const { session, store } = host;
  const isHidden = hidesReceipts(store.data);
  const wasHidden = hidden.delete(store);
  if (isHidden) return void hidden.add(store);
  for (const { roomId } of session.roomSync.openRooms.values()) {
    // The last confirmation may be lost with the former socket.
    host.timers.cancel(nameOf(roomId));
    // Messages may have been loaded before the first greeting, or while receipts were hidden.
    onLoaded(host, roomId, threadOf(store.data, roomId).timeline.filter(isStored), wasHidden);
  }
}
