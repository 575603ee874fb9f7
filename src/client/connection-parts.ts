/** The parts of a connection that its methods use: see connection-core.ts. */
import type { KeyedTimers } from '../internal/keyed-timers.js';
import type { Id } from '../protocol/index.js';
import type { Session } from '../session/index.js';
import type { Clock } from '../transport/index.js';
import type { PendingSends } from './pending-sends.js';
import type { StateStore } from './state-store.js';
import type { TokenSource } from './token-source.js';

export interface ConnectionParts {
  readonly store: StateStore;
  readonly pending: PendingSends;
  readonly clock: Clock;
  readonly timers: KeyedTimers;
  readonly tokens: TokenSource;
  readonly session: Session;
  setTyping(roomId: Id, isTyping: boolean): void;
}
