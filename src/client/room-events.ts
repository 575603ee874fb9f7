/** The work of the client after events of rooms. Deferred: see deferred.ts. */
import { noop } from '../internal/noop.js';
import type { RoomEvent, SessionEvent } from '../model/index.js';
import { check, idKey, Room, sameId, type Id } from '../protocol/index.js';
import { roomOf } from '../store/selectors.js';
import type { ConnectionParts } from './connection-parts.js';
import { confirmDelivery, onHistory, onOffer } from './delivery-receipts.js';
import type { StateStore } from './state-store.js';

type RoomEventHost = Pick<ConnectionParts, 'session' | 'store' | 'timers'>;

/** A user who has not sent `typing` again for this time has stopped, in milliseconds. */
const TYPING_TIMEOUT_MS = 6_000;
/** Minimum interval between two reloads of the room list for the same unknown room, in milliseconds. */
const UNKNOWN_ROOM_MS = 60_000;

/** What follows an event, after the state has changed. */
export function afterEvent(
  host: RoomEventHost,
  event: Extract<SessionEvent, { type: 'room-event' | 'history' | 'live-message' | 'offer' }>,
): void {
  switch (event.type) {
    case 'offer':
      return onOffer(host);
    case 'history':
      return onHistory(host, event);
    case 'live-message':
      onUnknownRoom(host, event.roomId);
      // All tabs receive it, but it has reached one device.
      if (!host.session.tabs.isFollower) confirmDelivery(host, event.roomId, event.message);
      return;
    default:
      return onRoomEvent(host, event.event);
  }
}

function onRoomEvent(host: RoomEventHost, event: RoomEvent): void {
  const { store, timers } = host;
  if (event.type === 'typing' && event.isTyping) {
    const { roomId, userId } = event;
    timers.set(`typist ${idKey(roomId)} ${idKey(userId)}`, TYPING_TIMEOUT_MS, () =>
      store.dispatch({ type: 'typing-expired', roomId, userId }),
    );
  }
  if (event.type !== 'room-updated') return;
  // A new member gets the whole room.
  const room = 'room_type' in event.updates && check(Room, event.updates, 'room_updated');
  if (room && room.ok && sameId(room.value.id, event.roomId)) addRoom(store, room.value);
  onUnknownRoom(host, event.roomId);
}

/** Adds a room to the list, if it is not there. */
export function addRoom(store: StateStore, room: Room): void {
  const { rooms, roomsLoaded, roomsLeftOut: leftOut, roomsComplete: isComplete } = store.data;
  if (!roomsLoaded || !room.is_active || roomOf(store.data, room.id)) return;
  store.dispatch({ type: 'rooms', rooms: [...rooms, room], method: 'rest', exactUnread: true, leftOut, isComplete });
}

/** Reloads the room list after an event in a room that it does not contain: the user was probably just added to it. */
function onUnknownRoom({ store, session, timers }: RoomEventHost, roomId: Id): void {
  const timer = `unknown-room ${idKey(roomId)}`;
  if (!store.data.roomsLoaded || roomOf(store.data, roomId) || timers.has(timer)) return;
  // Rate-limited, because the backend may send events of a room that its list never contains.
  timers.set(timer, UNKNOWN_ROOM_MS, noop);
  void session.refreshRooms().catch(noop);
}
