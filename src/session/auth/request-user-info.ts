/** Who is there, and what the backend offers, where no socket has said it: `GET me/`. Loaded on demand: see deferred.ts. */
import { ChatError, throwIfAborted, toChatError, type ErrorCode } from '../../transport/index.js';
import type { SessionContext } from '../session-context.js';
import { TEMPORARY } from '../temporary-errors.js';

type UserInfoHost = Pick<SessionContext, 'backend' | 'rest'>;

/** Errors that do not tell whether the backend has the route. */
const INCONCLUSIVE: readonly ErrorCode[] = [...TEMPORARY, 'unauthorized', 'aborted', 'token_missing'];

/** Asks once per sign-in. A backend that has no such route is a baseline backend; where it cannot be asked now, it is asked with the next poll. */
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
