import type { ReasonCode } from '../locale/state-reasons.js';

/**
 * The state of a connection.
 *
 * - `idle`: there is no token, so no user is signed in.
 * - `connecting`: the first socket is being opened.
 * - `connected`: the socket is open, and the room list and open rooms are up to date.
 * - `reconnecting`: the socket was lost and is being reopened, or missed messages are being loaded.
 * - `polling`: messages are sent and received over REST while the socket is retried.
 * - `offline`: the device has no network, and REST fails.
 * - `unauthorized`: the token is missing, expired or refused.
 * - `error`: the backend cannot be reached or used. Unsent messages are kept and sent later.
 */
export type ChatState =
  'idle' | 'connecting' | 'connected' | 'reconnecting' | 'polling' | 'offline' | 'unauthorized' | 'error';

/** The next connection attempt, if one is scheduled. */
export interface NextTry {
  /** The number of failed attempts in a row: 1 after the first one, 0 if none has failed. */
  attempt: number;
  /** The scheduled time, in milliseconds since 1970; null while the attempt is in progress. */
  at: number | null;
}

/** The state of a connection, with its reason and the next attempt, as a tagged union. */
export type ConnectionState =
  | { is: 'idle' }
  | { is: 'connecting' }
  | { is: 'connected' }
  | { is: 'reconnecting'; reason: ReasonCode; next: NextTry }
  | { is: 'polling'; reason: ReasonCode; next: NextTry }
  | { is: 'offline'; next: NextTry }
  | { is: 'unauthorized'; reason: ReasonCode }
  | { is: 'error'; reason: ReasonCode; next: NextTry | null };

/** The reason for states that have only one. */
const SELF_EVIDENT = {
  idle: 'no_token',
  connecting: 'connecting',
  connected: 'connected',
  offline: 'browser_offline',
} as const;

/** The reason for a state. */
export const reasonOf = (state: ConnectionState): ReasonCode =>
  'reason' in state ? state.reason : SELF_EVIDENT[state.is];

/** The next connection attempt, if there is one. */
export const nextTryOf = (state: ConnectionState): NextTry | null => ('next' in state ? state.next : null);
