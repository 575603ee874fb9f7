import type { ChatError } from '../../transport/index.js';
import { backoff } from '../backoff.js';
import type { DeliveryOutcome, QueuedMessage } from './queued-message.js';

/** The number of server errors about a message (HTTP 500, or `error` with `retryAfter`) after which it fails. */
export const MAX_CRASHES = 5;
/** The wait if a server requests one without a duration, in seconds. */
export const PATIENCE_S = 5;

/** The outcome of a failed attempt to send a message. */
export function outcomeOfError(item: QueuedMessage, error: ChatError, random: () => number): DeliveryOutcome {
  const { retryAfterMs } = error;
  const waitMs = backoff(++item.failures, random);
  const wait: DeliveryOutcome =
    retryAfterMs === undefined
      ? { is: 'retry', ms: waitMs }
      : { is: 'retry', ms: Math.max(waitMs, retryAfterMs), isAsked: true };
  switch (error.code) {
    case 'rate_limited':
      return { is: 'retry', ms: retryAfterMs ?? PATIENCE_S * 1000, isAsked: true };
    case 'server_error':
      // 502, 503 and 504 concern the server; 500 may concern the message.
      return error.status === 500 && item.crashes >= MAX_CRASHES ? { is: 'refused', error } : wait;
    case 'unauthorized':
    case 'token_missing':
    case 'aborted':
    case 'disconnected':
      return { is: 'retry', ms: null };
    case 'unreachable':
    case 'timeout':
    case 'unexpected_answer':
      return wait;
    default:
      return { is: 'refused', error };
  }
}
