import type { Id, Message } from '../protocol/index.js';
import { ChatError, stillWanted, toChatError } from '../transport/index.js';
import type { Inside } from './inside.js';
import { FIRST_PAGE } from './source.js';

/** Holds back what comes in, until `release`. */
interface Holding {
  hold(): void;
  release(): void;
}

/**
 * Loads the page of history before a message. What changes in it meanwhile waits, as with any other page. Loaded on demand: see
 * later.ts.
 * @param prepare finds our own among the messages.
 * @throws {ChatError} and reports it.
 */
export async function readOlder(session: Inside, roomId: Id, before: Id, history: Holding | undefined, prepare: (messages: Message[]) => Message[]): Promise<void> {
  const { rest, signal, report } = session;
  history?.hold();
  try {
    if (!rest) throw new ChatError('disconnected', 'Not connected: there is no valid sign-in.');
    const { messages, hasMore } = await rest.history(roomId, { before, limit: FIRST_PAGE }, signal);
    stillWanted(signal);
    report({ type: 'history', roomId, side: 'older', messages: prepare(messages), hasMore });
  } catch (thrown) {
    const error = toChatError(thrown);
    if (error.code !== 'aborted') report({ type: 'history-failed', roomId, error });
    throw error;
  } finally {
    history?.release();
  }
}
