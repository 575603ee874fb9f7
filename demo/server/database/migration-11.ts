/**
 * Migration 11: marking as unread. It moves back what the member has read, but not what others have seen: the position
 * before is kept as the member's receipt.
 */
import type { Migration } from './database.js';
import { BY_INDEX } from './migration-6.js';

export const MARK_UNREAD: Migration = {
  id: 11,
  name: 'marking as unread',
  statements: [
    // The furthest position that the member has ever read, if it is beyond `read_up_to`.
    `alter table members add column receipt_up_to int not null default 0,
      add column receipt_time timestamptz not null default '-infinity'`,
    // As in migration 5. Others have also read what they have marked as unread since.
    `create or replace function is_read(room int, message int, at timestamptz, sender int, viewer int) returns boolean
      language plpgsql stable as $$ begin return exists (
      select 1 from members o
      where o.room_id = room and o.user_id <> sender and (sender = viewer or o.user_id = viewer)
        and ((o.read_time, o.read_up_to) >= (at, message)
          or (sender = viewer and (o.receipt_time, o.receipt_up_to) >= (at, message))
          or exists (select 1 from reads r where r.message_id = message and r.user_id = o.user_id))); end $$`,
    // Marks a message and all later ones as unread. Returns whether the room has the message.
    `create function mark_unread(room int, viewer int, asked int) returns boolean language plpgsql
      ${BY_INDEX} as $$
      declare
        me record;
        target record;
        last_time timestamptz;
        last_id int;
        read_singly int[];
        furthest record;
      begin
        select o.read_time, o.read_up_to, o.receipt_time, o.receipt_up_to into me from members o
          where o.room_id = room and o.user_id = viewer for update;
        if not found then return false; end if;
        select m.created_at, m.id into target from messages m where m.id = asked and m.room_id = room;
        if not found then return false; end if;
        select m.created_at, m.id into last_time, last_id from messages m
          where m.room_id = room and (m.created_at, m.id) < (target.created_at, target.id)
          order by m.created_at desc, m.id desc limit 1;
        if last_id is null then
          last_time := '-infinity';
          last_id := 0;
        end if;
        -- The position never moves forward: earlier messages may be unread, too.
        if (last_time, last_id) > (me.read_time, me.read_up_to) then
          last_time := me.read_time;
          last_id := me.read_up_to;
        end if;
        -- Not a join: it could read everything that the viewer has ever read.
        read_singly := array(
          select m.id from messages m
          where m.room_id = room and (m.created_at, m.id) >= (target.created_at, target.id)
            and (select r.user_id from reads r where r.message_id = m.id and r.user_id = viewer) is not null);
        select f.at, f.id into furthest from (
          values (me.read_time, me.read_up_to), (me.receipt_time, me.receipt_up_to)
          union all select m.created_at, m.id from messages m where m.id = any(read_singly)) f (at, id)
          order by f.at desc, f.id desc limit 1;
        delete from reads r where r.user_id = viewer and r.message_id = any(read_singly);
        update members o set read_time = last_time, read_up_to = last_id,
            receipt_time = furthest.at, receipt_up_to = furthest.id,
            read_count = r.message_count - (
              select count(*) from messages m
              where m.room_id = room and (m.created_at, m.id) > (last_time, last_id)
                and m.sender_id <> viewer and m.deleted_at is null
                and (select d.user_id from reads d where d.user_id = viewer and d.message_id = m.id) is null)
          from rooms r where r.id = room and o.room_id = room and o.user_id = viewer;
        return true;
      end $$`,
  ],
};
