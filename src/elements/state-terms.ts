import type { Terms } from '../locale/index.js';
import type { ChatState } from '../model/index.js';

/** The text for each state of the connection. */
export const STATE_TERMS = {
  idle: 'signIn',
  connecting: 'connecting',
  connected: 'connected',
  reconnecting: 'reconnecting',
  polling: 'polling',
  offline: 'offline',
  unauthorized: 'unauthorized',
  error: 'failing',
} satisfies Record<ChatState, keyof Terms>;
