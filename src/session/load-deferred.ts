import { ChatError } from '../transport/index.js';
import type * as deferred from './deferred.js';
import { lazyImport } from '../internal/lazy-import.js';

const load = lazyImport<typeof deferred>(() => import('./deferred.js'));

let loaded: typeof deferred | undefined;
let also = (): Promise<unknown> => Promise.resolve();

/** Loads a part of the store together with it: what its code asks for, that part can show. */
export const loadWithDeferred = (load: () => Promise<unknown>): void => void (also = load);

/**
 * Loads what is not needed at first (deferred.ts): as soon as there is time, so that it is there when the network is not.
 * @throws {ChatError} `unreachable`.
 */
export const loadDeferred = (): Promise<typeof deferred> =>
  Promise.all([load(), also()]).then(
    ([deferred]) => (loaded = deferred),
    () => {
      throw new ChatError('unreachable', 'A part of the chat could not be loaded.');
    },
  );

/** The same, without a wait where it is there. */
export const deferredNow = (): typeof deferred | Promise<typeof deferred> => loaded ?? loadDeferred();
