/** What creating and changing rooms have in common: users and names in requests, and telling the members. */
import type { Viewer } from '../auth.js';
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import { RequestError, toId } from '../errors.js';
import { getRoom, membersOf } from './rooms.js';

/** Users in one request. */
const MAX_USERS = 100;
const MAX_NAME = 200;

/** Does not tell an unknown user from one who has blocked the viewer. */
export const unknownUser = (): RequestError => new RequestError('unknown_user', 'There is no such user.');

/** @returns the ids, each once. @throws {RequestError} `invalid`, or `unknown_user` for an id that no user can have. */
export function readUserIds(given: unknown): number[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > MAX_USERS)
    throw new RequestError('invalid', `Must be a list of 1 to ${MAX_USERS} user ids.`, { field: 'user_ids' });
  return [
    ...new Set(
      given.map((id: unknown) => {
        const userId = toId(id);
        if (userId === null) throw unknownUser();
        return userId;
      }),
    ),
  ];
}

export function readName(given: unknown): string {
  const name = typeof given === 'string' ? given.trim() : '';
  if (name === '' || name.length > MAX_NAME || name.includes('\0'))
    throw new RequestError('invalid', `A name must have 1 to ${MAX_NAME} characters.`, { field: 'name' });
  return name;
}

export function checkRoomSize({ options }: Pick<Context, 'options'>, members: number): void {
  const { roomMembers } = options.limits;
  if (members > roomMembers)
    throw new RequestError('invalid', `A conversation has at most ${roomMembers} members.`, { field: 'user_ids' });
}

/** @throws {RequestError} `unknown_user` if the viewer may not know one of them. */
export async function requireUsers(inside: Queryable, viewer: Viewer, userIds: number[]): Promise<void> {
  const found = await inside.query(
    `select 1 from users u where u.id = any($1::int[]) and u.is_active
       and not exists (select 1 from blocks b where b.blocker_id = u.id and b.blocked_id = $2)`,
    [userIds, viewer.id],
  );
  if (found.length < userIds.length) throw unknownUser();
}

/**
 * Sends the whole room, as each of them sees it.
 * @param only the members who get it. Default: all members.
 */
export async function announceRoom(context: Context, roomId: number, only?: readonly number[]): Promise<void> {
  const userIds = only ?? (await membersOf(context.database, roomId)).map(({ userId }) => userId);
  for (const userId of userIds) {
    const updates = await getRoom(context, userId, roomId);
    if (!updates) continue;
    const frame = { type: 'room_updated', room_id: roomId, updates, timestamp: new Date() };
    context.broadcast({ to: 'users', userIds: [userId], frames: [frame] });
  }
}
