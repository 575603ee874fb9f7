/** Groups of methods whose code is loaded when one of them is called first. */
import { ChatError, throwIfAborted } from '../transport/index.js';
import { loadParts, type ConnectionCore } from './connection-core.js';

/**
 * Creates the methods of a group. Each is called as (core, ...bound, ...arguments).
 * @param load loads their code. A failure is `unreachable`.
 */
export const lazyMethods = <Methods>(
  names: readonly (keyof Methods)[],
  load: () => Promise<object>,
  core: ConnectionCore,
  ...bound: readonly unknown[]
): Methods =>
  Object.fromEntries(
    names.map((name) => [
      name,
      async (...given: unknown[]): Promise<unknown> => {
        const { signal } = core.session;
        await loadParts();
        const methods = await load().catch(() => {
          throw new ChatError('unreachable', 'A part of the chat could not be loaded.');
        });
        // The user may have changed meanwhile.
        throwIfAborted(signal);
        return (methods as Record<keyof Methods, (...given: unknown[]) => unknown>)[name](core, ...bound, ...given);
      },
    ]),
  ) as Methods;
