import type { LATER_REASONS } from './deferred-state-reasons.js';

const FIRST_REASONS = {
  no_token: 'Sign in to chat.',
  connecting: 'Connecting …',
  connected: 'Connected.',
  catching_up: 'Loading what came in meanwhile.',
  server_unreachable: 'The server cannot be reached.',
  internal_error: 'Internal error of the chat.',
  bad_configuration: 'The chat is not set up correctly.',
};

export type ReasonCode = keyof typeof FIRST_REASONS | keyof typeof LATER_REASONS;

/**
 * Why a session is in the state it is in: a code that stays the same between versions, with a sentence for people.
 * A locale may say it in other words; this is what a page without elements has. The sentences of deferred-state-reasons.ts come with the code that
 * gives those reasons.
 */
export const REASONS = FIRST_REASONS as Record<ReasonCode, string>;

export interface Reason {
  readonly code: ReasonCode;
  readonly message: string;
}

export const reason = (code: ReasonCode): Reason => ({ code, message: REASONS[code] });
