/** Rooms that are created with their first message. Deferred: loaded with history-pages.ts. */
import { isNewRoom, type NewRoom, type SessionEvent } from '../model/index.js';
import { idKey, sameId, type Id, type Room } from '../protocol/index.js';
import type { Intent } from './actions.js';
import { roomOf, threadOf } from './selectors.js';
import { EMPTY_THREAD, type ChatData } from './state.js';

/** New rooms without a message that are kept. */
const MAX_EMPTY = 100;
/** Created rooms whose local ids are remembered. */
const MAX_CREATED = 100;

export function onNewRoom(state: ChatData, { roomId, newRoom, at }: Extract<Intent, { type: 'new-room' }>): ChatData {
  // The same conversation, perhaps with another token.
  if (roomOf(state, roomId)) return { ...state, newRooms: new Map(state.newRooms).set(idKey(roomId), newRoom) };
  const { rooms, threads, newRooms } = withoutOldestEmpty(state);
  return {
    ...state,
    rooms: [localRoom(roomId, newRoom, new Date(at).toISOString()), ...rooms],
    threads: new Map(threads).set(idKey(roomId), { ...EMPTY_THREAD, loaded: true }),
    newRooms: new Map(newRooms).set(idKey(roomId), newRoom),
  };
}

/** A page may open conversations in which nothing is written: the oldest one is released. */
function withoutOldestEmpty(state: ChatData): Pick<ChatData, 'rooms' | 'threads' | 'newRooms'> {
  const empty = [...state.newRooms.keys()].filter((id) => threadOf(state, id).timeline.length === 0);
  const [oldest] = empty;
  if (empty.length < MAX_EMPTY || oldest === undefined) return state;
  const [threads, newRooms] = [new Map(state.threads), new Map(state.newRooms)];
  threads.delete(oldest);
  newRooms.delete(oldest);
  return { rooms: state.rooms.filter(({ id }) => !sameId(id, oldest)), threads, newRooms };
}

const localRoom = (id: Id, { userIds, name = '', participants }: NewRoom, time: string): Room => ({
  id,
  name,
  room_type: userIds.length === 1 ? 'direct' : 'general',
  participants: [...participants],
  participant_count: userIds.length + 1,
  last_message: null,
  unread_count: 0,
  created_at: time,
  updated_at: time,
  is_active: true,
});

/** The rooms of a list, with those that are not created yet. A list that is not the server's may have them already. */
export const withNewRooms = (state: ChatData, rooms: readonly Room[]): readonly Room[] =>
  state.newRooms.size === 0
    ? rooms
    : [...rooms.filter(({ id }) => !isNewRoom(id)), ...state.rooms.filter(({ id }) => isNewRoom(id))];

/** A room was created: it takes over the messages of the local one. */
function onRoomCreated(
  state: ChatData,
  { localRoomId, room }: Extract<SessionEvent, { type: 'room-created' }>,
): ChatData {
  const [from, to] = [idKey(localRoomId), idKey(room.id)];
  const threads = new Map(state.threads);
  const target = threadOf(state, room.id);
  const moved = threadOf(state, localRoomId).timeline.map((entry) => ({ ...entry, room: room.id }));
  const uploads = new Map(state.uploads);
  for (const [id, upload] of uploads)
    if (sameId(upload.roomId, localRoomId)) uploads.set(id, { ...upload, roomId: room.id });
  threads.delete(from);
  threads.set(to, { ...target, timeline: [...target.timeline, ...moved] });
  const newRooms = new Map(state.newRooms);
  newRooms.delete(from);
  const createdRooms = new Map([...state.createdRooms].slice(1 - MAX_CREATED)).set(from, room.id);
  const others = state.rooms.filter(({ id }) => !sameId(id, localRoomId) && !sameId(id, room.id));
  return {
    ...state,
    threads,
    uploads,
    newRooms,
    createdRooms,
    rooms: [roomOf(state, room.id) ?? room, ...others],
    selected: sameId(state.selected, localRoomId) ? room.id : state.selected,
  };
}

export const onRoom = (
  state: ChatData,
  action: Extract<Intent, { type: 'new-room' }> | Extract<SessionEvent, { type: 'room-created' }>,
): ChatData => (action.type === 'new-room' ? onNewRoom(state, action) : onRoomCreated(state, action));
