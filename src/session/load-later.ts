import { ChatError } from '../transport/index.js';
import type * as later from './later.js';

let code: Promise<typeof later> | undefined;

/**
 * Loads what is not needed at first (later.ts): as soon as there is time, so that it is there when the network is not.
 * @throws {ChatError} `unreachable`.
 */
export const loadLater = (): Promise<typeof later> =>
  (code ??= import('./later.js').catch(() => {
    code = undefined;
    throw new ChatError('unreachable', 'A part of the chat could not be loaded.');
  }));
