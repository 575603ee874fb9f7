import { sameId, type ClientFrame, type Id } from '../../protocol/index.js';
import type { SessionContext } from '../session-context.js';

type MarkReadHost = Pick<SessionContext, 'backend' | 'restOrThrow' | 'send' | 'signal' | 'socket' | 'timing'>;

/**
 * Marks a whole room as read, by socket or else message by message over REST. Loaded on demand: see deferred.ts.
 * @param unread the ids of its unread messages, for REST.
 * @param upTo the last message that was read (`receipts`). Default: the whole room.
 * @throws {ChatError}
 */
export async function markRead(session: MarkReadHost, roomId: Id, unread: readonly Id[], upTo?: Id): Promise<void> {
  const frame: ClientFrame = {
    type: 'mark_read',
    room_id: roomId,
    ...(upTo != null && session.backend.has('receipts') ? { up_to: upTo } : { message_ids: [] }),
  };
  const { signal, socket } = session;
  if (!socket || !session.send(frame)) return (await session.restOrThrow().deferred()).markRead(unread, signal);
  const isConfirmed = await socket.waitForFrame(
    session.timing.confirmMs,
    (answer) => answer.type === 'messages_marked_read' && sameId(answer.room_id, roomId),
  );
  // Without an answer the frame may be lost. Then the socket is dead, and the next one delivers the correct counts.
  if (!isConfirmed) await socket.verify();
}
