/**
 * Requests the user and the capabilities by REST (`GET me/`) if no socket has reported them. Loaded on demand: see
 * deferred.ts.
 */
import { ChatError, throwIfAborted, toChatError, type ErrorCode } from '../../transport/index.js';
import type { SessionContext } from '../session-context.js';
import { TEMPORARY } from '../temporary-errors.js';

type UserInfoHost = Pick<SessionContext, 'backend' | 'rest'>;

/** Errors that do not reveal whether the backend has the route. */
const INCONCLUSIVE: readonly ErrorCode[] = [...TEMPORARY, 'unauthorized', 'aborted', 'token_missing'];

/**
 * Requests them once per sign-in. A backend without this route is a baseline backend. After a temporary error, the next
 * poll requests them again.
 */
export async function requestUserInfo(session: UserInfoHost, signal: AbortSignal): Promise<void> {
  const { rest } = session;
  if (session.backend.isKnown || !rest) return;
  try {
    const info = await (await rest.deferred()).fetchUserInfo(signal);
    throwIfAborted(signal);
    session.backend.set(info, signal);
  } catch (thrown) {
    if (!INCONCLUSIVE.includes(toChatError(thrown).code)) session.backend.set(undefined, signal);
    if (thrown instanceof ChatError && thrown.code === 'unauthorized') throw thrown;
  }
}
