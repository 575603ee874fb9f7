import type { MessageStorage, TabApis, Timing } from '../session/index.js';
import type { Clock, Transport } from '../transport/index.js';

/** Replaceable dependencies of a connection. All have defaults; meant for tests and unusual environments. */
export interface ConnectionDependencies {
  /** @default the system clock and timers */
  clock?: Clock;
  /**
   * Returns a number from 0 to 1: used for backoff jitter.
   * @default Math.random
   */
  random?: () => number;
  /** @default globalThis.WebSocket */
  WebSocket?: typeof WebSocket;
  /** @default globalThis.fetch */
  fetch?: typeof fetch;
  /**
   * How the backend is reached: an adapter for a backend with another protocol.
   * @default the protocol of docs/PROTOCOL.md
   */
  transport?: Transport;
  /** Overrides single timeouts and intervals, in milliseconds. */
  timing?: Partial<Timing>;
  /**
   * Storage of unsent messages and drafts.
   * @default IndexedDB
   */
  storage?: MessageStorage;
  /**
   * APIs for sharing one socket between tabs.
   * @default Web Locks and BroadcastChannel
   */
  tabs?: TabApis;
}

/** The browser's APIs for tabs; none where storage is blocked: reading these properties then throws. */
export function browserTabApis(): TabApis {
  try {
    const navigator = globalThis.navigator as Partial<Navigator> | undefined;
    return { locks: navigator?.locks, BroadcastChannel: globalThis.BroadcastChannel };
  } catch {
    return {};
  }
}
