/** Loads the code of groups of methods. Deferred: see deferred.ts. */
import { lazyImport } from '../internal/lazy-import.js';
import { throwNotLoaded } from '../transport/index.js';
import type { ConnectionParts } from './connection-parts.js';

const GROUPS = {
  room: lazyImport(() => import('./room-methods.js')),
  people: lazyImport(() => import('./people-methods.js')),
  uploads: lazyImport(() => import('./upload-methods.js')),
};
export type MethodGroup = keyof typeof GROUPS;

type Methods = Record<string, (core: ConnectionParts, ...given: unknown[]) => unknown>;

/** @throws {ChatError} `unreachable`. */
export const loadMethods = async (group: MethodGroup): Promise<Methods> =>
  (await GROUPS[group]().catch(throwNotLoaded)) as unknown as Methods;
