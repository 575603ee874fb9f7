/** A message in the queue, and what outbox.ts and delivery-fallback.ts use of each other. */
import type { Id, Message } from '../../protocol/index.js';
import type { ChatError } from '../../transport/index.js';
import type { Method, PassedFrame, SessionEvent } from '../events.js';
import type { SessionContext } from '../session-context.js';
import type { Wait } from '../time-left.js';
import type { TabMessage } from '../tabs/tab-channel.js';
import type { StoredMessage } from './message-storage.js';

export type DeliveryOutcome =
  /** `meanwhile`: changes that were applied while the answer was on its way. They may be about this message, and are applied again after it. */
  | { is: 'stored'; message: Message; method: Method; meanwhile?: readonly PassedFrame[] }
  | { is: 'refused'; error: ChatError }
  /** Not now: again after `ms` (null: only after `flush`). `isAsked`: the server asked to wait, so `flush` does not shorten it. */
  | { is: 'retry'; ms: number | null; isAsked?: true }
  /** Sent, without a confirmation. */
  | { is: 'unknown' };

export interface QueuedMessage extends StoredMessage {
  /** How it was sent. It may be stored: it is searched for before it is sent again. */
  left?: Method | undefined;
  /** The stored message, as soon as it was matched. */
  stored?: Message;
  /** Failed attempts, for a temporary reason. */
  failures: number;
  /** Of these, attempts with HTTP 500. */
  crashes: number;
  /** Set during a REST request: called when the message was matched by another way. */
  onSettled?: (() => void) | undefined;
  /** Set while it waits for a confirmation on the socket. */
  answer?: ((outcome: DeliveryOutcome) => void) | undefined;
}

export interface Queue {
  items: QueuedMessage[];
  busy: boolean;
  /** `flush` was called while busy: an attempt that just failed may succeed now. */
  woken: boolean;
  /** The wait that the server asked for. */
  wait: Wait;
  cancelRetry: () => void;
}

export interface OutboxContext {
  readonly session: SessionContext;
  /** By room. */
  readonly queues: ReadonlyMap<string, Queue>;

  /** Reports an event, or tells the other tabs; not while the outbox is closed. */
  report(event: SessionEvent): void;
  broadcast(message: TabMessage): void;
  /** Writes a message to storage. */
  save(message: StoredMessage): Promise<void>;
  /** Whether this tab sends. */
  readonly isSender: boolean;
  /** Queues a message. */
  push(kept: StoredMessage & Pick<QueuedMessage, 'left'>): void;
  /** @returns a queued message. */
  find(localId: string): QueuedMessage | undefined;
  /** Whether a message is known to be stored. */
  isStored(localId: string): boolean;
  /** Takes a message out of its queue. */
  remove(localId: string): QueuedMessage | undefined;
  /** Another tab has discarded it. */
  discarded(localId: string): void;
  /** @returns the local id of the pending message that this message from the server is, if there is one. */
  matchPending(roomId: Id, message: Message): string | undefined;
  /** The server has stored it. */
  settle(item: QueuedMessage, message: Message): void;
  /** Whether the backend accepts idempotency keys; it may have said so before this page was loaded. */
  acceptsIdempotencyKey(item: QueuedMessage): boolean;
  /** Whether a message has waited for more than a day: then its author decides whether to send it. */
  isStale(item: QueuedMessage): boolean;
  /** Whether sending this message again is safe. */
  isIdempotent(item: QueuedMessage): boolean;
}
