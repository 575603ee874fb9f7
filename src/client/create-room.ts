/**
 * Creates a {@link ChatRoom} and the {@link People} of a connection, whose code is loaded when one of their methods is
 * called first.
 */
import { lazyImport } from '../internal/lazy-import.js';
import type { Id } from '../protocol/index.js';
import { ChatError, throwIfAborted } from '../transport/index.js';
import type { ChatRoom } from './chat-room.js';
import { loadParts, type ConnectionCore } from './connection-core.js';
import type { AllPeople } from './people.js';

const METHODS = [
  'can',
  'edit',
  'delete',
  'react',
  'openAt',
  'markUnread',
  'readBy',
  'rename',
  'invite',
  'removeMember',
  'leave',
  'changeSettings',
] as const satisfies readonly (keyof ChatRoom)[];

const PEOPLE_METHODS = ['search', 'members', 'startDirect', 'loadMore'] as const satisfies readonly (keyof AllPeople)[];

/** Loads methods, which are called as (core, ...first, ...arguments): see room-methods.ts, people-methods.ts. */
const lazyMethods = (
  load: () => Promise<object>,
  names: readonly string[],
  core: ConnectionCore,
  ...first: unknown[]
): unknown =>
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
        return (methods as Record<string, (...given: unknown[]) => unknown>)[name]!(core, ...first, ...given);
      },
    ]),
  );

const importRoom = lazyImport(() => import('./room-methods.js'));
const importPeople = lazyImport(() => import('./people-methods.js'));

export const createRoom = (core: ConnectionCore, id: Id): ChatRoom =>
  lazyMethods(importRoom, METHODS, core, id) as ChatRoom;

export const createPeople = (core: ConnectionCore): AllPeople =>
  lazyMethods(importPeople, PEOPLE_METHODS, core) as AllPeople;
