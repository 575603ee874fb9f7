import type { Terms } from '../locale/index.js';
import { reasonOf, type ChatState, type ConnectionState } from '../model/index.js';

/** The text for each state of the connection. */
const STATE_TERMS = {
  idle: 'signIn',
  connecting: 'connecting',
  connected: 'connected',
  reconnecting: 'reconnecting',
  polling: 'polling',
  offline: 'offline',
  unauthorized: 'unauthorized',
  error: 'failing',
} satisfies Record<ChatState, keyof Terms>;

/**
 * The text for a state that users are told about.
 * @param phase the current one, of which `state` may be a former state.
 */
export const stateTerm = (state: ChatState, phase?: ConnectionState) =>
  // Neither the user nor the chat's server can change it.
  phase?.is === state && reasonOf(phase).startsWith('token_endpoint') ? 'signInFailing' : STATE_TERMS[state];
