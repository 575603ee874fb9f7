import { idKey, sameId, type ChangeFrame, type Id, type Message } from '../protocol/index.js';
import { ChatError, stillWanted, toChatError } from '../transport/index.js';
import { isPassed } from './events.js';
import type { Inside } from './inside.js';
import { FIRST_PAGE, type History } from './source.js';

/**
 * Loads the page of history before or after a message. What comes in meanwhile is shown at once; what of it changes a message of
 * the page is applied to the page again, because the page may have been read before that. Loaded on demand: see later.ts.
 * @param prepare finds our own among the messages.
 * @throws {ChatError} and reports it.
 */
export async function readPage(
  session: Inside,
  roomId: Id,
  side: 'older' | 'newer',
  from: Id,
  history: History | undefined,
  prepare: (messages: Message[]) => Message[],
): Promise<void> {
  const { rest, signal, report, reader } = session;
  const meanwhile: ChangeFrame[] = [];
  history?.records.add(meanwhile);
  try {
    if (!rest) throw new ChatError('disconnected', 'Not connected: there is no valid sign-in.');
    const page = await rest.history(roomId, { [side === 'older' ? 'before' : 'after']: from, limit: FIRST_PAGE }, signal);
    stillWanted(signal);
    const { messages, seq = 0, leftOut } = page;
    // What came in after the page was read is not shown where there is a hole before it; so the page is not the end.
    const isPassedBy = side === 'newer' && meanwhile.some((frame) => frame.type === 'new_message' && !messages.some(({ id }) => sameId(id, frame.message.id)));
    // Changes were missed: the room was closed and opened again, or began again from its newest page.
    const isStale = history && (!history.records.has(meanwhile) || reader.shown.get(idKey(roomId)) !== history);
    report({ type: 'history', roomId, side, from: isStale ? undefined : from, messages: prepare(messages), hasMore: page.hasMore || isPassedBy, leftOut });
    if (isStale) return;
    for (const frame of meanwhile) {
      const isInPage = frame.seq !== undefined && frame.seq <= seq;
      if (!isInPage && frame.type !== 'messages_marked_read' && isPassed(frame)) report({ type: 'frame', frame });
    }
  } catch (thrown) {
    const error = toChatError(thrown);
    if (error.code !== 'aborted') report({ type: 'history-failed', roomId, error });
    throw error;
  } finally {
    history?.records.delete(meanwhile);
  }
}
