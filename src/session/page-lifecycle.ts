/** Handles the lifecycle and network events of the page. Loaded on demand: see deferred.ts. */
import type { ConnectActions, SessionConfig, SessionContext, TokenActions } from './session-context.js';
import type { SocketConnection } from './socket-connection.js';
import { timeLeft } from './time-left.js';

/** The minimum time between two network hints that are handled, in milliseconds: some browsers send them in bursts. */
const HINT_MS = 1_000;

/** The interface of a session for the lifecycle of its page. */
export interface PageLifecycleTarget extends Pick<
  SessionContext,
  'clock' | 'parts' | 'platform' | 'state' | 'states' | 'token'
> {
  readonly auth: TokenActions & { readonly refresher: { askAgain(): void } | undefined };
  /** Includes a socket that is still being opened. */
  readonly loop: ConnectActions & { readonly socket: SocketConnection | undefined };
  readonly config: SessionConfig | undefined;
  /** Whether the session runs and is not suspended. */
  readonly isActive: boolean;
  configure(config: SessionConfig): void;
  end(): void;
  releaseStorage(): void;
}

/** Suspends the session, because the page is frozen or enters the back/forward cache. No message is lost. */
function suspend(session: PageLifecycleTarget): void {
  session.platform.onHide?.();
  if (!session.isActive) return;
  session.end();
  session.releaseStorage();
  session.states.toReconnecting('page_asleep');
}

/** Resumes the session, because the page is active again. */
function resume(session: PageLifecycleTarget): void {
  const { config, state, token } = session;
  if (config && state.is === 'reconnecting' && !session.isActive) session.configure({ ...config, token });
}

/** Handles a hint that the network is back or gone: a browser event, or a page that becomes visible or focused. */
function onNetworkHint({ auth, loop, parts, state }: PageLifecycleTarget): void {
  if (state.is === 'unauthorized') auth.refresher?.askAgain();
  else if (loop.socket) loop.socket.probe();
  else loop.endPause();
  // While the page was hidden, it polled less often.
  parts.reconnect?.schedule();
}

/** Connects a session to the events of its page. @returns a function that disconnects it. */
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
  // Only hints: browsers report 'online' without a network, and 'offline' with one.
  on('online', hint);
  on('offline', hint);
  // The user may have signed in elsewhere. A working connection is not checked at every click into the window.
  on('focus', () => session.state.is === 'unauthorized' && hint());
  // A page with an open socket or a lock is excluded from the back/forward cache, and a frozen page cannot keep a
  // socket alive.
  on('pagehide', () => suspend(session));
  on('pageshow', () => resume(session));
  const page = globalThis.document as Document | undefined;
  on('freeze', () => suspend(session), page);
  on('resume', () => resume(session), page);
  on('visibilitychange', () => (page?.visibilityState === 'visible' ? hint() : session.platform.onHide?.()), page);
  return () => watching.abort();
}
