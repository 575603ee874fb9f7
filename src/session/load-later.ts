import { ChatError } from '../transport/index.js';

type Later = typeof import('./later.js');

let code: Promise<Later> | undefined;

/**
 * Loads what is not needed at first (later.ts): as soon as there is time, so that it is there when the network is not.
 * @throws {ChatError} `unreachable`.
 */
export const loadLater = (): Promise<Later> =>
  (code ??= import('./later.js').catch(() => {
    code = undefined;
    throw new ChatError('unreachable', 'A part of the chat could not be loaded.');
  }));
