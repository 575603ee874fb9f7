/**
 * The notifications of a user: those of messages, derived from the messages themselves, and those stored in the table
 * `notifications`. Their ids come from one sequence (migration-7.ts), so one id names one notification.
 */
import type { Context } from '../context.js';
import { userJson, type WireUser } from '../users.js';

const RECENT = 20;
const PREVIEW = 120;
/**
 * Only the newest messages of a room have notifications. Without a limit, the rooms of a user who reads them live would
 * be searched back to their beginning for a message that notified this user.
 */
const MAX_OF_ROOM = 1_000;

interface NotificationRow {
  id: number;
  recipient: number;
  sender: WireUser | null;
  room_id: number | null;
  notification_type: string;
  title: string;
  message: string;
  created_at: Date;
  read_at: Date | null;
}

type Source = Pick<Context, 'database' | 'options'>;

export const previewOf = (content: string): string => content.slice(0, PREVIEW);

/** SQL condition: message m notifies member me. Old messages do not: their marks are deleted (pruning.ts). */
const notifies = ({ options }: Source): string =>
  `m.viewers is not null and me.user_id <> all(m.viewers) and m.sender_id <> me.user_id
  and m.id > me.joined_after and m.deleted_at is null
  and m.created_at > now() - make_interval(days => ${options.notificationWindow.days})`;

/** Columns of a derived notification; s is the sender of message m, and i an individual reading of it. */
const DERIVED = `m.id, me.user_id as recipient, m.sender_id, m.room_id, 'message_received' as notification_type,
  'New message from ' || s.first_name as title, left(m.content, ${PREVIEW}) as message, m.created_at,
  case when m.id <= me.notified_up_to then me.notified_at else i.read_at end as read_at`;

const JOINED = `join users s on s.id = m.sender_id
  left join notification_reads i on i.user_id = me.user_id and i.message_id = m.id`;

/** The newest messages of a member's room. Ordered by time, because only that index begins with the room. */
const NEWEST = `(
  select * from messages m where m.room_id = me.room_id order by m.created_at desc, m.id desc limit ${MAX_OF_ROOM})`;

const onTheWire = ({ room_id, ...row }: NotificationRow) => ({
  ...row,
  priority: 'medium',
  is_read: row.read_at !== null,
  is_delivered: true,
  delivered_at: row.created_at,
  expires_at: null,
  action_url: null,
  metadata: { room_id },
  time_ago: timeAgo(Date.now() - row.created_at.getTime()),
  content_object_data: null,
});

function timeAgo(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'Just now';
  if (minutes < 60) return `${minutes} min ago`;
  return minutes < 1440 ? `${Math.floor(minutes / 60)} h ago` : `${Math.floor(minutes / 1440)} d ago`;
}

const selectFrom = (source: Source, notifications: string): string =>
  `select n.id, n.recipient, ${userJson(source, 'u')} as sender, n.room_id, n.notification_type, n.title, n.message,
     n.created_at, n.read_at
   from (${notifications}) n left join users u on u.id = n.sender_id order by n.id desc`;

export async function recentNotifications(source: Source, userId: number) {
  const rows = await source.database.query<NotificationRow>(
    `${selectFrom(
      source,
      `(select id, recipient, sender_id, room_id, notification_type, title, message, created_at, read_at
        from notifications where recipient = $1 order by id desc limit ${RECENT})
       union all
       (select ${DERIVED} from members me
        join rooms r on r.id = me.room_id and r.highest_id > me.joined_after
        cross join lateral (select * from ${NEWEST} m where ${notifies(source)} limit ${RECENT}) m
        ${JOINED} where me.user_id = $1)`,
    )} limit ${RECENT}`,
    [userId],
  );
  return rows.map(onTheWire);
}

/** The notifications of a message, for some users. */
export async function notificationsOf(source: Source, messageId: number, userIds: number[]) {
  const rows = await source.database.query<NotificationRow>(
    selectFrom(
      source,
      `select ${DERIVED} from messages m join members me on me.room_id = m.room_id and me.user_id = any($2::int[])
       ${JOINED} where m.id = $1 and ${notifies(source)}`,
    ),
    [messageId, userIds],
    'notifications of a message',
  );
  return rows.map(onTheWire);
}

export async function countUnread(source: Source, userId: number): Promise<number> {
  const [row] = await source.database.query<{ n: number }>(
    `select (select count(*) from notifications where recipient = $1 and read_at is null)::int
       + (select count(*) from members me
          join rooms r on r.id = me.room_id and r.highest_id > greatest(me.joined_after, me.notified_up_to)
          cross join lateral ${NEWEST} m
          where me.user_id = $1 and m.id > me.notified_up_to and ${notifies(source)} and not exists (
            select 1 from notification_reads i where i.user_id = me.user_id and i.message_id = m.id))::int as n`,
    [userId],
  );
  return row!.n;
}

export async function markNotificationRead(source: Source, userId: number, id: number | null): Promise<void> {
  await source.database.query(
    `with stored as (update notifications set read_at = now() where recipient = $1 and id = $2 and read_at is null)
     insert into notification_reads (user_id, message_id)
     select me.user_id, m.id from messages m join members me on me.room_id = m.room_id and me.user_id = $1
     where m.id = $2 and m.id > me.notified_up_to and ${notifies(source)}
     on conflict do nothing`,
    [userId, id],
  );
}

export async function markAllNotificationsRead({ database }: Source, userId: number): Promise<void> {
  await database.query(
    `with stored as (update notifications set read_at = now() where recipient = $1 and read_at is null),
     individual as (delete from notification_reads where user_id = $1)
     update members me set notified_up_to = r.highest_id, notified_at = now()
     from rooms r where r.id = me.room_id and me.user_id = $1 and r.highest_id > me.notified_up_to`,
    [userId],
  );
}
