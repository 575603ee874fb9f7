import { storedFields } from './message-storage.js';
import type { Outbox } from './outbox.js';
import type { StoredMessage } from '../../model/index.js';

/** Whether a refused message may be stored nevertheless. */
const isDoubtful = ({ refused }: StoredMessage): boolean =>
  refused !== undefined && ['stale', 'maybe_sent', 'server_error'].includes(refused.code);

/** Whether a waiting message may have been sent, perhaps by another tab. */
export function mayHaveBeenSent(outbox: Outbox, localId: string): boolean {
  const item = outbox.queues.find(localId);
  if (!item) return false;
  const { busy, items } = outbox.queues.queueOf(item.roomId);
  return item.left !== undefined || !outbox.sender.isActive || (busy && items[0] === item);
}

/**
 * Changes the text of a message that waits to be sent, or has failed. Loaded on first use, with room-methods.ts.
 * @returns false if it may have been sent already, perhaps by another tab.
 */
export async function rewriteMessage(outbox: Outbox, localId: string, content: string): Promise<boolean> {
  const refused = outbox.fallback?.refusedMessages.find((item) => item.localId === localId);
  const item = refused ?? outbox.queues.find(localId);
  if (!item || (refused ? isDoubtful(refused) : mayHaveBeenSent(outbox, localId))) return false;
  // The message stays the same object: it may be waiting for its turn.
  const kept = storedFields(Object.assign(item, { content }));
  await outbox.save(kept);
  outbox.broadcast({ kind: 'rewritten', kept });
  return true;
}
