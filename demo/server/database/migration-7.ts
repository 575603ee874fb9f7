/**
 * Migration 7: notifications of messages are derived from the messages when they are read, instead of stored for every
 * member; and one function stores a message.
 *
 * A message notifies the members of its room except its author, those who were viewing the room, and those who joined
 * later. The table `notifications` keeps what it has; message notifications no longer go there.
 */
import type { Migration } from './database.js';
import { BY_INDEX } from './migration-6.js';

export const DERIVED_NOTIFICATIONS: Migration = {
  id: 7,
  name: 'notifications derived from messages; one function stores a message',
  statements: [
    // The users who were viewing the room when the message was sent. Null: no notifications, because it was imported, or
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
    // Every message updates its room, and PostgreSQL would parse a check constraint of the table every time.
    `alter table rooms drop constraint rooms_room_type_check`,
    `create domain room_type as text check (value in ('job', 'direct', 'support', 'general'))`,
    `alter table rooms alter column room_type type room_type`,
    // A message that is older than others: counts it as read for the members who have read later ones.
    `create function count_if_read(room int, author int, at timestamptz, message int) returns void language plpgsql
      ${BY_INDEX} as $$
      begin
        perform 1 from members me where me.room_id = room order by me.user_id for update;
        update members me set read_count = me.read_count + 1
          where me.room_id = room and me.user_id <> author and (me.read_time, me.read_up_to) >= (at, message);
      end $$`,
    // Stores a message, records the change, and returns everything that its delivery needs. One update of the room
    // locks it, checks everything, and takes seq, id and time: ids and seqs of a room therefore become visible in
    // ascending order, and a client that asks for everything after n misses nothing. In plpgsql, because its statements
    // are planned once per connection, and each sees what was committed while an earlier one waited for a lock.
    `create function store_message(room int, author int, kind text, body text, file uuid, quoted int, temp text,
        sent_digest text, viewing int[], out is_allowed boolean, out message int, out change int,
        out sent_at timestamptz, out member_ids int[], out unread int[], out quote json) language plpgsql
      ${BY_INDEX} as $$
      declare
        total int;
        is_newest boolean;
        trigger_setting text;
      begin
        update rooms r set seq = r.seq + 1, message_count = r.message_count + 1,
            (updated_at, newest_time, newest_id, highest_id) = (
              select n.at, greatest(r.newest_time, n.at),
                case when n.at >= r.newest_time then n.id else r.newest_id end, greatest(r.highest_id, n.id)
              from (select clock_timestamp() as at, nextval('messages_id_seq')::int as id) n)
          where r.id = room and r.is_active
            and exists (select 1 from members me where me.room_id = room and me.user_id = author)
            and (quoted is null
              or exists (select 1 from messages q where q.id = quoted and q.room_id = room and q.deleted_at is null))
            and not exists (select 1 from messages known where known.sender_id = author and known.temp_id = temp)
          returning r.seq, r.updated_at, r.message_count, r.newest_time = r.updated_at
          into change, sent_at, total, is_newest;
        is_allowed := found;
        if not found then
          is_allowed := exists (
            select 1 from members me join rooms r on r.id = me.room_id and r.is_active
            where me.room_id = room and me.user_id = author);
          return;
        end if;
        message := currval('messages_id_seq');
        -- Counted here: the trigger would take as long as everything else.
        trigger_setting := set_config('unified_chat.is_counted', 'yes', true);
        insert into messages as m
            (id, room_id, sender_id, message_type, content, attachment_id, reply_to_id, temp_id, digest, viewers,
             created_at)
          values (message, room, author, kind, body, file, quoted, temp, sent_digest, viewing, sent_at)
          on conflict (sender_id, temp_id) do nothing;
        if not found then
          -- The same message arrived twice at once.
          update rooms r set seq = r.seq - 1, message_count = r.message_count - 1 where r.id = room;
          message := null;
        else
          insert into changes (room_id, seq, kind, message_id) values (room, change, 'new_message', message);
          update members me set read_count = me.read_count + 1 where me.room_id = room and me.user_id = author;
          if not is_newest then perform count_if_read(room, author, sent_at, message); end if;
          if quoted is not null then
            select json_build_object('id', q.id, 'content', q.content, 'sender', u.username) into quote
              from messages q join users u on u.id = q.sender_id where q.id = quoted;
          end if;
          select array_agg(me.user_id), array_agg(total - me.read_count) into member_ids, unread
            from members me where me.room_id = room;
        end if;
        trigger_setting := set_config('unified_chat.is_counted', '', true);
      end $$`,
  ],
};
