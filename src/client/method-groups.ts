/** Creates the groups of methods of a connection: see lazy-methods.ts. */
import { lazyImport } from '../internal/lazy-import.js';
import type { Id } from '../protocol/index.js';
import type { ChatRoom } from './chat-room.js';
import type { ChatConversations, ChatUploads } from './chat-uploads.js';
import type { ConnectionCore } from './connection-core.js';
import { lazyMethods } from './lazy-methods.js';

const importRoom = lazyImport(() => import('./room-methods.js'));
const importConversations = lazyImport(() => import('./conversations.js'));
const importUploads = lazyImport(() => import('./upload-methods.js'));

export const createRoom = (core: ConnectionCore, id: Id): ChatRoom =>
  lazyMethods(
    ['can', 'edit', 'delete', 'react', 'openAt', 'markUnread', 'readBy', 'refreshMessage'],
    importRoom,
    core,
    id,
  );

export const createUploads = (core: ConnectionCore): ChatUploads =>
  lazyMethods(['add', 'send', 'discard', 'retry', 'pause', 'resume'], importUploads, core);

export const createConversations = (core: ConnectionCore): ChatConversations =>
  lazyMethods(['openConversation'], importConversations, core);
