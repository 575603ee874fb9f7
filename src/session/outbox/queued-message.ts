/** A message in the queue, and the outcomes of an attempt to deliver it. */
import type { Message } from '../../protocol/index.js';
import type { ChatError } from '../../transport/index.js';
import type { Method, PassedFrame, StoredMessage } from '../../model/index.js';
import type { SessionContext } from '../session-context.js';
import { STALE_MS } from './message-storage.js';

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

/** Whether a message has waited for more than a day: then its author decides whether to send it. */
export const isStale = (item: QueuedMessage, { clock }: Pick<SessionContext, 'clock'>): boolean =>
  clock.now() - item.at > STALE_MS;

/** Whether the backend accepts idempotency keys. It may have announced that before this page was loaded. */
export const acceptsIdempotencyKey = (item: QueuedMessage, { backend }: Pick<SessionContext, 'backend'>): boolean =>
  item.idempotent || backend.has('idempotent_send');

/** Whether sending a message again is safe. */
export const isIdempotent = (item: QueuedMessage, session: Pick<SessionContext, 'backend'>): boolean =>
  !item.sentWithoutKey && acceptsIdempotencyKey(item, session);
