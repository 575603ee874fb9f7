/** How people and rooms are called. */
import { sameId, type Id, type Room, type User } from '../protocol/index.js';

type Named = Pick<User, 'username' | 'first_name' | 'last_name'>;

/** The longest name that is shown, in characters. */
const MAX_NAME = 200;

/** A name without the characters that turn the direction of what follows. */
const plain = (name: string): string => name.slice(0, MAX_NAME).replace(/[\u202a-\u202e\u2066-\u2069]/g, '');

export const fullName = (user: Named | null): string => plain((user && (`${user.first_name} ${user.last_name}`.trim() || user.username)) || '');

export const firstName = (user: Named | null): string => plain(user?.first_name || user?.username || '');

/** The one other person of a direct room. */
export function otherParticipant(room: Room, me: Id | undefined): User | null {
  if (room.room_type !== 'direct') return null;
  const others = room.participants.filter(({ id }) => !sameId(id, me));
  return others.length === 1 ? others[0]! : null;
}

/** A direct room is called as the other person is; any other one as it says. */
export const roomName = (room: Room, me: Id | undefined): string => fullName(otherParticipant(room, me)) || plain(room.name);
