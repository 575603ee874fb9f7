/** Display names of users and rooms. */
import { sameId, type Id, type Room, type User } from '../protocol/index.js';

type Named = Pick<User, 'username' | 'first_name' | 'last_name'>;

/** Longer names are cut, in characters. */
const MAX_NAME = 200;

/** Removes bidirectional control characters, which would reorder the text after the name. */
const sanitize = (name: string): string => name.slice(0, MAX_NAME).replace(/[\u202a-\u202e\u2066-\u2069]/g, '');

export const fullName = (user: Named | null): string =>
  sanitize((user && (`${user.first_name} ${user.last_name}`.trim() || user.username)) || '');

export const firstName = (user: Named | null): string => sanitize(user?.first_name || user?.username || '');

/** The other participant of a direct room; null in a group, or if there is not exactly one. */
export function otherParticipant(room: Room, me: Id | undefined): User | null {
  if (room.room_type !== 'direct') return null;
  const others = room.participants.filter(({ id }) => !sameId(id, me));
  return others.length === 1 ? others[0]! : null;
}

/** A direct room is named after the other participant. */
export const roomName = (room: Room, me: Id | undefined): string =>
  fullName(otherParticipant(room, me)) || sanitize(room.name);
