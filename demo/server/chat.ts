/** What people do in rooms, the same whether they ask by socket or by REST: do it, then tell whoever should know. */
import type { Viewer } from './auth.js';
import { forgetChanges, newChange, type Change } from './changes.js';
import type { Context } from './context.js';
import type { Connection } from './hub.js';
import { checkContent, countMessage } from './limits.js';
import { forEverybody, getMessages, type WireMessage } from './messages.js';
import { newsOf } from './news.js';
import { noticeOf } from './notifications.js';
import { accessDenied, Refusal } from './refusal.js';
import { findOrCreateDirect, isMember, listRooms, membersOf, type WireRoom } from './rooms.js';
import { markRead, storeMessage, type Draft } from './storing.js';

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

/** Marks as read, none named means all, and tells the reader and the others. */
export async function readMessages(context: Context, viewer: Viewer, roomId: number, ids: number[], from?: Connection): Promise<void> {
  const { database, options } = context;
  if (!(await isMember(database, roomId, viewer.id))) throw accessDenied(roomId);
  const { count, messageIds, upTo, seq } = await markRead(database, roomId, viewer.id, ids);
  // What changed nothing is answered all the same, and counts as no change.
  if (seq === null || options.baseline) from?.send({ type: 'messages_marked_read', room_id: roomId, count, timestamp: new Date() });
  if (seq === null) return;
  if (!options.baseline) return tellMembers(context, newChange('message_read', { roomId, seq, userId: viewer.id, count, messageIds, messageId: upTo }));
  // Reading by REST is, as the recorded backend has it, told to no socket.
  if (!from) return;
  const told = { type: 'message_read', room_id: roomId, user_id: viewer.id, message_ids: messageIds, timestamp: new Date() };
  context.tell({ to: 'looking', roomId, except: viewer.id, frames: [told] });
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
    context.tell({ to: 'users', userIds: room!.participants.map(({ id }) => id), frame });
  }
  return { room: room!, created };
}
