/** Creates the groups of methods of a connection: see lazy-methods.ts. */
import { lazyImport } from '../internal/lazy-import.js';
import type { Id } from '../protocol/index.js';
import type { ChatRoom } from './chat-room.js';
import type { ChatUploads } from './chat-uploads.js';
import type { ConnectionCore } from './connection-core.js';
import { lazyMethods } from './lazy-methods.js';
import type { AllPeople } from './people.js';

const ROOM: readonly (keyof ChatRoom)[] = [
  'can',
  'edit',
  'delete',
  'react',
  'openAt',
  'markUnread',
  'readBy',
  'deliveredTo',
  'refreshMessage',
  'rename',
  'invite',
  'removeMember',
  'leave',
  'changeSettings',
];
const PEOPLE: readonly (keyof AllPeople)[] = [
  'search',
  'members',
  'startDirect',
  'loadMore',
  'openConversation',
  'hideReceipts',
];
const UPLOADS: readonly (keyof ChatUploads)[] = ['add', 'send', 'discard', 'retry', 'pause', 'resume'];

const importRoom = lazyImport(() => import('./room-methods.js'));
const importPeople = lazyImport(() => import('./people-methods.js'));
const importUploads = lazyImport(() => import('./upload-methods.js'));

export const createRoom = (core: ConnectionCore, id: Id): ChatRoom => lazyMethods(ROOM, importRoom, core, id);
export const createPeople = (core: ConnectionCore): AllPeople => lazyMethods(PEOPLE, importPeople, core);
export const createUploads = (core: ConnectionCore): ChatUploads => lazyMethods(UPLOADS, importUploads, core);
