/** What a page goes through, and what that means for a session. Loaded on demand: see deferred.ts. */

import type { Clock } from '../transport/index.js';
import type { ConnectionState } from './connection-state.js';

/** A hint that the network is back is followed at most this often, in milliseconds: some browsers give one every moment. */
const HINT_MS = 1_000;

/** What a page tells of itself. */
export interface PageLifecycleTarget {
  readonly clock: Clock;
  readonly state: ConnectionState;
  /** The network may have come back, or gone; somebody looks again. */
  onNetworkHint(): void;
  /** The page is put aside. */
  suspend(): void;
  /** The page is back. */
  resume(): void;
}

/** Tells a session what its page goes through. @returns how to stop. */
export function watchPage(session: PageLifecycleTarget): () => void {
  const watching = new AbortController();
  const { signal } = watching;
  const on = (name: string, run: () => void, target: Pick<EventTarget, 'addEventListener'> | undefined = globalThis): void =>
    target?.addEventListener?.(name, run, { signal });
  let hintedAt = -Infinity;
  const hint = (): void => {
    const now = session.clock.now();
    if (Math.abs(now - hintedAt) < HINT_MS) return;
    hintedAt = now;
    session.onNetworkHint();
  };
  // Hints, no more: browsers say 'online' without a network, and 'offline' with one.
  on('online', hint);
  on('offline', hint);
  // The user may have signed in elsewhere meanwhile. A connection that works is not checked at every click into the window.
  on('focus', () => session.state.is === 'unauthorized' && hint());
  // A page with an open socket, or a lock, is not kept for the way back; one that is frozen cannot keep a socket alive.
  on('pagehide', () => session.suspend());
  on('pageshow', () => session.resume());
  const page = globalThis.document as Document | undefined;
  on('freeze', () => session.suspend(), page);
  on('resume', () => session.resume(), page);
  on('visibilitychange', () => page?.visibilityState === 'visible' && hint(), page);
  return () => watching.abort();
}
