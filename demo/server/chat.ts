/** What people do in rooms, the same whether they ask by socket or by REST: do it, then tell whoever should know. */
import type { Viewer } from './auth.js';
import type { Connection } from './bus.js';
import type { Context } from './context.js';
import { checkContent, countMessage } from './limits.js';
import { getMessage, markRead, storeMessage, type Draft, type WireMessage } from './messages.js';
import { notifyOf } from './notifications.js';
import { accessDenied, Refusal } from './refusal.js';
import { findOrCreateDirect, isMember, listRooms, membersOf, type WireRoom } from './rooms.js';

export interface SendRequest extends Omit<Draft, 'senderId' | 'content'> {
  content: unknown;
}

export interface Sent {
  message: WireMessage;
  isNew: boolean;
}

const LONGEST_TEMP_ID = 200;

export async function sendMessage(context: Context, viewer: Viewer, request: SendRequest, by: 'websocket' | 'rest'): Promise<Sent> {
  const { database, options, log } = context;
  const { roomId, attachment, tempId } = request;
  const content = checkContent(request.content, options.limits.content, roomId, attachment !== undefined);
  if (tempId !== undefined && (tempId === '' || tempId.length > LONGEST_TEMP_ID || tempId.includes('\0'))) {
    throw new Refusal('invalid', `An id for a message has 1 to ${LONGEST_TEMP_ID} characters.`, { roomId });
  }
  await countMessage(context.rate, viewer.id);
  const draft: Draft = {
    ...request,
    content,
    senderId: viewer.id,
    // Without the capability the id is only echoed: sending twice stores twice.
    tempId: options.baseline ? undefined : tempId,
  };
  const { id, isNew } = await storeMessage(database, draft);
  const message = await getMessage(database, viewer.id, id);
  const members = isNew ? await membersOf(database, roomId) : [];
  log.info({ user: viewer.id, room: message.room, message: id, by, isNew }, 'message stored');
  if (isNew && !(by === 'rest' && context.differences.has('rest-silent'))) announce(context, message, members, tempId);
  if (isNew) await notifyOf(context, viewer, message, members);
  return { message, isNew };
}

type Members = { userId: number; unread: number }[];

/** Tells everybody who should know of a new message. */
function announce({ hub, options, differences }: Context, message: WireMessage, members: Members, tempId?: string): void {
  const room_id = message.room;
  // One text for everybody, so it says nothing about the reader; `_tempId` is how the sender recognises it.
  const frame = {
    type: 'new_message',
    room_id,
    message: { ...message, is_read: false, is_own_message: false, _tempId: tempId },
    timestamp: new Date(),
  };
  if (options.baseline) {
    const frames = differences.newMessage(frame);
    for (const connection of hub.subscribers(room_id)) for (const each of frames) connection.send(each);
    return;
  }
  const last_message = { content: message.content, timestamp: message.timestamp, sender: message.sender };
  for (const { userId, unread } of members) {
    const updates = { last_message, unread_count: unread, updated_at: message.timestamp };
    for (const connection of hub.ofUser(userId)) {
      for (const each of differences.newMessage(frame)) connection.send(each);
      connection.send({ type: 'room_updated', room_id, updates, timestamp: new Date() });
    }
  }
}

/** Marks as read, none named means all, and tells the reader and the others. */
export async function readMessages(context: Context, viewer: Viewer, roomId: number, ids: number[], from?: Connection): Promise<void> {
  const { database, hub, options } = context;
  if (!(await isMember(database, roomId, viewer.id))) throw accessDenied(roomId);
  const count = await database.transaction((inside) => markRead(inside, roomId, viewer.id, ids));
  const timestamp = new Date();
  const done = { type: 'messages_marked_read', room_id: roomId, count, timestamp };
  const told = { type: 'message_read', room_id: roomId, user_id: viewer.id, message_ids: ids, timestamp };
  if (options.baseline) {
    // Reading by REST is, as the recorded backend has it, told to no socket.
    from?.send(done);
    if (count === 0 || !from) return;
    for (const connection of hub.subscribers(roomId)) if (connection.userId !== viewer.id) connection.send(told);
    return;
  }
  for (const connection of hub.ofUser(viewer.id)) if (count > 0 || connection === from) connection.send(done);
  if (count === 0) return;
  for (const { userId, unread } of await membersOf(database, roomId)) {
    // The reader's other tabs learn the new number; the others learn who has read.
    const frame = userId === viewer.id ? { type: 'room_updated', room_id: roomId, updates: { unread_count: unread }, timestamp } : told;
    for (const connection of hub.ofUser(userId)) connection.send(frame);
  }
}

/** Typing is worth telling only to those who are looking. */
export async function setTyping(context: Context, viewer: Viewer, roomId: number, isTyping: boolean): Promise<void> {
  const { database, hub, differences } = context;
  if (!differences.has('foreign-typing') && !(await isMember(database, roomId, viewer.id))) throw accessDenied(roomId);
  const frame = { type: 'typing', room_id: roomId, user_id: viewer.id, username: viewer.username, is_typing: isTyping, timestamp: new Date() };
  for (const connection of hub.subscribers(roomId)) if (connection.userId !== viewer.id) connection.send(frame);
}

/** The direct room with somebody, made if there is none. */
export async function startDirect(context: Context, viewer: Viewer, otherId: number | null): Promise<{ room: WireRoom; created: boolean }> {
  const { database, hub, options } = context;
  const { roomId, created } = await database.transaction((inside) => findOrCreateDirect(inside, viewer, otherId));
  const [room] = await listRooms(database, viewer.id, roomId);
  if (created && !options.baseline) {
    for (const { id } of room!.participants) {
      const frame = { type: 'room_updated', room_id: roomId, updates: room, timestamp: new Date() };
      for (const connection of hub.ofUser(id)) connection.send(frame);
    }
  }
  return { room: room!, created };
}
