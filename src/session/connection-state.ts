/** Where a session is: one tagged union, never a handful of booleans. */
import type { ReasonCode } from './state-reasons.js';

/** What a page sees; docs/API.md has the table. */
export type ChatState = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'polling' | 'offline' | 'unauthorized' | 'error';

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

/** The reason for phases that have only one. */
const SELF_EVIDENT = { idle: 'no_token', connecting: 'connecting', connected: 'connected', offline: 'browser_offline' } as const;

/** Why the session is in this phase. */
export const reasonOf = (phase: ConnectionState): ReasonCode => ('reason' in phase ? phase.reason : SELF_EVIDENT[phase.is]);

/** The next try of the socket, if one is to come. */
export const nextTryOf = (phase: ConnectionState): NextTry | null => ('next' in phase ? phase.next : null);
