/**
 * Migration 7: notifications of messages are derived from the messages when they are read, instead of stored for every
 * member; and one function stores a message.
 *
 * A message notifies the members of its room except its author, those who were viewing the room, and those who joined
 * later. The table `notifications` keeps what it has; message notifications no longer go there.
 */
import type { Migration } from './database.js';

export const DERIVED_NOTIFICATIONS: Migration = {
  id: 7,
  name: 'notifications derived from messages; one function stores a message',
  statements: [
    // The users who were viewing the room when the message was sent. Null: notifies nobody, because it was imported, or
    // because its notifications are stored.
    `alter table messages add column viewers int[]`,
    // Notifications up to this message were marked as read, all at once, at this time.
    `alter table members add column notified_up_to int not null default 0, add column notified_at timestamptz`,
    // Notifications that were marked as read individually.
    `create table notification_reads (
      user_id int not null references users on delete cascade,
      message_id int not null references messages on delete cascade,
      read_at timestamptz not null default now(),
      primary key (user_id, message_id))`,
    `create index notification_reads_of_message on notification_reads (message_id)`,
    `create index unread_notifications on notifications (recipient) where read_at is null`,
    // The id of a derived notification is that of its message. Stored ones therefore take their ids from the same
    // sequence, in the same order: an id is never ambiguous, and a later notification has a higher one.
    `alter table notifications alter column id drop identity`,
    `do $$
      declare
        ids regclass := pg_get_serial_sequence('messages', 'id');
      begin
        execute format('alter table notifications alter column id set default nextval(%L)', ids);
        -- Negative first, so that no new id equals an old one.
        update notifications n set id = -moved.id
          from (select old.id as old_id, nextval(ids) as id from (select id from notifications order by id) old) moved
          where n.id = moved.old_id;
        update notifications set id = -id;
      end $$`,
    // Stores a message, records the change, and returns everything that its delivery needs. Locks the room before the
    // message gets its id, so ids and seqs of a room become visible in ascending order, and a client that asks for
    // everything after n misses nothing. In plpgsql, because its statements are planned once per connection, and each
    // sees what was committed while it waited for the lock.
    `create function store_message(room int, author int, kind text, body text, file uuid, quoted int, temp text,
        sent_digest text, viewing int[], out is_allowed boolean, out message int, out change int,
        out sent_at timestamptz, out member_ids int[], out unread int[]) language plpgsql as $$
      begin
        perform 1 from rooms r where r.id = room and r.is_active for no key update;
        is_allowed := found and exists (select 1 from members me where me.room_id = room and me.user_id = author);
        if not is_allowed then return; end if;
        insert into messages as m
            (room_id, sender_id, message_type, content, attachment_id, reply_to_id, temp_id, digest, viewers)
          select room, author, kind, body, file, quoted, temp, sent_digest, viewing
          where quoted is null
            or exists (select 1 from messages q where q.id = quoted and q.room_id = room and q.deleted_at is null)
          on conflict (sender_id, temp_id) do nothing returning m.id, m.created_at into message, sent_at;
        if message is null then return; end if;
        change := record_change(room, 'new_message', message, touched => sent_at);
        select array_agg(me.user_id), array_agg(r.message_count - me.read_count) into member_ids, unread
          from rooms r join members me on me.room_id = r.id where r.id = room;
      end $$`,
  ],
};
