/** What delivery-fallback.ts uses of its outbox. */
import type { Id, Message } from '../../protocol/index.js';
import type { SessionEvent, StoredMessage } from '../../model/index.js';
import type { SessionContext } from '../session-context.js';
import type { TabMessage } from '../tabs/tab-channel.js';
import type { MessageQueues } from './message-queues.js';
import type { QueuedMessage } from './queued-message.js';

export type OutboxHost = Pick<
  SessionContext,
  'auth' | 'backend' | 'clock' | 'platform' | 'report' | 'rest' | 'roomSync' | 'send' | 'socket' | 'tabs' | 'timing'
>;

export interface OutboxContext {
  readonly session: OutboxHost;
  readonly queues: MessageQueues;

  /** Reports an event, or tells the other tabs; not while the outbox is closed. */
  report(event: SessionEvent): void;
  broadcast(message: TabMessage): void;
  /** Writes a message to storage. */
  save(message: StoredMessage): Promise<void>;
  /** Whether this tab sends. */
  readonly sender: { readonly isActive: boolean };
  /** Queues a message. */
  push(kept: StoredMessage & Pick<QueuedMessage, 'left'>): void;
  /** Whether a message is known to be stored. */
  isStored(localId: string): boolean;
  /** Another tab has discarded it. */
  discarded(localId: string): void;
  /** @returns the local id of the pending message that this message from the server is, if there is one. */
  matchPending(roomId: Id, message: Message): string | undefined;
  /** The server has stored it. */
  settle(item: QueuedMessage, message: Message): void;
}
