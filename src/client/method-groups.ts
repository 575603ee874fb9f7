/** The groups of methods of a connection, whose code is loaded when one of them is called first. */
import type { Id } from '../protocol/index.js';
import { throwIfAborted } from '../transport/index.js';
import type { ChatRoom } from './chat-room.js';
import type { ChatUploads } from './chat-uploads.js';
import { loadParts, type ConnectionCore } from './connection-core.js';
import type { MethodGroup } from './load-methods.js';
import type { AllPeople } from './people.js';

/**
 * The methods of a group: see load-methods.ts. Each is called as (core, ...bound, ...arguments). A proxy, because a list
 * of their names would be part of the first download.
 */
const methodsOf = (group: MethodGroup, core: ConnectionCore, ...bound: readonly unknown[]): unknown =>
  new Proxy(
    {},
    {
      get: (_target, name) =>
        // With a method `then`, it could not be awaited.
        typeof name === 'symbol' || name === 'then'
          ? undefined
          : async (...given: unknown[]): Promise<unknown> => {
              const { signal } = core.session;
              const methods = await (await loadParts()).loadMethods(group);
              // The user may have changed meanwhile.
              throwIfAborted(signal);
              return methods[name]!(core, ...bound, ...given);
            },
    },
  );

export const createRoom = (core: ConnectionCore, id: Id): ChatRoom => methodsOf('room', core, id) as ChatRoom;
export const createPeople = (core: ConnectionCore): AllPeople => methodsOf('people', core) as AllPeople;
export const createUploads = (core: ConnectionCore): ChatUploads => methodsOf('uploads', core) as ChatUploads;
