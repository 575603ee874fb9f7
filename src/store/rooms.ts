/** Shared helpers of the reducer, for the list of rooms. */
import { idKey, sameId, type Id, type Room } from '../protocol/index.js';
import type { ChatData } from './state.js';

export function inRoom(state: ChatData, roomId: Id, change: (room: Room) => Room): ChatData {
  if (!state.rooms.some((room) => sameId(room.id, roomId))) return state;
  return { ...state, rooms: state.rooms.map((room) => (sameId(room.id, roomId) ? change(room) : room)) };
}

/**
 * Corrects the unread count of a room. Some backends send 0 on the socket because they do not know the recipient there,
 * so an inexact count never lowers the known one.
 */
export function withUnreadCount(state: ChatData, room: Room, exact: boolean, known?: Room): Room {
  if (state.reading.includes(idKey(room.id))) return { ...room, unread_count: 0 };
  if (exact) return room;
  return { ...room, unread_count: Math.max(known?.unread_count ?? 0, room.unread_count) };
}
