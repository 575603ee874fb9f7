/** What a page goes through, and what that means for a session. Loaded on demand: see deferred.ts. */
import type { ConnectActions, SessionConfig, SessionContext, TokenActions } from './session-context.js';
import type { SocketConnection } from './socket-connection.js';
import { timeLeft } from './time-left.js';

/** A hint that the network is back is followed at most this often, in milliseconds: some browsers give one every moment. */
const HINT_MS = 1_000;

/** What is used of the session. */
export interface PageLifecycleTarget extends Pick<SessionContext, 'clock' | 'parts' | 'state' | 'states' | 'token'> {
  readonly auth: TokenActions & { readonly refresher: { askAgain(): void } | undefined };
  /** Its socket may be on the way to be opened. */
  readonly loop: ConnectActions & { readonly socket: SocketConnection | undefined };
  readonly config: SessionConfig | undefined;
  /** Whether it runs, and is not put aside. */
  readonly isActive: boolean;
  configure(config: SessionConfig): void;
  end(): void;
  releaseStorage(): void;
}

/** The page is put aside (frozen, or kept for the way back): as little as possible is left, and nothing is lost. */
function suspend(session: PageLifecycleTarget): void {
  if (!session.isActive) return;
  session.end();
  session.releaseStorage();
  session.states.toReconnecting('page_asleep');
}

/** The page is back. */
function resume(session: PageLifecycleTarget): void {
  const { config, state, token } = session;
  if (config && state.is === 'reconnecting' && !session.isActive) session.configure({ ...config, token });
}

/** A hint that the network has come back, or gone (the browser, a page that is looked at again). */
function onNetworkHint({ auth, loop, parts, state }: PageLifecycleTarget): void {
  if (state.is === 'unauthorized') auth.refresher?.askAgain();
  else if (loop.socket) loop.socket.probe();
  else loop.endPause();
  // A page that was hidden was read more rarely.
  parts.reconnect?.schedule();
}

/** Tells a session what its page goes through. @returns how to stop. */
export function watchPage(session: PageLifecycleTarget): () => void {
  const watching = new AbortController();
  const { signal } = watching;
  const on = (
    name: string,
    run: () => void,
    target: Pick<EventTarget, 'addEventListener'> | undefined = globalThis,
  ): void => target?.addEventListener?.(name, run, { signal });
  let hintedAt = -Infinity;
  const hint = (): void => {
    if (timeLeft(session.clock, { from: hintedAt, ms: HINT_MS }) > 0) return;
    hintedAt = session.clock.now();
    onNetworkHint(session);
  };
  // Hints, no more: browsers say 'online' without a network, and 'offline' with one.
  on('online', hint);
  on('offline', hint);
  // The user may have signed in elsewhere meanwhile. A connection that works is not checked at every click into the window.
  on('focus', () => session.state.is === 'unauthorized' && hint());
  // A page with an open socket, or a lock, is not kept for the way back; one that is frozen cannot keep a socket alive.
  on('pagehide', () => suspend(session));
  on('pageshow', () => resume(session));
  const page = globalThis.document as Document | undefined;
  on('freeze', () => suspend(session), page);
  on('resume', () => resume(session), page);
  on('visibilitychange', () => page?.visibilityState === 'visible' && hint(), page);
  return () => watching.abort();
}
