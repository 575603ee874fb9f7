import { sameId, type Id } from '../../protocol/index.js';
import type { SessionContext } from '../session-context.js';

type MarkReadHost = Pick<SessionContext, 'backend' | 'restOrThrow' | 'signal' | 'socket' | 'timing'>;

/**
 * Marks a whole room as read, by socket or else message by message over REST. Loaded on demand: see deferred.ts.
 * @param unread the ids of its unread messages, for REST.
 * @param upTo the last message that was read (`receipts`). Default: the whole room.
 * @throws {ChatError}
 */
export async function markRead(session: MarkReadHost, roomId: Id, unread: readonly Id[], upTo?: Id): Promise<void> {
  const { signal, socket } = session;
  const what = upTo != null && session.backend.has('receipts') ? { upTo } : { messageIds: [] };
  if (!socket?.send({ type: 'mark-read', roomId, ...what }))
    return (await session.restOrThrow().deferred()).markRead(unread, signal);
  const isConfirmed = await socket.waitForEvent(
    session.timing.confirmMs,
    (event) => event.type === 'messages-marked-read' && sameId(event.roomId, roomId),
  );
  // Without an answer the command may be lost. Then the socket is dead, and the next one delivers the correct counts.
  if (!isConfirmed) await socket.verify();
}
