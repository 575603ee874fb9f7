import { throwNotLoaded } from '../transport/index.js';
import type * as deferred from './deferred.js';
import { lazyImport } from '../internal/lazy-import.js';

const load = lazyImport<typeof deferred>(() => import('./deferred.js'));

let loaded: typeof deferred | undefined;
let also = (): Promise<unknown> => Promise.resolve();

/** Registers the loader of the store's part that handles the results of the deferred code. Both are loaded together. */
export const loadWithDeferred = (load: () => Promise<unknown>): void => void (also = load);

/**
 * Loads the code that is not needed at first (deferred.ts). Called once the connection is up, so that the code is there
 * when the network is not; and at the first failure.
 * @throws {ChatError} `unreachable`.
 */
export const loadDeferred = (): Promise<typeof deferred> =>
  Promise.all([load(), also()]).then(([deferred]) => (loaded = deferred), throwNotLoaded);

/** Like `loadDeferred`, but without a wait if the code is already loaded. */
export const deferredNow = (): typeof deferred | Promise<typeof deferred> => loaded ?? loadDeferred();
