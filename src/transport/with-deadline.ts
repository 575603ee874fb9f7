import type { Clock } from './clock.js';
import { ChatError, throwIfAborted } from './errors.js';

export interface DeadlineOptions {
  clock: Clock;
  /** The deadline for the whole response, headers and body, in milliseconds. */
  timeoutMs: number;
  /** Cancels the request. */
  signal?: AbortSignal | undefined;
}

/**
 * Runs a request with a deadline. All errors are a `ChatError`.
 * @param host names the backend in error messages.
 * @param run sends the request. It may ignore its signal, as a page's own `fetch` may.
 * @throws {ChatError} `timeout`, `aborted`, `unreachable`; a `ChatError` that `run` throws.
 */
export async function withDeadline<T>(
  host: string,
  run: (signal: AbortSignal) => Promise<T>,
  { clock, timeoutMs, signal }: DeadlineOptions,
): Promise<T> {
  const abort = new AbortController();
  let isLate = false;
  // Not `AbortSignal.any`: a signal with a listener would stay in memory until the caller's signal aborts.
  const giveUp = (): void => abort.abort();
  const cancel = clock.after(timeoutMs, () => {
    isLate = true;
    giveUp();
  });
  signal?.addEventListener('abort', giveUp);
  if (signal?.aborted) giveUp();
  try {
    const answer = run(abort.signal);
    const aborted = new Promise<never>((_, reject) => {
      const onAbort = (): void => reject(Error());
      if (abort.signal.aborted) onAbort();
      abort.signal.addEventListener('abort', onAbort);
    });
    return await Promise.race([answer, aborted]);
  } catch (thrown) {
    if (isLate) throw new ChatError('timeout', `${host} did not answer within ${timeoutMs / 1000} s.`);
    throwIfAborted(abort.signal);
    if (thrown instanceof ChatError) throw thrown;
    throw new ChatError('unreachable', `${host} cannot be reached.`);
  } finally {
    cancel();
    signal?.removeEventListener('abort', giveUp);
  }
}

export interface FetchOptions extends DeadlineOptions {
  /** Default: the global one. */
  fetch?: typeof fetch | undefined;
}

/**
 * `fetch` with a deadline for the whole response.
 * @param read reads the response, within the deadline.
 * @throws {ChatError} see {@link withDeadline}.
 */
export const fetchWithDeadline = <T>(
  url: URL,
  init: RequestInit,
  { fetch = globalThis.fetch, ...options }: FetchOptions,
  read?: (response: Response) => Promise<T>,
): Promise<T | undefined> =>
  withDeadline(url.host, (signal) => fetch(url, { ...init, signal }).then((response) => read?.(response)), options);
