/** Creates a {@link ChatRoom}, whose code is loaded when one of its methods is called first. */
import { lazyImport } from '../internal/lazy-import.js';
import type { Id } from '../protocol/index.js';
import { ChatError, throwIfAborted } from '../transport/index.js';
import type { ChatRoom } from './chat-room.js';
import { loadParts, type ConnectionCore } from './connection-core.js';

const METHODS = [
  'can',
  'edit',
  'delete',
  'react',
  'openAt',
  'markUnread',
  'readBy',
  'deliveredTo',
] as const satisfies readonly (keyof ChatRoom)[];

const importMethods = lazyImport(() => import('./room-methods.js'));

async function loadMethods(): Promise<Awaited<ReturnType<typeof importMethods>>> {
  await loadParts();
  try {
    return await importMethods();
  } catch {
    throw new ChatError('unreachable', 'A part of the chat could not be loaded.');
  }
}

type Method = Exclude<keyof Awaited<ReturnType<typeof importMethods>>, symbol>;

/** Calls a method of room-methods.ts, with the connection as its first argument. */
export async function callMethod(core: ConnectionCore, name: Method, ...given: unknown[]): Promise<unknown> {
  const { signal } = core.session;
  const methods = await loadMethods();
  // The user may have changed meanwhile.
  throwIfAborted(signal);
  return (methods[name] as (core: ConnectionCore, ...given: unknown[]) => unknown)(core, ...given);
}

/** The methods are called as (core, id, ...arguments): see room-methods.ts. */
export const createRoom = (core: ConnectionCore, id: Id): ChatRoom =>
  Object.fromEntries(
    METHODS.map((name) => [name, (...given: unknown[]) => callMethod(core, name, id, ...given)]),
  ) as unknown as ChatRoom;
