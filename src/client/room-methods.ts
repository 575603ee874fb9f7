/** The methods of a {@link ChatRoom}, with the connection and the room as first arguments. Loaded on first use. */
import type { Id } from '../protocol/index.js';
import { isAllowed, messageOf, type RoomAction } from '../store/permissions.js';
import type { ConnectionParts } from './connection-parts.js';

export { deleteMessage as delete, editMessage as edit, react } from './message-actions.js';
export { openAt } from './open-at.js';
export { refreshMessage } from './refresh-message.js';
export { changeSettings, invite, leave, removeMember, rename } from './room-changes.js';
export { changePicture } from './room-picture.js';
export { deliveredTo, markUnread, readBy } from './read-state.js';

export function can({ store, clock }: ConnectionParts, roomId: Id, action: RoomAction, messageId?: Id): boolean {
  const message = messageId === undefined ? undefined : messageOf(store.data, roomId, messageId);
  if (messageId !== undefined && !message) return false;
  return isAllowed(store.data, roomId, action, message, clock.now());
}
