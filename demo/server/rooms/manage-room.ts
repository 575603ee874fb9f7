/** Capability `manage_room`: name and members of a room. Every change locks the room, as a message does. */
import type { Viewer } from '../auth.js';
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import { accessDenied, RequestError } from '../errors.js';
import { deleteDueFilesSoon } from '../uploads/stored-files.js';
import type { WireUser } from '../users.js';
import { requirePermission, type Role } from './permissions.js';
import { announceRoom, checkRoomSize, readName, readUserIds, requireUsers, unknownUser } from './room-members.js';
import type { WireRoom } from './room-row.js';
import { changePicture } from './room-picture.js';
import { getRoom, lockRoom, membersOf } from './rooms.js';
import { getMembers, type WireMember } from './people.js';

/** Changes name and picture. @returns the room. */
export async function changeRoom(
  context: Context,
  viewer: Viewer,
  roomId: number,
  body: Record<string, unknown>,
): Promise<WireRoom> {
  const changed = await context.database.transaction(async (inside) => {
    // Checked first: no answer may reveal anything about a room to others.
    requirePermission(await lockRoom(inside, roomId, viewer.id), roomId, 'rename');
    const { name, picture: uploadId } = body;
    const renamed =
      name !== undefined &&
      (await inside.query('update rooms set name = $2 where id = $1 and name <> $2 returning id', [
        roomId,
        readName(name),
      ]));
    const isOther =
      uploadId !== undefined && (await changePicture(inside, context.options, { roomId, userId: viewer.id, uploadId }));
    return isOther || (renamed && renamed.length > 0);
  });
  const room = await getRoom(context, viewer.id, roomId);
  if (!room) throw accessDenied(roomId);
  if (changed) {
    deleteDueFilesSoon(context);
    await announceChange(context, roomId, room);
  }
  return room;
}

/** Adds members. @returns those of the request, also if they were members before. */
export async function invite(
  context: Context,
  viewer: Viewer,
  roomId: number,
  body: Record<string, unknown>,
): Promise<WireMember[]> {
  const { database } = context;
  const { userIds, added } = await database.transaction(async (inside) => {
    requirePermission(await lockRoom(inside, roomId, viewer.id), roomId, 'invite');
    const userIds = readUserIds(body['user_ids']);
    const members = new Set((await membersOf(inside, roomId)).map(({ userId }) => userId));
    const added = userIds.filter((id) => !members.has(id));
    checkRoomSize(context, members.size + added.length);
    await requireUsers(inside, viewer, added);
    await inside.query('insert into members (room_id, user_id) select $1, unnest($2::int[])', [roomId, added]);
    await touch(inside, roomId, added.length);
    return { userIds, added };
  });
  if (added.length > 0) {
    await announceRoom(context, roomId, added);
    await announceChange(context, roomId, await getRoom(context, viewer.id, roomId), added);
  }
  return getMembers(context, roomId, userIds);
}

/** Removes a member; with the own id, leaves the room. */
export async function removeMember(
  context: Context,
  viewer: Viewer,
  roomId: number,
  userId: number | null,
): Promise<void> {
  const { database, log } = context;
  await database.transaction(async (inside) => {
    const membership = await lockRoom(inside, roomId, viewer.id);
    if (userId === viewer.id) {
      if (!membership) throw accessDenied(roomId);
      if (membership.roomType === 'direct')
        throw new RequestError('not_allowed', 'A conversation of two people cannot be left. Archive it.', { roomId });
    } else requirePermission(membership, roomId, 'remove_member');
    const [gone] = await inside.query<{ role: Role }>(
      'delete from members where room_id = $1 and user_id = $2 returning role',
      [roomId, userId],
    );
    if (!gone) throw unknownUser();
    if (gone.role === 'owner') await appointOwner(inside, roomId);
    await touch(inside, roomId, 1);
    // It has no members left.
    await inside.query(
      'update rooms r set is_active = false where id = $1 and not exists (select 1 from members where room_id = $1)',
      [roomId],
    );
  });
  log.info({ user: viewer.id, room: roomId, member: userId }, userId === viewer.id ? 'left a room' : 'member removed');
  endMembership(context, roomId, userId!);
  const [other] = await membersOf(database, roomId);
  if (other) await announceChange(context, roomId, await getRoom(context, other.userId, roomId));
}

/** If no owner is left, the member who joined first becomes the owner. */
async function appointOwner(inside: Queryable, roomId: number): Promise<void> {
  await inside.query(
    `update members set role = 'owner' where room_id = $1
       and not exists (select 1 from members o where o.room_id = $1 and o.role = 'owner')
       and user_id = (select o.user_id from members o where o.room_id = $1 order by o.joined_at, o.user_id limit 1)`,
    [roomId],
  );
}

/** Lets lists that ask for changes find the room: its members have changed, which are not in its row. */
async function touch(inside: Queryable, roomId: number, changes: number): Promise<void> {
  if (changes > 0) await inside.query('update rooms set is_active = is_active where id = $1', [roomId]);
}

/** Tells all devices of a former member. Sockets of other processes end their subscriptions within seconds. */
function endMembership({ broadcast, hub, presence }: Context, roomId: number, userId: number): void {
  for (const connection of hub.subscribers(roomId))
    if (connection.userId === userId) presence.unsubscribe(connection, roomId);
  const timestamp = new Date();
  broadcast({
    to: 'users',
    userIds: [userId],
    frames: [
      { type: 'unsubscribed', room_id: roomId, timestamp },
      // A socket that was not subscribed cannot tell `unsubscribed` from an answer.
      { type: 'room_updated', room_id: roomId, updates: { is_active: false }, timestamp },
    ],
  });
}

/** Tells the members, except the new ones, who got the whole room. */
async function announceChange(
  context: Context,
  roomId: number,
  room: { name: string; picture?: string | null; participants: WireUser[]; participant_count: number } | undefined,
  except: readonly number[] = [],
): Promise<void> {
  if (!room) return;
  const { name, picture, participants, participant_count } = room;
  const members = await membersOf(context.database, roomId);
  const frame = {
    type: 'room_updated',
    room_id: roomId,
    updates: { name, picture, participants, participant_count },
    timestamp: new Date(),
  };
  const userIds = members.map(({ userId }) => userId).filter((id) => !except.includes(id));
  context.broadcast({ to: 'users', userIds, frames: [frame] });
}
