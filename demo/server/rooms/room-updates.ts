/** Turns a stored change into the update that the members of its room receive. */
import type { RoomUpdate } from '../cluster/bus.js';
import type { Context } from '../context.js';
import { frameOf, showsMessage, type Change } from '../messages/changes.js';
import { NO_VIEWER, withoutViewerFields, getMessages, type WireMessage } from '../messages/messages.js';
import type { Member } from './member.js';
import { lastMessage, membersOf } from './rooms.js';

/** The parts of a change that are already loaded. */
export interface Loaded {
  /** The message of the change, as any member sees it. */
  message?: WireMessage | undefined;
  members?: Member[];
}

export async function updateOf(
  source: Pick<Context, 'database' | 'options'>,
  change: Change,
  loaded: Loaded = {},
): Promise<RoomUpdate> {
  const { roomId, seq, kind, messageId } = change;
  const [message, members, last] = await Promise.all([
    loaded.message ??
      (showsMessage(change)
        ? getMessages(source, NO_VIEWER, [messageId!]).then((found) => found.get(messageId!))
        : undefined),
    loaded.members ?? membersOf(source.database, roomId),
    kind === 'message_updated' || kind === 'message_deleted' ? lastMessage(source, roomId) : undefined,
  ]);
  const update: RoomUpdate = {
    roomId,
    seq,
    members,
    frame: frameOf(change, NO_VIEWER, message && withoutViewerFields(message)),
  };
  if (last !== undefined) return { ...update, updates: { last_message: last } };
  if (kind !== 'new_message' || !message) return update;
  const { content, timestamp, sender } = message;
  return {
    ...update,
    updates: { last_message: { content, timestamp, sender }, updated_at: timestamp },
    notification: {
      messageId: message.id,
      userIds: members.map((member) => member.userId).filter((id) => id !== sender.id),
    },
  };
}
