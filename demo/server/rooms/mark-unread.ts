/** Capability `mark_unread`: moves back what a member has read. What others have seen of it stays. */
import type { Viewer } from '../auth.js';
import type { Context } from '../context.js';
import { accessDenied, RequestError } from '../errors.js';
import { getRoom, isMember } from './rooms.js';

/** The fields of a room that depend on what the member has read. */
export interface ReadState {
  unread_count: number;
  first_unread_id?: number | null | undefined;
  last_read_id?: number | null | undefined;
}

/**
 * Marks a message and all later ones as unread, on all devices of the user.
 * @throws {RequestError} `unknown_message` if the room does not have the message.
 */
export async function markUnread(
  context: Context,
  viewer: Viewer,
  roomId: number,
  messageId: number,
): Promise<ReadState> {
  const { database, rateLimits } = context;
  await rateLimits.count('rate', viewer.id);
  if (!(await isMember(database, roomId, viewer.id))) throw accessDenied(roomId);
  const [done] = await database.query<{ found: boolean }>('select mark_unread($1, $2, $3) as found', [
    roomId,
    viewer.id,
    messageId,
  ]);
  const room = await getRoom(context, viewer.id, roomId);
  if (!done!.found || !room)
    throw new RequestError('unknown_message', 'There is no such message.', { roomId, messageId });
  const { unread_count, first_unread_id, last_read_id } = room;
  const updates: ReadState = { unread_count, first_unread_id, last_read_id };
  const frame = { type: 'room_updated', room_id: roomId, updates, timestamp: new Date() };
  context.broadcast({ to: 'users', userIds: [viewer.id], frames: [frame] });
  return updates;
}
