import type { Id } from '../protocol/index.js';
import { ChatError, throwIfAborted } from '../transport/index.js';
import type { ConnectionParts } from './connection-parts.js';

/** Loads a message again. Loaded on first use: see room-methods.ts. */
export async function refreshMessage(
  { session, store }: Pick<ConnectionParts, 'session' | 'store'>,
  roomId: Id,
  messageId: Id,
): Promise<void> {
  const { signal } = session;
  const { fetchMessage } = await session.restOrThrow().deferred();
  if (!fetchMessage || !session.backend.has('uploads'))
    throw new ChatError('not_supported', 'The server cannot return a single message.');
  const message = await fetchMessage({ roomId, messageId }, signal);
  throwIfAborted(signal);
  store.dispatch({ type: 'room-event', event: { type: 'message-updated', roomId, seq: undefined, message } });
}
