import { idKey, sameId, type Id } from '../../protocol/index.js';
import { throwIfAborted, type ChangeEvent, type HistoryPart, type HistoryTarget } from '../../transport/index.js';
import type { SessionContext } from '../session-context.js';
import { FIRST_PAGE } from './history-source.js';
import { repeatableEvents } from './repeatable-events.js';

type JumpHost = Pick<SessionContext, 'outbox' | 'report' | 'restOrThrow' | 'roomSync' | 'signal'>;

/**
 * Replaces the loaded messages of a room by those around a message or a time: capability `around`. Changes that arrive
 * in the meantime are applied to them again. Loaded on first use, with room-methods.ts.
 * @param isWanted whether the part is still wanted when it arrives.
 * @returns undefined if the server does not know the parameter; then nothing was replaced.
 * @throws {ChatError} `not_found` if the room does not have the message.
 */
export async function readAround(
  session: JumpHost,
  roomId: Id,
  target: HistoryTarget,
  isWanted: () => boolean,
): Promise<HistoryPart | undefined> {
  const { signal, report, roomSync, outbox } = session;
  const history = roomSync.openRooms.get(idKey(roomId));
  history?.grow();
  const meanwhile: ChangeEvent[] = [];
  history?.records.add(meanwhile);
  try {
    const requests = await session.restOrThrow().deferred();
    const part = await requests.fetchAround?.(roomId, target, FIRST_PAGE, signal);
    throwIfAborted(signal);
    if (!part || !isWanted() || roomSync.openRooms.get(idKey(roomId)) !== history) return part;
    const { messages, hasOlder, hasNewer, seq = 0, leftOut } = part;
    // A message that arrived after the part was read is not shown behind a gap.
    const isPassedBy = meanwhile.some(
      (event) => event.type === 'new-message' && !messages.some(({ id }) => sameId(id, event.message.id)),
    );
    report({
      type: 'history',
      roomId,
      side: 'around',
      // Own messages may be among those that wait for a confirmation.
      messages: messages.map((message) => ({ ...message, _tempId: outbox.matchPending(roomId, message) })),
      hasMore: hasOlder,
      hasNewer: hasNewer || isPassedBy,
      leftOut,
    });
    for (const event of repeatableEvents(meanwhile))
      if (event.seq === undefined || event.seq > seq) report({ type: 'room-event', event });
    return part;
  } finally {
    history?.records.delete(meanwhile);
  }
}
