/** From a change in the database to what each member of the room is told of it. */
import type { News } from '../cluster/bus.js';
import { frameOf, showsMessage, type Change } from '../messages/changes.js';
import { EVERYBODY, forEverybody, getMessages, type Source, type WireMessage } from '../messages/messages.js';
import { lastMessage, membersOf } from './rooms.js';

/** @param known the message of the change as anybody sees it, where it has just been read. */
export async function newsOf(source: Source, change: Change, known?: WireMessage): Promise<News> {
  const { roomId, seq, kind, messageId } = change;
  const [message, members, last] = await Promise.all([
    known ?? (showsMessage(change) ? getMessages(source, EVERYBODY, [messageId!]).then((found) => found.get(messageId!)) : undefined),
    membersOf(source.database, roomId),
    kind === 'message_updated' || kind === 'message_deleted' ? lastMessage(source, roomId) : undefined,
  ]);
  const news: News = { roomId, seq, members, frame: frameOf(change, EVERYBODY, message && forEverybody(message)) };
  if (last !== undefined) return { ...news, updates: { last_message: last } };
  if (kind !== 'new_message' || !message) return news;
  const { content, timestamp, sender } = message;
  return {
    ...news,
    updates: { last_message: { content, timestamp, sender }, updated_at: timestamp },
    bell: { messageId: message.id, userIds: members.map((member) => member.userId).filter((id) => id !== sender.id) },
  };
}
