import { ChatError } from '../transport/index.js';
import type * as later from './later.js';
import { partLoader } from './load-part.js';

const load = partLoader<typeof later>(() => import('./later.js'));

let loaded: typeof later | undefined;
let also = (): Promise<unknown> => Promise.resolve();

/** Loads a part of the store together with it: what its code asks for, that part can show. */
export const loadWithLater = (load: () => Promise<unknown>): void => void (also = load);

/**
 * Loads what is not needed at first (later.ts): as soon as there is time, so that it is there when the network is not.
 * @throws {ChatError} `unreachable`.
 */
export const loadLater = (): Promise<typeof later> =>
  Promise.all([load(), also()]).then(([later]) => (loaded = later), () => {
    throw new ChatError('unreachable', 'A part of the chat could not be loaded.');
  });

/** The same, without a wait where it is there. */
export const laterNow = (): typeof later | Promise<typeof later> => loaded ?? loadLater();
