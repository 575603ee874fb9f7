/** The state of a connection, as one tagged union. */
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

/** The next try of the socket, where one is timed. */
export interface NextTry {
  /** How many tries in a row have failed, this one included: 1 for the first. */
  attempt: number;
  /** When, in milliseconds since 1970; null while the try is being made. */
  at: number | null;
}

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

/** Why the session is in this state. */
export const reasonOf = (state: ConnectionState): ReasonCode =>
  'reason' in state ? state.reason : SELF_EVIDENT[state.is];

/** The next try of the socket, if one is to come. */
export const nextTryOf = (state: ConnectionState): NextTry | null => ('next' in state ? state.next : null);
