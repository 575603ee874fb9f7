import { idKey, sameId, type ChangeFrame, type Id, type Message } from '../../protocol/index.js';
import { isId } from '../../protocol/schema.js';
import { throwIfAborted, toChatError, type HistoryPage, type Requests } from '../../transport/index.js';
import type { SessionContext } from '../session-context.js';
import { FIRST_PAGE, type RoomCursor } from './history-source.js';
import { repeatableFrames } from './repeatable-frames.js';

type HistoryPageHost = Pick<SessionContext, 'report' | 'restOrThrow' | 'roomSync' | 'signal'>;

/** Pages in a row in which no message could be read. */
const MAX_UNREADABLE = 10;

/** The next page that holds a message that can be read, or the last one of some. `leftOut` counts those of all of them. @throws {ChatError} */
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
 * Loads the page of history before or after a message. What comes in meanwhile is shown at once; what of it changes a message of
 * the page is applied to the page again, because the page may have been read before that. Loaded on demand: see deferred.ts.
 * @param prepare finds our own among the messages.
 * @throws {ChatError} and reports it.
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
  const meanwhile: ChangeFrame[] = [];
  history?.records.add(meanwhile);
  try {
    const page = await readablePage(session.restOrThrow(), roomId, side, from, signal);
    const { messages, seq = 0, leftOut } = page;
    // What came in after the page was read is not shown where there is a hole before it; so the page is not the end.
    const isPassedBy =
      side === 'newer' &&
      meanwhile.some(
        (frame) => frame.type === 'new_message' && !messages.some(({ id }) => sameId(id, frame.message.id)),
      );
    // Changes were missed: the room was closed and opened again, or began again from its newest page.
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
    for (const frame of repeatableFrames(meanwhile))
      if (frame.seq === undefined || frame.seq > seq) report({ type: 'frame', frame });
  } catch (thrown) {
    const error = toChatError(thrown);
    if (error.code !== 'aborted') report({ type: 'history-failed', roomId, error });
    throw error;
  } finally {
    history?.records.delete(meanwhile);
  }
}
