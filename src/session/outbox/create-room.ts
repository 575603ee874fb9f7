/** Creates the room of a waiting message, and moves the messages of the local room to it. Loaded with delivery-fallback.ts. */
import { noop } from '../../internal/noop.js';
import type { StoredMessage } from '../../model/index.js';
import type { Id } from '../../protocol/index.js';
import { ChatError, throwIfAborted, type DeferredRequests } from '../../transport/index.js';
import { storedFields } from './message-storage.js';
import type { OutboxContext } from './outbox-context.js';
import type { QueuedMessage } from './queued-message.js';

/**
 * Creates a room, once for its local id, whichever tab asks and however often.
 * @throws {ChatError} `not_supported`, and the errors of a request.
 */
export async function createRoomOf(
  outbox: OutboxContext,
  refused: Map<string, QueuedMessage>,
  { roomId: localRoomId, newRoom }: QueuedMessage,
  requests: DeferredRequests,
  signal: AbortSignal,
): Promise<Id> {
  const { userIds, name, context, contextToken } = newRoom!;
  const { backend } = outbox.session;
  const [userId] = userIds;
  const isDirect = userIds.length === 1 && !name && !context;
  if (!backend.isKnown) throw new ChatError('unreachable', 'The backend has not reported its capabilities yet.');
  const people = await requests.people?.();
  if (!people || !(isDirect || backend.has('create_room')))
    throw new ChatError('not_supported', 'The server cannot create this conversation.');
  const { room } = backend.has('create_room')
    ? await people.createRoom({ userIds, name, context, contextToken, localId: String(localRoomId) }, signal)
    : await people.startDirect(userId!, signal);
  throwIfAborted(signal);
  moveMessages(outbox, refused, localRoomId, room.id, (item) => void outbox.save(item));
  const draft = await outbox.drafts.get(localRoomId);
  if (draft) await Promise.all([outbox.drafts.save(room.id, draft), outbox.drafts.save(localRoomId, '')]);
  outbox.broadcast({ kind: 'room-created', localRoomId, room });
  outbox.report({ type: 'room-created', localRoomId, room });
  return room.id;
}

/**
 * Moves the unsent messages of a local room to the room that was created for it.
 * @param save writes a message to storage: only in the tab that sends. Another tab might restore a message that was sent
 *   meanwhile.
 */
export function moveMessages(
  outbox: OutboxContext,
  refused: Map<string, QueuedMessage>,
  localRoomId: Id,
  roomId: Id,
  save: (item: StoredMessage) => void = noop,
): void {
  const moved = (item: QueuedMessage): QueuedMessage => ({ ...item, roomId, newRoom: undefined });
  for (const item of outbox.queues.queueOf(localRoomId).items.splice(0)) {
    const kept = { ...storedFields(moved(item)), left: item.left };
    save(kept);
    outbox.push(kept);
  }
  for (const [localId, item] of refused) {
    if (item.roomId !== localRoomId) continue;
    refused.set(localId, moved(item));
    save(moved(item));
  }
}
