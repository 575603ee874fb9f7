import type { Outbox } from './outbox.js';
import type { StoredMessage } from '../../model/index.js';

/** Whether a refused message may be stored nevertheless. */
const isDoubtful = ({ refused }: StoredMessage): boolean =>
  refused !== undefined && ['stale', 'maybe_sent', 'server_error'].includes(refused.code);

/**
 * Changes the text of a message that waits to be sent, or has failed. Loaded on first use, with room-methods.ts.
 * @returns false if it may have been sent already, perhaps by another tab.
 */
export async function rewriteMessage(outbox: Outbox, localId: string, content: string): Promise<boolean> {
  const refused = outbox.fallback?.refusedMessages.find((item) => item.localId === localId);
  const item = refused ?? outbox.queues.find(localId);
  if (!item || (refused ? isDoubtful(refused) : item.left || !outbox.sender.isActive)) return false;
  const { busy, items } = outbox.queues.queueOf(item.roomId);
  if (busy && items[0] === item) return false;
  // The message stays the same object: it may be waiting for its turn.
  await outbox.save(Object.assign(item, { content }));
  return true;
}
