/** What changed in rooms, one after the other: kept in the database, told as frames. */
import type { ChangeFrame } from '../../../src/protocol/sync.js';
import type { Queryable } from '../database/database.js';
import type { WireMessage } from './messages.js';
import type { SyncWindow } from '../options.js';

type Kind = Exclude<ChangeFrame['type'], 'messages_marked_read'>;

export interface Change {
  roomId: number;
  /** Counts the changes of its room, from 1. */
  seq: number;
  kind: Kind;
  at: Date;
  messageId: number | null;
  /** Who has read, how many messages, and which; an empty list means all. */
  userId: number | null;
  count: number | null;
  messageIds: number[];
}

/** A change that has just been made. */
export const newChange = (kind: Kind, fields: Pick<Change, 'roomId' | 'seq'> & Partial<Change>): Change => ({
  kind,
  at: new Date(),
  messageId: null,
  userId: null,
  count: null,
  messageIds: [],
  ...fields,
});

/** Columns that make a `Change`; `c` is the table. */
export const CHANGE_COLUMNS = `
  c.room_id as "roomId", c.seq, c.kind, c.at, c.message_id as "messageId", c.user_id as "userId", c.count,
  coalesce(c.message_ids, '{}') as "messageIds"`;

/** Makes the room's next change of an altered message. Call where the room is locked. @returns its seq. */
export async function recordChange(inside: Queryable, kind: Kind, roomId: number, messageId: number): Promise<number> {
  const [done] = await inside.query<{ seq: number }>('select record_change($1, $2, $3) as seq', [roomId, kind, messageId]);
  return done!.seq;
}

const SHOWS_MESSAGE: ReadonlySet<Kind> = new Set<Kind>(['new_message', 'message_updated', 'reactions_updated']);

/** Whether the frame of a change shows the message as it is now. */
export const showsMessage = ({ kind }: Change): boolean => SHOWS_MESSAGE.has(kind);

/**
 * The frame that tells one viewer of a change; none where the message is there no longer.
 * @param message as the viewer sees it, where the change is of one
 */
export function frameOf(change: Change, viewerId: number, message: WireMessage | undefined): object | null {
  const { kind: type, roomId: room_id, messageId: message_id, seq, at: timestamp } = change;
  switch (type) {
    case 'new_message':
    case 'message_updated':
      return message ? { type, room_id, message, seq, timestamp } : null;
    case 'reactions_updated':
      return message ? { type, room_id, message_id, reactions: message.reactions, seq, timestamp } : null;
    case 'message_deleted':
      return { type, room_id, message_id, seq, timestamp };
    case 'message_read':
      return viewerId === change.userId
        ? { type: 'messages_marked_read', room_id, count: change.count, seq, timestamp }
        : { type, room_id, user_id: change.userId, message_ids: change.messageIds, ...(message_id !== null && { up_to: message_id }), seq, timestamp };
    default:
      return type satisfies never;
  }
}

/**
 * Forgets changes that are past the window, of one room or of all. Always the first ones of a room, so that what is
 * remembered has no hole.
 */
export async function forgetChanges(database: Queryable, { changes, hours }: SyncWindow, roomId?: number): Promise<void> {
  await database.query(
    `with past as materialized (
       select r.id, least(r.seq - $1, coalesce((select min(k.seq) - 1 from changes k where k.room_id = r.id and k.at > now() - $2 * interval '1 hour'), r.seq)) as seq
       from rooms r where r.seq > $1 and ($3::int is null or r.id = $3))
     delete from changes c using past where c.room_id = past.id and c.seq <= past.seq`,
    [changes, hours, roomId ?? null],
  );
}
