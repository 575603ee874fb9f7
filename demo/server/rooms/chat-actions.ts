/** What people do in rooms, the same whether they ask by socket or by REST: do it, then tell whoever should know. */
import type { Viewer } from '../auth.js';
import { forgetChanges, newChange, type Change } from '../messages/changes.js';
import type { Context } from '../context.js';
import type { Connection } from '../socket/hub.js';
import { checkContent, countMessage } from '../limits.js';
import { findMessage, forEverybody, getMessages, type WireMessage } from '../messages/messages.js';
import { newsOf } from './room-updates.js';
import { noticeOf } from '../socket/notifications.js';
import { accessDenied, Refusal } from '../errors.js';
import { findOrCreateDirect, isMember, listRooms, membersOf, unreadCount, type WireRoom } from './rooms.js';
import { markReadEach, markReadUpTo, storeMessage, type Draft } from '../messages/store-message.js';

export interface SendRequest extends Omit<Draft, 'senderId' | 'content' | 'notice'> {
  content: unknown;
}

export interface Sent {
  /** None where it was stored before, and deleted since. */
  message: WireMessage | undefined;
  id: number;
  isNew: boolean;
}

const LONGEST_TEMP_ID = 200;
/** How often a room's old changes are forgotten: after this part of those that it keeps. */
const FORGET_PART = 10;

export async function sendMessage(context: Context, viewer: Viewer, request: SendRequest, by: 'websocket' | 'rest'): Promise<Sent> {
  const { database, options, log, presence } = context;
  const { roomId, attachment, tempId } = request;
  const content = checkContent(request.content, options.limits.content, roomId, attachment !== undefined);
  if (tempId !== undefined && (tempId === '' || tempId.length > LONGEST_TEMP_ID || tempId.includes('\0'))) {
    throw new Refusal('invalid', `An id for a message has 1 to ${LONGEST_TEMP_ID} characters.`, { roomId });
  }
  await countMessage(context.rate, viewer.id);
  const { id, seq } = await storeMessage(database, {
    ...request,
    content,
    senderId: viewer.id,
    // Without the capability the id is only echoed: sending twice stores twice.
    tempId: options.baseline ? undefined : tempId,
    notice: { ...noticeOf(viewer, content), except: await presence.looking(roomId) },
  });
  const isNew = seq !== null;
  const message = (await getMessages(context, viewer.id, [id])).get(id);
  log.info({ user: viewer.id, room: message?.room, message: id, by, isNew }, 'message stored');
  if (isNew && message && options.baseline) await announce(context, message, tempId, by);
  else if (isNew) await tellMembers(context, newChange('new_message', { roomId, seq, messageId: id }), message);
  return { message, id, isNew };
}

/** Tells the members of a room what changed in it. */
export async function tellMembers(context: Context, change: Change, known?: WireMessage): Promise<void> {
  const { options, database, log } = context;
  const { roomId, seq } = change;
  context.tell({ to: 'members', news: await newsOf(context, change, known) });
  const { syncWindow } = options;
  if (seq % Math.max(1, Math.floor(syncWindow.changes / FORGET_PART)) > 0) return;
  forgetChanges(database, syncWindow, roomId).catch((error: unknown) => log.error({ err: error, room: roomId }, 'old changes not forgotten'));
}

/** The baseline's way: to those who look. `_tempId` is how the sender recognises it. */
async function announce(context: Context, message: WireMessage, tempId: string | undefined, by: 'websocket' | 'rest'): Promise<void> {
  const { database, differences } = context;
  const { id: messageId, room: roomId, sender } = message;
  if (by === 'websocket' || !differences.has('rest-silent')) {
    const frame = { type: 'new_message', room_id: roomId, message: { ...forEverybody(message), _tempId: tempId }, timestamp: new Date() };
    context.tell({ to: 'looking', roomId, frames: differences.frames(frame) });
  }
  const userIds = (await membersOf(database, roomId)).map(({ userId }) => userId).filter((id) => id !== sender.id);
  context.tell({ to: 'bells', bell: { messageId, userIds } });
}

/** What is to be read: single messages; or, where none is named, everything up to one; or everything. */
export interface ToRead {
  ids?: number[];
  upTo?: number | null;
}

/** Marks as read, and tells the reader, and those whose messages were read. Reading is no change that `sync` counts. */
export async function readMessages(context: Context, viewer: Viewer, roomId: number, { ids = [], upTo = null }: ToRead, from?: Connection): Promise<void> {
  const { database, options } = context;
  if (!(await isMember(database, roomId, viewer.id))) throw accessDenied(roomId);
  const read = ids.length > 0 ? await markReadEach(database, roomId, viewer.id, ids) : await markReadUpTo(database, roomId, viewer.id, upTo);
  const { count } = read;
  if (upTo !== null && read.upTo === null && (await findMessage(context, upTo))?.roomId !== roomId) {
    throw new Refusal('unknown_message', 'There is no such message.', { roomId, messageId: upTo });
  }
  const marked = { type: 'messages_marked_read', room_id: roomId, count, timestamp: new Date() };
  // What changed nothing is answered all the same.
  if (count === 0 || options.baseline) from?.send(marked);
  if (count === 0) return;
  const told = { type: 'message_read', room_id: roomId, user_id: viewer.id, timestamp: new Date() };
  if (!options.baseline) {
    const updated = { type: 'room_updated', room_id: roomId, updates: { unread_count: await unreadCount(database, roomId, viewer.id) }, timestamp: new Date() };
    context.tell({ to: 'users', userIds: [viewer.id], frames: [marked, updated] });
    // No other client shows whether these were read, and in a large room every reader would cause a frame to every participant.
    return context.tell({ to: 'users', userIds: read.authors, frames: [{ ...told, ...(read.upTo === null ? { message_ids: read.messageIds } : { up_to: read.upTo }) }] });
  }
  // Reading by REST is, as the recorded backend has it, told to no socket.
  if (from) context.tell({ to: 'looking', roomId, except: viewer.id, frames: [{ ...told, message_ids: read.messageIds }] });
}

/** Typing is worth telling only to those who are looking. */
export async function setTyping(context: Context, viewer: Viewer, roomId: number, isTyping: boolean): Promise<void> {
  const { database, differences } = context;
  if (!differences.has('foreign-typing') && !(await isMember(database, roomId, viewer.id))) throw accessDenied(roomId);
  const frame = { type: 'typing', room_id: roomId, user_id: viewer.id, username: viewer.username, is_typing: isTyping, timestamp: new Date() };
  context.tell({ to: 'looking', roomId, except: viewer.id, frames: [frame] });
}

/** The direct room with somebody, made if there is none. */
export async function startDirect(context: Context, viewer: Viewer, otherId: number | null): Promise<{ room: WireRoom; created: boolean }> {
  const { database, options } = context;
  const { roomId, created } = await database.transaction((inside) => findOrCreateDirect(inside, viewer, otherId));
  const [room] = await listRooms(context, viewer.id, roomId);
  if (created && !options.baseline) {
    const frame = { type: 'room_updated', room_id: roomId, updates: room, timestamp: new Date() };
    context.tell({ to: 'users', userIds: room!.participants.map(({ id }) => id), frames: [frame] });
  }
  return { room: room!, created };
}
