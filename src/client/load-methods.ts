/** Loads the code of groups of methods. Deferred: see deferred.ts. */
import { lazyImport } from '../internal/lazy-import.js';
import { ChatError } from '../transport/index.js';
import type { ConnectionParts } from './connection-parts.js';

const GROUPS = {
  room: lazyImport(() => import('./room-methods.js')),
  people: lazyImport(() => import('./people-methods.js')),
  uploads: lazyImport(() => import('./upload-methods.js')),
};
export type MethodGroup = keyof typeof GROUPS;

type Methods = Record<string, (core: ConnectionParts, ...given: unknown[]) => unknown>;

/** @throws {ChatError} `unreachable`. */
export async function loadMethods(group: MethodGroup): Promise<Methods> {
  try {
    return (await GROUPS[group]()) as unknown as Methods;
  } catch {
    throw new ChatError('unreachable', 'A part of the chat could not be loaded.');
  }
}
