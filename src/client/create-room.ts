/**
 * Creates a {@link ChatRoom} and the {@link AllPeople} of a connection, whose code is loaded when one of their methods is
 * called first.
 */
import { lazyImport } from '../internal/lazy-import.js';
import type { Id } from '../protocol/index.js';
import { ChatError, throwIfAborted } from '../transport/index.js';
import type { ChatRoom } from './chat-room.js';
import { loadParts, type ConnectionCore } from './connection-core.js';
import type { AllPeople } from './people.js';

type Methods = Record<string, (core: ConnectionCore, ...given: unknown[]) => unknown>;

/**
 * An object with the methods of a module. They are called as (core, ...first, ...arguments). A proxy, because a list of
 * their names would be part of the first download.
 */
const lazyMethods = (load: () => Promise<object>, core: ConnectionCore, ...first: unknown[]): object =>
  new Proxy(
    {},
    {
      get: (_target, name) =>
        // With a method `then`, it could not be awaited.
        typeof name === 'symbol' || name === 'then'
          ? undefined
          : async (...given: unknown[]): Promise<unknown> => {
              const { signal } = core.session;
              await loadParts();
              const methods = await load().catch(() => {
                throw new ChatError('unreachable', 'A part of the chat could not be loaded.');
              });
              // The user may have changed meanwhile.
              throwIfAborted(signal);
              return (methods as Methods)[name]!(core, ...first, ...given);
            },
    },
  );

const importRoom = lazyImport(() => import('./room-methods.js'));
const importPeople = lazyImport(() => import('./people-methods.js'));

export const createRoom = (core: ConnectionCore, id: Id): ChatRoom => lazyMethods(importRoom, core, id) as ChatRoom;

export const createPeople = (core: ConnectionCore): AllPeople => lazyMethods(importPeople, core) as AllPeople;
