/** The change log of rooms: stored in the database, sent as frames. */
import type { ChangeFrame } from '../../../src/protocol/sync.js';
import type { Queryable } from '../database/database.js';
import type { WireMessage } from './messages.js';
import type { SyncWindow } from '../options.js';

type Kind = Exclude<ChangeFrame['type'], 'messages_marked_read'>;

export interface Change {
  roomId: number;
  /** Numbers the changes of its room, from 1. */
  seq: number;
  kind: Kind;
  at: Date;
  messageId: number | null;
  /** For read receipts: the reader, the number of messages, and their ids; an empty list means all. */
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

/** Columns of a `Change`; `c` is the table alias. */
export const CHANGE_COLUMNS = `
  c.room_id as "roomId", c.seq, c.kind, c.at, c.message_id as "messageId", c.user_id as "userId", c.count,
  coalesce(c.message_ids, '{}') as "messageIds"`;

/** Records a change of an existing message. Requires the room to be locked. @returns its seq. */
export async function recordChange(inside: Queryable, kind: Kind, roomId: number, messageId: number): Promise<number> {
  const [done] = await inside.query<{ seq: number }>('select record_change($1, $2, $3) as seq', [
    roomId,
    kind,
    messageId,
  ]);
  return done!.seq;
}

const SHOWS_MESSAGE: ReadonlySet<Kind> = new Set<Kind>([
  'new_message',
  'message_updated',
  'message_deleted',
  'reactions_updated',
]);

/** Whether the frame of a change contains something of the current state of the message. */
export const showsMessage = ({ kind }: Change): boolean => SHOWS_MESSAGE.has(kind);

/**
 * The frame of a change for one viewer; null if its message no longer exists.
 * @param message As the viewer sees it, if the change concerns one.
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
      // The time in the history, not that of the change, which was recorded a moment later.
      return { type, room_id, message_id, deleted_at: message?.deleted_at ?? timestamp, seq, timestamp };
    case 'message_read':
      return viewerId === change.userId
        ? { type: 'messages_marked_read', room_id, count: change.count, seq, timestamp }
        : {
            type,
            room_id,
            user_id: change.userId,
            message_ids: change.messageIds,
            ...(message_id !== null && { up_to: message_id }),
            seq,
            timestamp,
          };
    default:
      return type satisfies never;
  }
}

/**
 * Deletes changes outside the sync window, of one room or of all. Only ever a prefix, so that the remaining changes
 * have no gap.
 */
export async function deleteOldChanges(
  database: Queryable,
  { changes, hours }: SyncWindow,
  roomId?: number,
): Promise<void> {
  await database.query(
    `with past as materialized (
       select r.id, least(r.seq - $1, coalesce((select min(k.seq) - 1 from changes k where k.room_id = r.id and k.at > now() - $2 * interval '1 hour'), r.seq)) as seq
       from rooms r where r.seq > $1 and ($3::int is null or r.id = $3))
     delete from changes c using past where c.room_id = past.id and c.seq <= past.seq`,
    [changes, hours, roomId ?? null],
  );
}
