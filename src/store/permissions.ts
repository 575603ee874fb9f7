/** What the user may do in a room: docs/PROTOCOL.md, capability `permissions`. */
import { sameId, type Id } from '../protocol/index.js';
import { isOwn, roomOf, threadOf } from './selectors.js';
import type { ChatData, ChatMessage } from './state.js';

/**
 * - `send`, `attach`: write messages, and attach files.
 * - `react`: add and remove own reactions.
 * - `edit_own`, `delete_own`: change own messages.
 * - `delete_any`: delete messages of others.
 * - `invite`, `remove_member`, `rename`: change the members and the name of the room.
 */
export type RoomAction =
  'send' | 'attach' | 'react' | 'edit_own' | 'delete_own' | 'delete_any' | 'invite' | 'rename' | 'remove_member';

/** The capability that an action needs. The others are part of the baseline, or allowed only by `can` of the room. */
const CAPABILITIES: Partial<Record<RoomAction, string>> = {
  react: 'reactions',
  edit_own: 'edit',
  delete_own: 'delete',
  delete_any: 'delete',
  invite: 'manage_room',
  rename: 'manage_room',
  remove_member: 'manage_room',
};
/** Actions that are allowed if a backend does not say. */
const DEFAULT: readonly string[] = ['send', 'attach', 'react', 'edit_own', 'delete_own'];
/** Actions on a stored message, of anybody. */
const ON_MESSAGES: readonly string[] = ['react', 'edit_own', 'delete_own', 'delete_any'];

/**
 * Whether the user may do something in a room, or with a message of it. A message's own `can` replaces that of its room.
 * @param now milliseconds since 1970: messages can be edited for `limits.edit_s`.
 */
export function isAllowed(
  data: ChatData,
  roomId: Id,
  action: RoomAction,
  message?: ChatMessage,
  now = Infinity,
): boolean {
  const room = roomOf(data, roomId);
  const capability = CAPABILITIES[action];
  if (threadOf(data, roomId).denied || (capability && !data.capabilities.includes(capability))) return false;
  if (room?.closed_reason || !(message?.can ?? room?.can ?? DEFAULT).includes(action)) return false;
  return !message || !ON_MESSAGES.includes(action) || isPossible(data, action, message, now);
}

function isPossible(data: ChatData, action: RoomAction, message: ChatMessage, now: number): boolean {
  const { edit_s: editS } = data.limits;
  if (message.deleted_at || (action.endsWith('_own') && !isOwn(data, message))) return false;
  // An unsent message can be edited and discarded, but others do not have it yet.
  if (message.delivery !== 'sent') return action.endsWith('_own');
  return action !== 'edit_own' || !editS || !(now - Date.parse(message.timestamp) > editS * 1_000);
}

/** How many files a message may have. Without `uploads`, the file is part of the request that sends the message. */
export const filesPerMessage = ({ capabilities, limits }: Pick<ChatData, 'capabilities' | 'limits'>): number =>
  capabilities.includes('uploads') ? (limits.attachments ?? 1) : 1;

/** A loaded message of a room; an unsent one by its `localId`. */
export const messageOf = (data: ChatData, roomId: Id, messageId: Id): ChatMessage | undefined =>
  threadOf(data, roomId).timeline.find(({ id }) => sameId(id, messageId));
