/** Shared selectors of the state. */
import { idKey, sameId, type Id, type Message, type Room } from '../protocol/index.js';
import { reason, type Reason } from '../locale/state-reasons.js';
import { reasonOf } from '../model/index.js';
import { EMPTY_THREAD, type ChatData, type Thread } from './state.js';

export const totalUnread = (state: ChatData): number => state.rooms.reduce((sum, room) => sum + room.unread_count, 0);

export const threadOf = (state: ChatData, roomId: Id | null): Thread =>
  roomId === null ? EMPTY_THREAD : (state.threads.get(idKey(roomId)) ?? EMPTY_THREAD);

export const roomOf = (state: ChatData, roomId: Id | null): Room | undefined =>
  state.rooms.find(({ id }) => sameId(id, roomId));

/** Whether the user may write in a room: by default, and unless it is closed. See `isAllowed` for other actions. */
export const mayWrite = (room: Room | undefined): boolean =>
  !room?.closed_reason && (room?.can?.includes('send') ?? true);

/**
 * Whether a message is the current user's, according to its sender. The server's `is_own_message`, which is unreliable
 * on a socket, is only used while the user is unknown.
 */
export const isOwn = ({ user }: Pick<ChatData, 'user'>, message: Message): boolean =>
  user ? sameId(message.sender?.id, user.id) : message.is_own_message;

export const currentReason = (state: ChatData): Reason => reason(reasonOf(state.phase));
