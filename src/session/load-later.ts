import { ChatError } from '../transport/index.js';
import type * as later from './later.js';
import { partLoader } from './load-part.js';

const load = partLoader<typeof later>(() => import('./later.js'));

/**
 * Loads what is not needed at first (later.ts): as soon as there is time, so that it is there when the network is not.
 * @throws {ChatError} `unreachable`.
 */
export const loadLater = (): Promise<typeof later> =>
  load().catch(() => {
    throw new ChatError('unreachable', 'A part of the chat could not be loaded.');
  });
