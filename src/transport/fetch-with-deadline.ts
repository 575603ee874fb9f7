import type { Clock } from './clock.js';
import { ChatError } from './errors.js';

export interface DeadlineOptions {
  clock: Clock;
  /** Milliseconds until the whole answer, headers and body, must be there. */
  timeoutMs: number;
  /** Gives it up. */
  signal?: AbortSignal | undefined;
  /** Default: the global one. */
  fetch?: typeof fetch | undefined;
}

/**
 * `fetch` with a deadline over the whole answer, and with one kind of error.
 * @param read reads the answer, within the deadline.
 * @throws {ChatError} `timeout`, `aborted`, `unreachable`; a `ChatError` that `read` throws.
 */
export async function fetchWithDeadline<T>(
  url: URL,
  init: RequestInit,
  { clock, timeoutMs, signal, fetch }: DeadlineOptions,
  read?: (response: Response) => Promise<T>,
): Promise<T | undefined> {
  const abort = new AbortController();
  let timedOut = false;
  const giveUp = (): void => abort.abort();
  // A `fetch` of the page's own, or a body that never ends, may not listen to the signal.
  const givenUp = new Promise<never>((_, reject) => abort.signal.addEventListener('abort', () => reject(new ChatError('aborted', 'The request was given up.'))));
  const cancel = clock.after(timeoutMs, () => {
    timedOut = true;
    giveUp();
  });
  signal?.addEventListener('abort', giveUp);
  if (signal?.aborted) giveUp();
  try {
    const answer = (fetch ?? globalThis.fetch)(url, { ...init, signal: abort.signal }).then((response) => read?.(response));
    return await Promise.race([answer, givenUp]);
  } catch (thrown) {
    if (timedOut) throw new ChatError('timeout', `${url.host} did not answer within ${timeoutMs / 1000} s.`);
    if (abort.signal.aborted) throw new ChatError('aborted', 'The request was given up.');
    if (thrown instanceof ChatError) throw thrown;
    throw new ChatError('unreachable', `${url.host} cannot be reached.`);
  } finally {
    cancel();
    signal?.removeEventListener('abort', giveUp);
  }
}
