import type { Outgoing } from '../model/index.js';
import { sameId, type Attachment } from '../protocol/index.js';
import { threadOf } from '../store/selectors.js';
import type { ConnectionParts } from './connection-parts.js';
import { newLocalId } from './local-id.js';
import type { SendResult } from './pending-sends.js';

/**
 * Queues a message, and shows it in its thread.
 * @param attachments its files, as the thread shows them.
 * @returns resolves once the server has stored the message.
 */
export function queueMessage(
  core: ConnectionParts,
  message: Omit<Outgoing, 'localId'>,
  attachments?: Attachment[],
): Promise<SendResult> {
  const { store } = core;
  const { roomId, content, replyTo } = message;
  const localId = newLocalId();
  const original = threadOf(store.data, roomId).timeline.find(({ id }) => sameId(id, replyTo));
  const at = core.clock.now();
  const sent = core.pending.add(localId);
  void core.session.outbox.add({ localId, ...message }, () => {
    store.dispatch({ type: 'send', draft: { localId, roomId, content, replyTo: original, at, attachments } });
  });
  core.setTyping(roomId, false);
  return sent;
}
