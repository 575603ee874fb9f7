/**
 * Migration 5: history ordered by time, read receipts outside the change log, and digests to detect a reused `_tempId`.
 */
import type { Migration } from './database.js';

export const RECEIPTS: Migration = {
  id: 5,
  name: 'history by (timestamp, id); read receipts; a digest of what was sent',
  statements: [
    `create index messages_by_time on messages (room_id, created_at, id)`,
    // Digest of the sent content: detects a `temp_id` reused for other content, even after an edit.
    `alter table messages add column digest text`,
    // Time of the message `read_up_to`. Messages are read up to (read_time, read_up_to).
    `alter table members add column read_time timestamptz not null default '-infinity'`,
    `update members me set read_time = m.created_at from messages m where m.id = me.read_up_to`,
    `drop function mark_read(int, int, int[])`,
    `drop function is_read(int, int, int, int)`,
    `create or replace function unread_count(room int, viewer int) returns int language plpgsql stable as $$
      declare
        from_time timestamptz;
        from_id int;
      begin
        select me.read_time, me.read_up_to into from_time, from_id from members me where me.room_id = room and me.user_id = viewer;
        return (
          select count(*)::int from messages m
          where m.room_id = room and m.sender_id <> viewer and m.deleted_at is null and (m.created_at, m.id) > (from_time, from_id)
            and m.id not in (select r.message_id from reads r where r.user_id = viewer));
      end $$`,
    // For a message of another user: has the viewer read it? For an own message: has any other member read it?
    `create function is_read(room int, message int, at timestamptz, sender int, viewer int) returns boolean language plpgsql stable as $$ begin return exists (
      select 1 from members o
      where o.room_id = room and o.user_id <> sender and (sender = viewer or o.user_id = viewer)
        and ((o.read_time, o.read_up_to) >= (at, message)
          or exists (select 1 from reads r where r.message_id = message and r.user_id = o.user_id))); end $$`,
    // Marks everything up to a message as read; up to the newest one if `asked` is null. Returns the number of messages
    // that were unread, their authors, and the new last read message: null if it was read before, or if the room has no
    // such message.
    `create function mark_read_up_to(room int, viewer int, asked int, out n int, out up_to int, out authors int[]) language plpgsql as $$
      declare
        to_time timestamptz;
        from_time timestamptz;
        from_id int;
      begin
        n := 0;
        authors := '{}';
        select m.created_at, m.id into to_time, up_to from messages m
          where m.room_id = room and (asked is null or m.id = asked) order by m.created_at desc, m.id desc limit 1;
        -- Locked against concurrent calls by other tabs of the same user.
        select me.read_time, me.read_up_to into from_time, from_id from members me
          where me.room_id = room and me.user_id = viewer for update;
        if up_to is null or from_id is null or (to_time, up_to) <= (from_time, from_id) then
          up_to := null;
          return;
        end if;
        select count(*), coalesce(array_agg(distinct m.sender_id), '{}') into n, authors from messages m
          where m.room_id = room and m.sender_id <> viewer and m.deleted_at is null
            and (m.created_at, m.id) > (from_time, from_id) and (m.created_at, m.id) <= (to_time, up_to)
            and m.id not in (select r.message_id from reads r where r.user_id = viewer);
        update members me set read_up_to = up_to, read_time = to_time where me.room_id = room and me.user_id = viewer;
        delete from reads r using messages m
          where m.id = r.message_id and m.room_id = room and r.user_id = viewer and (m.created_at, m.id) <= (to_time, up_to);
      end $$`,
    // Marks individual messages of others as read. Returns how many were unread, their ids and their authors.
    `create function mark_read_each(room int, viewer int, asked int[], out n int, out ids int[], out authors int[]) language plpgsql as $$
      begin
        with new as (
          insert into reads (message_id, user_id)
          select m.id, viewer from messages m join members me on me.room_id = m.room_id and me.user_id = viewer
          where m.room_id = room and m.id = any(asked) and m.sender_id <> viewer and m.deleted_at is null
            and (m.created_at, m.id) > (me.read_time, me.read_up_to)
          on conflict do nothing returning message_id)
        select count(*), coalesce(array_agg(m.id order by m.id), '{}'), coalesce(array_agg(distinct m.sender_id), '{}') into n, ids, authors
          from new join messages m on m.id = new.message_id;
      end $$`,
  ],
};
