/** Sends a request whose body is large. Loaded on demand, with upload-request.ts. */
import type { Clock } from './clock.js';
import { ChatError } from './errors.js';

export interface Transfer {
  method: 'POST' | 'PUT';
  url: URL;
  headers: Record<string, string>;
  body: Blob | FormData;
}

export interface TransferOptions {
  clock: Clock;
  signal: AbortSignal;
  /** Called with the part that is sent, from 0 to 1. */
  onProgress(progress: number): void;
}

/** The time without any progress after which a transfer fails, in milliseconds. The whole transfer may take longer. */
const STALLED_MS = 30_000;

/**
 * Sends a request by XMLHttpRequest: `fetch` does not report progress.
 * @throws {ChatError} `timeout`, `aborted`, `unreachable`.
 */
export function transfer(
  { method, url, headers, body }: Transfer,
  { clock, signal, onProgress }: TransferOptions,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let cancelTimer = (): void => {};
    let isStalled = false;
    const abort = (): void => request.abort();
    const restartTimer = (): void => {
      cancelTimer();
      cancelTimer = clock.after(STALLED_MS, () => {
        isStalled = true;
        abort();
      });
    };
    const end = (settle: () => void) => (): void => {
      cancelTimer();
      signal.removeEventListener('abort', abort);
      settle();
    };
    const failed = (): void => {
      if (isStalled) reject(new ChatError('timeout', `${url.host} has received nothing for ${STALLED_MS / 1000} s.`));
      else if (signal.aborted) reject(new ChatError('aborted', 'The upload was cancelled.'));
      else reject(new ChatError('unreachable', `${url.host} cannot be reached.`));
    };
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => {
      restartTimer();
      if (total > 0) onProgress(loaded / total);
    };
    request.onload = end(() => {
      // A redirect to another origin: its answer is not the server's.
      if (request.responseURL && new URL(request.responseURL).origin !== url.origin)
        reject(new ChatError('unexpected_answer', `${url.host} redirected to another server.`));
      else resolve(responseOf(request));
    });
    request.onerror = end(failed);
    request.onabort = end(failed);
    signal.addEventListener('abort', abort);
    restartTimer();
    request.send(body);
    if (signal.aborted) abort();
  });
}

function responseOf(request: XMLHttpRequest): Response {
  const { status, responseText } = request;
  const retryAfter = request.getResponseHeader('Retry-After');
  const isEmpty = status === 204 || status === 205 || status === 304;
  return new Response(isEmpty ? null : responseText, {
    status,
    ...(retryAfter && { headers: { 'Retry-After': retryAfter } }),
  });
}
