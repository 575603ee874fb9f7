/** Changes of the list of rooms that the first messages do not need. Deferred: loaded with history-pages.ts. */
import type { RoomEvent } from '../model/index.js';
import { idKey, sameId, type Id, type Room } from '../protocol/index.js';
import type { Intent } from './actions.js';
import { withNewRooms } from './new-rooms.js';
import { inRoom, withUnreadCount } from './rooms.js';
import { threadOf } from './selectors.js';
import type { ChatData } from './state.js';
import { activity, isOlder } from './threads.js';
import { isStored } from './timeline-entries.js';

export function onRoomUpdated(
  state: ChatData,
  { roomId, updates }: Extract<RoomEvent, { type: 'room-updated' }>,
): ChatData {
  const before = updates.first_unread_id == null ? state : keepUnread(state, roomId);
  const next = inRoom(before, roomId, (room) =>
    withUnreadCount(before, { ...room, ...(updates as Partial<Room>) }, true),
  );
  return next === before ? before : { ...next, rooms: moved(next.rooms, roomId).filter((room) => room.is_active) };
}

export const onMarkedRead = (
  state: ChatData,
  { roomId, count }: Extract<RoomEvent, { type: 'messages-marked-read' }>,
): ChatData =>
  inRoom(state, roomId, (room) => ({
    ...room,
    unread_count: Math.max(0, room.unread_count - count),
    // Not known, unless all are read: it may be one of these.
    first_unread_id: undefined,
  }));

/** A room was marked as unread, here or on another device: no view counts as reading until the room is left. */
function keepUnread(state: ChatData, roomId: Id): ChatData {
  const key = idKey(roomId);
  if (!state.reading.includes(key)) return state;
  return {
    ...state,
    reading: state.reading.filter((room) => room !== key),
    keptUnread: [...state.keptUnread.filter((room) => room !== key), key],
  };
}

/** Marks a message and the `count` unread ones from it as unread. */
export const onMarkedUnread = (
  state: ChatData,
  { roomId, messageId, count }: Extract<Intent, { type: 'mark-unread' }>,
): ChatData => ({
  ...keepUnread(state, roomId),
  rooms: state.rooms.map((room) =>
    sameId(room.id, roomId)
      ? { ...room, unread_count: Math.max(count, room.unread_count), first_unread_id: messageId }
      : room,
  ),
});

/** Sorts the rooms again after the activity of one has changed. */
export function moved(rooms: readonly Room[], roomId: Id): readonly Room[] {
  const room = rooms.find(({ id }) => sameId(id, roomId))!;
  const others = rooms.filter((other) => other !== room);
  const to = others.findIndex((other) => activity(other) <= activity(room));
  others.splice(to < 0 ? others.length : to, 0, room);
  return others;
}

/**
 * Replaces the listed last message of each room by a newer loaded one: some backends do not list messages sent over
 * REST. Not with the capability `user_channel`: then the list is correct, and a message missing from it was deleted.
 */
export const previewed = (state: ChatData, rooms: readonly Room[]): readonly Room[] =>
  withNewRooms(state, state.capabilities.includes('user_channel') ? rooms : withKnownPreviews(state, rooms));

const withKnownPreviews = (state: ChatData, rooms: readonly Room[]): readonly Room[] =>
  rooms.map((room) => {
    const last = threadOf(state, room.id).timeline.findLast((entry) => isStored(entry) && !entry.deleted_at);
    return last && !isOlder(last, room) ? { ...room, last_message: last } : room;
  });
