import { idKey, sameId, type Id, type Message } from '../../protocol/index.js';
import { isId } from '../../protocol/schema.js';
import {
  throwIfAborted,
  toChatError,
  type ChangeEvent,
  type HistoryPage,
  type Requests,
} from '../../transport/index.js';
import type { SessionContext } from '../session-context.js';
import { FIRST_PAGE, type RoomCursor } from './history-source.js';
import { repeatableEvents } from './repeatable-events.js';

type HistoryPageHost = Pick<SessionContext, 'report' | 'restOrThrow' | 'roomSync' | 'signal'>;

/** The number of consecutive pages without a valid message after which the search ends. */
const MAX_UNREADABLE = 10;

/**
 * The next page with a valid message, or the last one that was tried. `leftOut` counts the invalid messages of all of
 * them.
 * @throws {ChatError}
 */
async function readablePage(
  rest: Requests,
  roomId: Id,
  side: 'older' | 'newer',
  from: Id,
  signal: AbortSignal,
): Promise<HistoryPage> {
  let leftOut = 0;
  for (let count = 1; ; count++) {
    const page = await rest.history(
      roomId,
      { [side === 'older' ? 'before' : 'after']: from, limit: FIRST_PAGE },
      signal,
    );
    throwIfAborted(signal);
    leftOut += page.leftOut;
    const { id } = (page.raw.at(side === 'older' ? 0 : -1) ?? {}) as { id?: unknown };
    if (page.messages.length > 0 || !page.hasMore || !isId(id) || sameId(id, from) || count === MAX_UNREADABLE)
      return { ...page, leftOut };
    from = id;
  }
}

/**
 * Loads the page of history before or after a message. Changes that arrive in the meantime are shown at once. Those
 * that concern a message of the page are applied to the page again, because it may have been read before them. Loaded
 * on demand: see deferred.ts.
 * @param prepare matches the messages of the page with pending ones.
 * @throws {ChatError} which is also reported.
 */
export async function readPage(
  session: HistoryPageHost,
  roomId: Id,
  side: 'older' | 'newer',
  from: Id,
  history: RoomCursor | undefined,
  prepare: (messages: Message[]) => Message[],
): Promise<void> {
  const { signal, report, roomSync } = session;
  const meanwhile: ChangeEvent[] = [];
  history?.records.add(meanwhile);
  try {
    const page = await readablePage(session.restOrThrow(), roomId, side, from, signal);
    const { messages, seq = 0, leftOut } = page;
    // Messages that arrived after the page was read are not shown behind a gap, so this page is not the end.
    const isPassedBy =
      side === 'newer' &&
      meanwhile.some(
        (event) => event.type === 'new-message' && !messages.some(({ id }) => sameId(id, event.message.id)),
      );
    // Changes were missed: the room was closed and opened again, or replaced by its newest page.
    const isStale = history && (!history.records.has(meanwhile) || roomSync.openRooms.get(idKey(roomId)) !== history);
    report({
      type: 'history',
      roomId,
      side,
      from: isStale ? undefined : from,
      messages: prepare(messages),
      hasMore: page.hasMore || isPassedBy,
      leftOut,
    });
    if (isStale) return;
    for (const event of repeatableEvents(meanwhile))
      if (event.seq === undefined || event.seq > seq) report({ type: 'room-event', event });
  } catch (thrown) {
    const error = toChatError(thrown);
    if (error.code !== 'aborted') report({ type: 'history-failed', roomId, error });
    throw error;
  } finally {
    history?.records.delete(meanwhile);
  }
}
