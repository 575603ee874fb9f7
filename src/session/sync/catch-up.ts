/**
 * Finds the changes of a room since it was read. The method depends on the backend's capabilities:
 * - `sync`: by sequence numbers. Each change has the room's next `seq`, so a gap is noticed at once, and filled from
 *   there.
 * - otherwise: by reading the newest page again, and merging it with the known messages. Messages that it no longer
 *   contains were deleted.
 *
 * Loaded on demand: nothing has changed yet when a room is read for the first time.
 */
import { compareMessages, idKey, sameId, type Id, type Message } from '../../protocol/index.js';
import { isNoAccess, readRoomChanges, throwIfAborted, toChatError, type RoomChanges } from '../../transport/index.js';
import type { Report } from '../../model/index.js';
import { FIRST_PAGE, type RoomCursor, type HistorySource } from './history-source.js';
import { receiptEvents } from './receipt-events.js';

const CATCH_UP_PAGE = 100;
/**
 * The number of pages that are read to close a gap. A larger gap is left open, and reported. So are changes that never
 * end.
 */
const MAX_PAGES = 10;

/** @throws {ChatError} if REST fails. */
export async function catchUp(
  history: RoomCursor,
  source: HistorySource,
  signal: AbortSignal,
  report: Report,
): Promise<void> {
  if (history.seq !== undefined) await count(history, source, history.seq, signal, report);
  else await overlap(history, source, signal, report);
  // Nothing depends on it.
  readReceipts(history, source, signal).catch(() => {});
}

/** The socket on which a room's receipts were last known to be complete. */
const known = new WeakMap<RoomCursor, object>();

/** Read receipts are sent once and have no sequence number: after a reconnect they must be requested. */
async function readReceipts(
  history: RoomCursor,
  { rest, receipts: socket, apply }: HistorySource,
  signal: AbortSignal,
): Promise<void> {
  const { roomId } = history;
  if (!socket || known.get(history) === socket) return;
  const found = await (await rest.deferred()).fetchReceipts(roomId, signal);
  throwIfAborted(signal);
  if (!found) return;
  known.set(history, socket);
  receiptEvents(roomId, found).forEach(apply);
}

async function count(
  history: RoomCursor,
  source: HistorySource,
  known: number,
  signal: AbortSignal,
  report: Report,
): Promise<void> {
  const { roomId } = history;
  let from = known;
  for (let page = 0; page < MAX_PAGES; page++) {
    const room = await changesSince(roomId, from, source, signal);
    throwIfAborted(signal);
    // Expired, or behind the known number: the server has lost data, and its new numbers are unrelated to the known
    // ones.
    if (!room || room.isExpired || room.seq < from) return beginAgain(history, source, signal, room !== undefined);
    // Numbers without a change, before a change that was received live: the backend numbers all rooms together.
    if (
      room.changes.length > 0 &&
      room.changes.length < room.seq - from &&
      room.changes.every((change) => history.isHeld(change))
    )
      history.falseHoles++;
    let { cursor } = history;
    for (const change of room.changes) {
      for (const record of history.records) record.push(change);
      if (change.type !== 'new-message') {
        source.apply(change);
        continue;
      }
      cursor = change.message;
      report({ type: 'history', roomId, side: 'missed', messages: source.prepare([change.message]), hasMore: false });
    }
    report({ type: 'history', roomId, side: 'missed', messages: [], hasMore: false });
    history.know(cursor, room.seq);
    if (!room.hasMore || room.seq === from) return;
    from = room.seq;
  }
  await beginAgain(history, source, signal, true);
}

async function overlap(history: RoomCursor, source: HistorySource, signal: AbortSignal, report: Report): Promise<void> {
  const { roomId, cursor: known, seen: knownUpTo } = history;
  const { rest, prepare } = source;
  const { messages, hasMore, seq, leftOut } = await rest.history(roomId, { limit: FIRST_PAGE }, signal);
  throwIfAborted(signal);
  // If nothing was known, the messages that are shown already (the user's own) need not adjoin the page. If the backend
  // has just begun to number changes, messages older than this page were never numbered.
  const side = known === undefined || seq !== undefined ? 'newest' : 'overlap';
  if (known === undefined || !hasMore || joins(messages, known)) {
    history.know(messages.at(-1), seq);
    record(history, messages);
    return report({ type: 'history', roomId, side, messages: prepare(messages), hasMore, knownUpTo, leftOut });
  }
  let after = known;
  /** The ids that were read forwards: a page without any other id would be returned again and again. */
  const read = new Set<string>();
  for (let page = 0; page < MAX_PAGES; page++) {
    const next = await rest.history(roomId, { after: after.id, limit: CATCH_UP_PAGE }, signal).catch(unlessGone);
    throwIfAborted(signal);
    if (!next) break;
    const last = next.messages.at(-1) ?? after;
    // A backend that does not support `after` returns the same page again.
    if (next.hasMore && next.messages.every(({ id }) => read.has(idKey(id)))) break;
    for (const { id } of next.messages) read.add(idKey(id));
    history.know(last, undefined);
    record(history, next.messages);
    report({ type: 'history', roomId, side: 'missed', messages: prepare(next.messages), hasMore: false });
    if (!next.hasMore) return;
    after = last;
  }
  await beginAgain(history, source, signal, true);
}

/** Records messages for a pending page: they may be newer than it. */
function record({ roomId, records }: RoomCursor, messages: readonly Message[]): void {
  for (const message of messages)
    for (const record of records) record.push({ type: 'new-message', roomId, message, seq: undefined });
}

/** Replaces all known messages with the newest page: the changes in between stay unknown. */
async function beginAgain(
  history: RoomCursor,
  source: HistorySource,
  signal: AbortSignal,
  skipped: boolean,
): Promise<void> {
  history.records.clear();
  await history.replace(source, signal, skipped);
}

/**
 * Handles a failed request for the messages after a given one. Returns undefined if the backend no longer knows that
 * message (400, 404), or if the room may no longer be read: the next request for the newest page reveals which.
 * @throws any other error.
 */
export function unlessGone(thrown: unknown): undefined {
  const error = toChatError(thrown);
  if (error.code !== 'invalid' && !isNoAccess(error)) throw thrown;
}

/** Requests the changes of a room: by socket, where the answer is in order with all other events, or else by REST. */
async function changesSince(
  roomId: Id,
  seq: number,
  { socket, rest, answerMs, onProblem }: HistorySource,
  signal: AbortSignal,
): Promise<RoomChanges | undefined> {
  let found: RoomChanges | undefined;
  const take = (rooms: readonly unknown[]): boolean => {
    found = readRoomChanges(rooms, roomId, onProblem);
    return found !== undefined;
  };
  // An answer without rooms may be that for this room: the user is no longer in it. REST tells at once.
  if (
    socket?.send({ type: 'sync', rooms: { [idKey(roomId)]: seq } }) &&
    (await socket.waitForEvent(
      answerMs,
      (event) => event.type === 'sync-result' && (take(event.rooms) || event.rooms.length === 0),
    )) &&
    found
  )
    return found;
  throwIfAborted(signal);
  return (await rest.deferred()).fetchChanges(roomId, seq, signal);
}

/** Whether a page reaches back to the known messages. */
const joins = (page: readonly Message[], known: Message): boolean =>
  page.some(({ id }) => sameId(id, known.id)) || (page[0] !== undefined && compareMessages(page[0], known) < 0);
