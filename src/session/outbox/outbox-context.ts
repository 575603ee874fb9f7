/** The interface of an outbox for delivery-fallback.ts. */
import type { Id, Message } from '../../protocol/index.js';
import type { SessionEvent, StoredMessage } from '../../model/index.js';
import type { SessionContext } from '../session-context.js';
import type { TabMessage } from '../tabs/tab-channel.js';
import type { Drafts } from './drafts.js';
import type { MessageQueues } from './message-queues.js';
import type { QueuedMessage } from './queued-message.js';

export type OutboxHost = Pick<
  SessionContext,
  | 'auth'
  | 'backend'
  | 'clock'
  | 'platform'
  | 'report'
  | 'rest'
  | 'roomSync'
  | 'send'
  | 'signal'
  | 'socket'
  | 'tabs'
  | 'timing'
>;

export interface OutboxContext {
  readonly scope: string;
  /** Aborted while the outbox is closed. */
  readonly untilClosed: AbortSignal;
  readonly drafts: Pick<Drafts, 'get' | 'save'>;
  readonly session: OutboxHost;
  readonly queues: MessageQueues;

  /** Reports an event, or sends a message to the other tabs; not while the outbox is closed. */
  report(event: SessionEvent): void;
  broadcast(message: TabMessage): void;
  /** Writes a message to storage. */
  save(message: StoredMessage): Promise<void>;
  /** Whether this tab sends. */
  readonly sender: { readonly isActive: boolean; flush(): void };
  /** Queues a message. */
  push(kept: StoredMessage & Pick<QueuedMessage, 'left'>): void;
  /** Whether a message is known to be stored. */
  isStored(localId: string): boolean;
  /** Discards a message, because another tab has discarded it. */
  discarded(localId: string): void;
  /** @returns the local id of the pending message that equals this one; without a match, its own `_tempId`. */
  matchPending(roomId: Id, message: Message): string | undefined;
  /** Records that the server has stored a message. */
  settle(item: QueuedMessage, message: Message): void;
}
