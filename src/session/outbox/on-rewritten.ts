import type { StoredMessage } from '../../model/index.js';
import type { OutboxContext } from './outbox-context.js';
import type { QueuedMessage } from './queued-message.js';

/**
 * Another tab has changed the text of an unsent message: see rewrite-message.ts. Loaded on demand: see deferred.ts.
 * @param refused the refused messages, by `localId`.
 */
export function onRewritten(
  outbox: OutboxContext,
  refused: ReadonlyMap<string, QueuedMessage>,
  { localId, roomId, content }: StoredMessage,
): void {
  const item = refused.get(localId) ?? outbox.queues.find(localId);
  if (!item) return;
  Object.assign(item, { content });
  outbox.report({ type: 'rewritten', roomId, localId, content });
}
