/** Where a session is: one tagged union, never a handful of booleans. */
import { assertNever } from './assert-never.js';
import type { ReasonCode } from './reasons.js';

/** What a page sees; docs/API.md has the table. */
export type ChatState = 'idle' | 'connecting' | 'connected' | 'reconnecting' | 'polling' | 'offline' | 'unauthorized' | 'error';

/** The next try of the socket, where one is timed. */
export interface NextTry {
  /** How many tries in a row have failed, this one included: 1 for the first. */
  attempt: number;
  /** When, in milliseconds since 1970; null while the try is being made. */
  at: number | null;
}

export type Phase =
  | { is: 'idle' }
  | { is: 'connecting' }
  | { is: 'connected' }
  | { is: 'reconnecting'; reason: ReasonCode; next: NextTry }
  | { is: 'polling'; reason: ReasonCode; next: NextTry }
  | { is: 'offline'; next: NextTry }
  | { is: 'unauthorized'; reason: ReasonCode }
  | { is: 'error'; reason: ReasonCode; next: NextTry | null };

/** Why the session is in this phase. */
export function reasonOf(phase: Phase): ReasonCode {
  switch (phase.is) {
    case 'idle':
      return 'no_token';
    case 'connecting':
      return 'connecting';
    case 'connected':
      return 'connected';
    case 'offline':
      return 'browser_offline';
    case 'reconnecting':
    case 'polling':
    case 'unauthorized':
    case 'error':
      return phase.reason;
    default:
      return assertNever(phase);
  }
}

/** The next try of the socket, if one is to come. */
export const nextTryOf = (phase: Phase): NextTry | null => ('next' in phase ? phase.next : null);
