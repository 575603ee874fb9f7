/** Asks the host about a context (`CONTEXT_URL`), whose title, address and picture are then as good as signed. */
import type { Viewer } from '../auth.js';
import type { Context } from '../context.js';
import { RequestError } from '../errors.js';
import { toJson } from '../serialise.js';

/** A person waits for the answer, in milliseconds. */
const TIMEOUT_MS = 3_000;

/**
 * @returns the body of the host's answer; undefined if there is no host, or it does not answer: the next request for the
 *   context asks again.
 * @throws {RequestError} `invalid` if the host does not know the context, or the user may not talk about it (404).
 */
export async function askHost(
  { options, log }: Pick<Context, 'options' | 'log'>,
  { id: userId }: Viewer,
  { type, id }: { type: string; id: string },
): Promise<unknown> {
  if (options.contextUrl === undefined) return undefined;
  let response: Response;
  try {
    response = await fetch(options.contextUrl, {
      method: 'POST',
      body: toJson({ type, id, user_id: userId }),
      headers: { 'Content-Type': 'application/json' },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.ok) return await response.json();
    await response.body?.cancel();
    if (response.status !== 404) throw new Error(`The host answered ${response.status}.`);
  } catch (error) {
    log.warn({ err: error, type }, 'the host cannot be asked about a context now; its title stays unknown');
    return undefined;
  }
  throw new RequestError('invalid', 'The host does not know this context, or this user may not use it.', {
    field: 'context',
  });
}
