/** Actions of users in rooms, shared by socket and REST: each performs the action and broadcasts the result. */
import type { Viewer } from '../auth.js';
import { deleteOldChanges, newChange, type Change } from '../messages/changes.js';
import type { Context } from '../context.js';
import type { Connection } from '../socket/hub.js';
import { checkAttachments, checkContent } from '../limits.js';
import { findMessage, withoutViewerFields, getMessages, type WireMessage } from '../messages/messages.js';
import { updateOf, type Loaded } from './room-updates.js';
import { accessDenied, RequestError } from '../errors.js';
import { findOrCreateDirect } from './direct-rooms.js';
import { announceRoom } from './room-members.js';
import type { WireRoom } from './room-row.js';
import { getRoom, isMember, unreadCount } from './rooms.js';
import type { Member } from './member.js';
import { membershipOf, requirePermission } from './permissions.js';
import { markReadEach, markReadUpTo, storeMessage, type Draft } from '../messages/store-message.js';

export interface SendRequest extends Omit<Draft, 'senderId' | 'content' | 'viewers' | 'attachments' | 'messageType'> {
  content: unknown;
  attachments?: readonly unknown[] | undefined;
}

export interface Sent {
  /** Undefined if the message was stored before and has since been deleted. */
  message: WireMessage | undefined;
  id: number;
  isNew: boolean;
}

const MAX_TEMP_ID_LENGTH = 200;
/** Old changes of a room are deleted after every tenth of the retained number. */
const CLEANUPS_PER_WINDOW = 10;

/** @throws {RequestError} if the text cannot be the sender's own id of a message. */
export function checkTempId(tempId: string | undefined, roomId?: number): void {
  if (tempId !== undefined && (tempId === '' || tempId.length > MAX_TEMP_ID_LENGTH || tempId.includes('\0')))
    throw new RequestError('invalid', `A message id must have 1 to ${MAX_TEMP_ID_LENGTH} characters.`, { roomId });
}

export async function sendMessage(
  context: Context,
  viewer: Viewer,
  request: SendRequest,
  by: 'websocket' | 'rest',
): Promise<Sent> {
  const { options, log, presence } = context;
  const { roomId, tempId } = request;
  const attachments = checkAttachments(request.attachments, options.limits.attachments, roomId);
  const content = checkContent(request.content, options.limits.content, {
    roomId,
    isOptional: attachments.length > 0,
  });
  checkTempId(tempId, roomId);
  await context.rateLimits.count('rate', viewer.id);
  const stored = await storeMessage(context, {
    ...request,
    content,
    attachments,
    senderId: viewer.id,
    // Without the capability, the id is only echoed, and a retry stores a second message.
    tempId: options.baseline ? undefined : tempId,
    viewers: await presence.subscribedUsers(roomId),
  });
  const { id, isNew } = stored;
  log.info({ user: viewer.id, room: roomId, message: id, by, isNew }, 'message stored');
  if (!stored.isNew) {
    const message = (await getMessages(context, viewer.id, [id])).get(id);
    return { message: message?.deleted_at ? undefined : message, id, isNew };
  }
  const { message, seq, members } = stored;
  if (options.baseline) announceBaseline(context, message, members, tempId, by);
  else await broadcastChange(context, newChange('new_message', { roomId, seq, messageId: id }), { message, members });
  return { message, id, isNew };
}

/** Broadcasts a change to the members of its room. */
export async function broadcastChange(
  context: Pick<Context, 'options' | 'database' | 'log' | 'broadcast'>,
  change: Change,
  loaded?: Loaded,
): Promise<void> {
  const { options, database, log } = context;
  const { roomId, seq } = change;
  context.broadcast({ to: 'members', update: await updateOf(context, change, loaded) });
  const { syncWindow } = options;
  if (seq % Math.max(1, Math.floor(syncWindow.changes / CLEANUPS_PER_WINDOW)) > 0) return;
  deleteOldChanges(database, syncWindow, roomId).catch((error: unknown) =>
    log.error({ err: error, room: roomId }, 'deleting old changes failed'),
  );
}

/** Baseline: announces a message to subscribed sockets only. The sender recognises it by `_tempId`. */
function announceBaseline(
  context: Context,
  message: WireMessage,
  members: Member[],
  tempId: string | undefined,
  by: 'websocket' | 'rest',
): void {
  const { differences } = context;
  const { id: messageId, room: roomId, sender } = message;
  if (by === 'websocket' || !differences.has('rest-silent')) {
    const frame = {
      type: 'new_message',
      room_id: roomId,
      message: { ...withoutViewerFields(message), _tempId: tempId },
      timestamp: new Date(),
    };
    context.broadcast({ to: 'subscribers', roomId, frames: differences.frames(frame) });
  }
  const userIds = members.map(({ userId }) => userId).filter((id) => id !== sender.id);
  context.broadcast({ to: 'notified', notification: { messageId, userIds } });
}

/** What to mark as read: individual messages, or everything up to one message, or everything. */
export interface ToRead {
  ids?: number[];
  upTo?: number | null;
}

/**
 * Marks messages as read, and notifies the reader and the authors. A read receipt is not a change in terms of `sync`.
 */
export async function readMessages(
  context: Context,
  viewer: Viewer,
  roomId: number,
  { ids = [], upTo = null }: ToRead,
  from?: Connection,
): Promise<void> {
  const { database, options } = context;
  if (!(await isMember(database, roomId, viewer.id))) throw accessDenied(roomId);
  const read =
    ids.length > 0
      ? await markReadEach(database, roomId, viewer.id, ids)
      : await markReadUpTo(database, roomId, viewer.id, upTo);
  const { count } = read;
  if (upTo !== null && read.upTo === null && (await findMessage(context, upTo))?.roomId !== roomId) {
    throw new RequestError('unknown_message', 'There is no such message.', { roomId, messageId: upTo });
  }
  const marked = { type: 'messages_marked_read', room_id: roomId, count, timestamp: new Date() };
  // The client gets an answer even if nothing was unread.
  if (count === 0 || options.baseline) from?.send(marked);
  if (count === 0) return;
  const receipt = { type: 'message_read', room_id: roomId, user_id: viewer.id, timestamp: new Date() };
  if (!options.baseline) {
    const updated = {
      type: 'room_updated',
      room_id: roomId,
      updates: { unread_count: await unreadCount(database, roomId, viewer.id) },
      timestamp: new Date(),
    };
    context.broadcast({ to: 'users', userIds: [viewer.id], frames: [marked, updated] });
    // Only authors display receipts, and in a large room every reader would cause a frame to every participant.
    return context.broadcast({
      to: 'users',
      userIds: read.authors,
      frames: [{ ...receipt, ...(read.upTo === null ? { message_ids: read.messageIds } : { up_to: read.upTo }) }],
    });
  }
  // As in the recorded backend, reading by REST is not announced on sockets.
  if (from)
    context.broadcast({
      to: 'subscribers',
      roomId,
      except: viewer.id,
      frames: [{ ...receipt, message_ids: read.messageIds }],
    });
}

/** Sent only to sockets subscribed to the room. Beyond the limit, nothing is sent: typing is repeated, and may be missed. */
export async function setTyping(context: Context, viewer: Viewer, roomId: number, isTyping: boolean): Promise<void> {
  const { database, differences, rateLimits } = context;
  if (!(await rateLimits.allows('typingPerUser', viewer.id))) return;
  if (!differences.has('foreign-typing'))
    requirePermission(await membershipOf(database, roomId, viewer.id), roomId, 'send');
  const frame = {
    type: 'typing',
    room_id: roomId,
    user_id: viewer.id,
    username: viewer.username,
    is_typing: isTyping,
    timestamp: new Date(),
  };
  context.broadcast({ to: 'subscribers', roomId, except: viewer.id, frames: [frame] });
}

/** Finds or creates the direct room with another user. */
export async function startDirect(
  context: Context,
  viewer: Viewer,
  otherId: number | null,
): Promise<{ room: WireRoom; created: boolean }> {
  const { database, options } = context;
  const unknownUser = (): RequestError => new RequestError('invalid', 'There is no such user.', { field: 'user_id' });
  const { roomId, created } = await database.transaction((inside) =>
    findOrCreateDirect(inside, viewer, otherId, unknownUser),
  );
  if (created && !options.baseline) await announceRoom(context, roomId);
  const room = await getRoom(context, viewer.id, roomId);
  return { room: room!, created };
}
