/** A message in the queue, and the outcomes of an attempt to deliver it. */
import type { Message } from '../../protocol/index.js';
import type { ChatError } from '../../transport/index.js';
import type { Method, RoomEvent, StoredMessage } from '../../model/index.js';
import type { SessionContext } from '../session-context.js';
import { STALE_MS } from './message-storage.js';

export type DeliveryOutcome =
  /**
   * `meanwhile`: changes that were applied while the response was pending. They may concern this message, and are
   * applied again after it.
   */
  | { is: 'stored'; message: Message; method: Method; meanwhile?: readonly RoomEvent[] }
  | { is: 'refused'; error: ChatError }
  /**
   * Not now: retry after `ms` (null: only after `flush`). `isAsked`: the server requested the wait, so `flush` does not
   * shorten it.
   */
  | { is: 'retry'; ms: number | null; isAsked?: true }
  /** Not confirmed: the message may have been sent. */
  | { is: 'unknown' };

export interface QueuedMessage extends StoredMessage {
  /** How it was sent. It may be stored, so the history is searched before it is sent again. */
  left?: Method | undefined;
  /** The stored message, once it is matched. */
  stored?: Message;
  /** Failed attempts, for temporary reasons. */
  failures: number;
  /** Server errors about this message: HTTP 500, or `error` with `retryAfter`. */
  crashes: number;
  /** Set during a REST request: called when the message is matched in another way. */
  onSettled?: (() => void) | undefined;
  /** Set while the message waits for a confirmation on the socket. */
  answer?: ((outcome: DeliveryOutcome) => void) | undefined;
}

/** Whether a message has waited for more than a day, so that its author decides whether to send it. */
export const isStale = (item: QueuedMessage, { clock }: Pick<SessionContext, 'clock'>): boolean =>
  clock.now() - item.at > STALE_MS;

/** Whether the backend accepts idempotency keys. It may have announced this before the page was loaded. */
export const acceptsIdempotencyKey = (item: QueuedMessage, { backend }: Pick<SessionContext, 'backend'>): boolean =>
  item.idempotent || backend.has('idempotent_send');

/** Whether it is safe to send the message again. */
export const isIdempotent = (item: QueuedMessage, session: Pick<SessionContext, 'backend'>): boolean =>
  !item.sentWithoutKey && acceptsIdempotencyKey(item, session);
