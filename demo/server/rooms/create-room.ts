/** Capability `create_room`: one room per two people and context, and groups; each with a first message, if wanted. */
import { createHash } from 'node:crypto';
import type { Viewer } from '../auth.js';
import type { Context } from '../context.js';
import type { Queryable } from '../database/database.js';
import { accessDenied, RequestError } from '../errors.js';
import { checkContent } from '../limits.js';
import type { WireMessage } from '../messages/messages.js';
import { checkTempId, sendMessage } from './chat-actions.js';
import { contextColumns, findOrCreateDirect, updateContext, type FoundRoom } from './direct-rooms.js';
import { announceRoom, checkRoomSize, readName, readUserIds, requireUsers, unknownUser } from './room-members.js';
import { readRoomContext, type RoomContext } from './room-context.js';
import type { WireRoom } from './room-row.js';
import { getRoom } from './rooms.js';
import { toJson } from '../serialise.js';

interface Created {
  room: WireRoom;
  created: boolean;
  message?: WireMessage | undefined;
}

/**
 * Finds or creates a room, and sends its first message.
 * @param key the `Idempotency-Key`: identifies a group for 24 h, and the message for ever.
 */
export async function createRoom(
  context: Context,
  viewer: Viewer,
  body: Record<string, unknown>,
  key: string | undefined,
): Promise<Created> {
  const { options, database } = context;
  const userIds = readUserIds(body['user_ids']).filter((id) => id !== viewer.id);
  if (userIds.length === 0) throw new RequestError('invalid', 'A room needs another person.', { field: 'user_ids' });
  const name = body['name'] == null ? undefined : readName(body['name']);
  // Everything is checked before the room exists.
  checkRoomSize(context, userIds.length + 1);
  const text = body['text'] == null ? undefined : checkContent(body['text'], options.limits.content, { field: 'text' });
  checkTempId(key);
  const about = await readRoomContext(context, viewer, body['context'], body['context_token']);
  const [otherId] = userIds;
  const isDirect = userIds.length === 1 && name === undefined;
  const found = await database.transaction(async (inside): Promise<FoundRoom & { isRenewed: boolean }> => {
    const room = isDirect
      ? await findOrCreateDirect(inside, viewer, otherId!, unknownUser, about)
      : await findOrCreateGroup(inside, viewer, { userIds, name, about, key, now: options.clock.now() });
    return {
      ...room,
      isRenewed: !room.created && about !== undefined && (await updateContext(inside, room.roomId, about)),
    };
  });
  const { roomId, created } = found;
  if (created || found.isRenewed) await announceRoom(context, roomId);
  const message = text === undefined ? undefined : await sendFirst(context, viewer, roomId, text, key);
  const room = await getRoom(context, viewer.id, roomId);
  if (!room) throw accessDenied(roomId);
  return { room, created, message };
}

/** Under the key of the room, so that a repeated request does not store it again. */
async function sendFirst(
  context: Context,
  viewer: Viewer,
  roomId: number,
  content: string,
  tempId: string | undefined,
) {
  return (await sendMessage(context, viewer, { roomId, content, tempId }, 'rest')).message;
}

interface Group {
  userIds: number[];
  name: string | undefined;
  about: RoomContext | undefined;
  key: string | undefined;
  now: number;
}

async function findOrCreateGroup(inside: Queryable, viewer: Viewer, group: Group): Promise<FoundRoom> {
  const { userIds, name, about, key, now } = group;
  const known = key === undefined ? undefined : await claimKey(inside, viewer, key, digestOf(group), now);
  if (known !== undefined) return { roomId: known, created: false };
  await requireUsers(inside, viewer, userIds);
  const [made] = await inside.query<{ id: number }>(
    `insert into rooms (name, room_type, context_type, context_id, context_title, context_url, context_picture)
     values (coalesce($1, (select string_agg(name_of(u.username, u.first_name, u.last_name), ', ' order by u.id)
       from (select * from users where id = any($2::int[]) order by id limit ${NAMED_IN_TITLE}) u)),
       'general', $3, $4, $5, $6, $7) returning id`,
    [name ?? null, [viewer.id, ...userIds], ...contextColumns(about)],
  );
  const { id: roomId } = made!;
  await inside.query(
    `insert into members (room_id, user_id, role)
     select $1, u, case when u = $3 then 'owner' else 'member' end from unnest($2::int[]) u`,
    [roomId, [viewer.id, ...userIds], viewer.id],
  );
  if (key !== undefined)
    await inside.query('update created_rooms set room_id = $3 where user_id = $1 and key = $2', [
      viewer.id,
      key,
      roomId,
    ]);
  return { roomId, created: true };
}

/** A group without a name is called after its first members. */
const NAMED_IN_TITLE = 4;

/**
 * Reserves a key, or finds the room that was created under it.
 * @throws {RequestError} `conflict` if that was another room.
 */
async function claimKey(
  inside: Queryable,
  viewer: Viewer,
  key: string,
  digest: string,
  now: number,
): Promise<number | undefined> {
  // Waits for a request with the same key that has not ended yet.
  const claimed = await inside.query(
    `insert into created_rooms (user_id, key, digest, created_at) values ($1, $2, $3, $4)
     on conflict (user_id, key) do nothing returning key`,
    [viewer.id, key, digest, new Date(now)],
  );
  if (claimed.length > 0) return undefined;
  const [known] = await inside.query<{ roomId: number; digest: string }>(
    'select room_id as "roomId", digest from created_rooms where user_id = $1 and key = $2',
    [viewer.id, key],
  );
  if (known?.digest === digest) return known.roomId;
  throw new RequestError('conflict', 'This Idempotency-Key was already used for another room. Use a new key.');
}

/** Without title, address and picture: a repeated request may have another token. */
const digestOf = ({ userIds, name, about }: Group): string =>
  createHash('sha256')
    .update(toJson([[...userIds].sort((a, b) => a - b), name ?? null, about?.type ?? null, about?.id ?? null]))
    .digest('base64url');
