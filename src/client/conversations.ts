/** Opens conversations: existing ones, and new ones that are created with their first message. Loaded on first use. */
import { isNewRoom, newRoomId, type NewRoom } from '../model/index.js';
import { idKey, sameId, type Id, type Room, type User } from '../protocol/index.js';
import type { ChatData } from '../store/state.js';
import { ChatError, type ContextReference } from '../transport/index.js';
import type { ConversationOptions } from './people.js';
import type { ConnectionParts } from './connection-parts.js';
import { newLocalId } from './local-id.js';
import { send } from './upload-methods.js';

const isSameContext = (a: ContextReference | null | undefined, b: ContextReference | null | undefined): boolean =>
  a?.type === b?.type && idKey(a?.id ?? '') === idKey(b?.id ?? '');

/** A listed conversation of two people about the same matter. */
function existingRoom(
  { rooms }: ChatData,
  myId: Id,
  userId: Id,
  context: ContextReference | undefined,
): Room | undefined {
  return rooms.find(({ id, room_type: type, participants, participant_count: count, context: itsContext }) => {
    // A room that is not created yet does not have its context: see `existingNewRoom`.
    if (isNewRoom(id) || !isSameContext(itsContext, context)) return false;
    // Without a context, only the direct room of the two.
    if (!context && type !== 'direct') return false;
    const ids = participants.map((user) => idKey(user.id));
    return count <= 2 && ids.length === 2 && ids.includes(idKey(myId)) && ids.includes(idKey(userId));
  });
}

/** A new room for the same people and matter, which is not created yet. */
function existingNewRoom({ newRooms }: ChatData, { userIds, name, context }: NewRoom): Id | undefined {
  const keyOf = (ids: readonly Id[]): string => ids.map(idKey).sort().join(' ');
  for (const [id, room] of newRooms)
    if (keyOf(room.userIds) === keyOf(userIds) && room.name === name && isSameContext(room.context, context)) return id;
  return undefined;
}

/** The people that are known from the listed rooms. */
function knownUsers({ rooms }: ChatData, ids: readonly Id[]): User[] {
  const known = rooms.flatMap(({ participants }) => participants);
  const unknown = { username: '', first_name: '', last_name: '', profile_picture: null };
  return ids.map((id) => known.find((user) => sameId(user.id, id)) ?? { id, ...unknown });
}

/** Messages that wait for the room, or were refused, are sent with the new token. */
function renewContextToken({ session: { outbox } }: ConnectionParts, roomId: Id, contextToken: string): void {
  for (const item of [...outbox.queues.queuedMessages, ...(outbox.fallback?.refusedMessages ?? [])])
    if (item.newRoom && sameId(item.roomId, roomId))
      void outbox.save(Object.assign(item, { newRoom: { ...item.newRoom, contextToken } }));
}

/** @throws {ChatError} `invalid`, `not_supported`. */
export function openConversation(
  core: ConnectionParts,
  { with: users, name, context, contextToken, text }: ConversationOptions,
): Id {
  const { store, session, clock } = core;
  const { data } = store;
  const { user } = data;
  const given = Array.isArray(users) ? (users as readonly Id[]) : [users as Id];
  const userIds = [...new Map(given.map((id) => [idKey(id), id])).values()].filter((id) => !sameId(id, user?.id));
  const [first] = userIds;
  if (first === undefined) throw new ChatError('invalid', 'A conversation needs another person.');
  const isPair = userIds.length === 1 && !name;
  const isPossible = session.backend.has('create_room') || (isPair && !context) || !session.backend.isKnown;
  if (!isPossible) throw new ChatError('not_supported', 'The server cannot create this conversation.');
  const participants = [...(user ? knownUsers(data, [user.id]) : []), ...knownUsers(data, userIds)];
  const newRoom: NewRoom = { userIds, name, context, contextToken, participants };
  const existing = isPair && user ? existingRoom(data, user.id, first, context)?.id : undefined;
  const roomId = existing ?? existingNewRoom(data, newRoom) ?? newRoomId(newLocalId());
  if (existing === undefined) {
    store.dispatch({ type: 'new-room', roomId, newRoom, at: clock.now() });
    if (contextToken) renewContextToken(core, roomId, contextToken);
  }
  store.dispatch({ type: 'select', roomId });
  if (text) void send(core, roomId, text, { attachments: [] }).catch(() => {});
  return roomId;
}
