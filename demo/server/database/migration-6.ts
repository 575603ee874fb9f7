/**
 * Migration 6: maintained unread counts. A member's unread count is the room's `message_count` less the member's
 * `read_count`, so a new message changes two rows, however many members and messages the room has.
 *
 * Triggers maintain both numbers, so plain SQL keeps them right, too. A statement that changes the counts of other
 * members locks their rows first: marking as read locks the row of its member, and must not miss a concurrent deletion
 * or import.
 */
import type { Migration } from './database.js';

/**
 * Plans of a function are made once per connection, when its tables may be almost empty, and must suit tables that have
 * grown since. These functions read single rows and ranges, and every one has an index.
 */
export const BY_INDEX = 'set plan_cache_mode = force_generic_plan set enable_seqscan = off';

export const COUNTS: Migration = {
  id: 6,
  name: 'maintained unread counts; indexes for what a user has read and for what a message refers to',
  statements: [
    `create index reads_of_user on reads (user_id, message_id)`,
    // Without these, deleting an attachment or a message searches all messages for references.
    `create index messages_of_attachment on messages (attachment_id) where attachment_id is not null`,
    `create index replies_to_message on messages (reply_to_id) where reply_to_id is not null`,
    // All queries of a room's messages follow messages_by_time.
    `drop index messages_of_room`,
    `alter table rooms
      -- Without deleted messages.
      add column message_count int not null default 0,
      -- The position of the newest message, deleted or not; and the highest id, which imported messages may have.
      add column newest_time timestamptz not null default '-infinity',
      add column newest_id int not null default 0,
      add column highest_id int not null default 0`,
    // How many messages of the room are not unread for this member: own ones, and those that are read.
    `alter table members add column read_count int not null default 0,
      -- The highest message id of the room when the member joined.
      add column joined_after int not null default 0`,
    // Room for new versions of a row in its own page: such updates touch no index.
    `alter table rooms set (fillfactor = 50)`,
    `alter table members set (fillfactor = 70)`,
    `update rooms r set message_count = c.n, newest_time = c.created_at, newest_id = c.id, highest_id = c.highest
      from (select distinct on (m.room_id) m.room_id, m.created_at, m.id,
              max(m.id) over (partition by m.room_id) as highest,
              count(*) filter (where m.deleted_at is null) over (partition by m.room_id) as n
            from messages m order by m.room_id, m.created_at desc, m.id desc) c
      where c.room_id = r.id`,
    `update members me set read_count = r.message_count - unread_count(me.room_id, me.user_id)
      from rooms r where r.id = me.room_id`,
    `create or replace function unread_count(room int, viewer int) returns int language plpgsql stable as $$ begin
      return coalesce((select r.message_count - me.read_count from rooms r join members me on me.room_id = r.id
        where r.id = room and me.user_id = viewer), 0); end $$`,
    `create function count_read_messages() returns trigger language plpgsql
      ${BY_INDEX} as $$
      begin
        new.joined_after := coalesce((select r.highest_id from rooms r where r.id = new.room_id), 0);
        if new.joined_after = 0 then return new; end if;
        new.read_count := (
          select count(*) from (
            select m.id from messages m
              where m.sender_id = new.user_id and m.room_id = new.room_id and m.deleted_at is null
            union select m.id from messages m
              where m.room_id = new.room_id and m.deleted_at is null
                and (m.created_at, m.id) <= (new.read_time, new.read_up_to)
            union select m.id from reads r join messages m on m.id = r.message_id
              where r.user_id = new.user_id and m.room_id = new.room_id and m.deleted_at is null) known);
        return new;
      end $$`,
    `create trigger count_read_messages before insert on members for each row execute function count_read_messages()`,
    `create function count_new_messages() returns trigger language plpgsql
      ${BY_INDEX} as $$
      begin
        -- See store_message.
        if current_setting('unified_chat.is_counted', true) = 'yes' then return null; end if;
        update rooms r set message_count = r.message_count + b.n,
            newest_time = greatest(r.newest_time, b.at), highest_id = greatest(r.highest_id, b.highest),
            newest_id = case when (b.at, b.id) > (r.newest_time, r.newest_id) then b.id else r.newest_id end
          from (select a.room_id, count(*) filter (where a.deleted_at is null) as n, max(a.created_at) as at,
                  max(a.id) as highest, (array_agg(a.id order by a.created_at desc, a.id desc))[1] as id
                from added a group by a.room_id) b
          where r.id = b.room_id;
        update members me set read_count = me.read_count + b.n
          from (select a.room_id, a.sender_id, count(*) as n from added a where a.deleted_at is null group by 1, 2) b
          where me.room_id = b.room_id and me.user_id = b.sender_id;
        -- Imported: older than what some members have read, and therefore not unread for them.
        if exists (select 1 from added a join rooms r on r.id = a.room_id
                   where (a.created_at, a.id) < (r.newest_time, r.newest_id)) then
          perform 1 from members me where me.room_id in (select a.room_id from added a)
            order by me.room_id, me.user_id for update;
          update members me set read_count = me.read_count + b.n
            from (select o.room_id, o.user_id, count(*) as n from members o join added a on a.room_id = o.room_id
                  where o.read_time >= (select min(e.created_at) from added e)
                    and a.sender_id <> o.user_id and a.deleted_at is null
                    and (a.created_at, a.id) <= (o.read_time, o.read_up_to) group by 1, 2) b
            where me.room_id = b.room_id and me.user_id = b.user_id;
        end if;
        return null;
      end $$`,
    `create trigger count_new_messages after insert on messages
      referencing new table as added for each statement execute function count_new_messages()`,
    `create function count_deleted_message() returns trigger language plpgsql
      ${BY_INDEX} as $$
      begin
        update rooms r set message_count = r.message_count - 1 where r.id = old.room_id;
        perform 1 from members me where me.room_id = old.room_id order by me.user_id for update;
        update members me set read_count = me.read_count - 1
          where me.room_id = old.room_id and (me.user_id = old.sender_id
            or (me.read_time, me.read_up_to) >= (old.created_at, old.id)
            or exists (select 1 from reads r where r.message_id = old.id and r.user_id = me.user_id));
        return old;
      end $$`,
    `create trigger count_deleted_message after update of deleted_at on messages for each row
      when (old.deleted_at is null and new.deleted_at is not null) execute function count_deleted_message()`,
    // Before, because the rows of reads are deleted with the message.
    `create trigger count_removed_message before delete on messages for each row
      when (old.deleted_at is null) execute function count_deleted_message()`,
    `create or replace function mark_read_up_to(room int, viewer int, asked int, out n int, out up_to int,
        out authors int[]) language plpgsql
      ${BY_INDEX} as $$
      declare
        me record;
        target record;
        read_singly int[];
      begin
        n := 0;
        authors := '{}';
        select o.read_time, o.read_up_to into me from members o
          where o.room_id = room and o.user_id = viewer for update;
        if not found then return; end if;
        -- The target and the count of the room are from one snapshot.
        if asked is null then
          select r.message_count, r.newest_time, r.newest_id, m.created_at, m.id into target from rooms r
            join lateral (select e.created_at, e.id from messages e where e.room_id = r.id
                          order by e.created_at desc, e.id desc limit 1) m on true
            where r.id = room;
        else
          select r.message_count, r.newest_time, r.newest_id, m.created_at, m.id into target from rooms r
            join messages m on m.id = asked and m.room_id = r.id where r.id = room;
        end if;
        if not found or (target.created_at, target.id) <= (me.read_time, me.read_up_to) then return; end if;
        up_to := target.id;
        -- Not a join: it could read everything that the viewer has ever read.
        select count(*) filter (where m.is_unread),
            coalesce(array_agg(distinct m.sender_id) filter (where m.is_unread), '{}'),
            array_agg(m.id) filter (where m.was_read)
          into n, authors, read_singly
          from (select e.id, e.sender_id, known.was_read, e.deleted_at is null and not known.was_read as is_unread
                from messages e cross join lateral (select
                  (select r.user_id from reads r where r.message_id = e.id and r.user_id = viewer) is not null
                    as was_read
                ) known
                where e.room_id = room and e.sender_id <> viewer
                  and (e.created_at, e.id) > (me.read_time, me.read_up_to)
                  and (e.created_at, e.id) <= (target.created_at, target.id)) m;
        update members o set read_up_to = target.id, read_time = target.created_at,
            read_count = case when (target.created_at, target.id) >= (target.newest_time, target.newest_id)
              then target.message_count else o.read_count + n end
          where o.room_id = room and o.user_id = viewer;
        delete from reads r where r.user_id = viewer and r.message_id = any(read_singly);
      end $$`,
    `create or replace function mark_read_each(room int, viewer int, asked int[], out n int, out ids int[],
        out authors int[]) language plpgsql
      ${BY_INDEX} as $$
      declare
        me record;
      begin
        n := 0;
        ids := '{}';
        authors := '{}';
        select o.read_time, o.read_up_to into me from members o
          where o.room_id = room and o.user_id = viewer for update;
        if not found then return; end if;
        with new as (
          insert into reads (message_id, user_id)
          select m.id, viewer from messages m
          where m.room_id = room and m.id = any(asked) and m.sender_id <> viewer and m.deleted_at is null
            and (m.created_at, m.id) > (me.read_time, me.read_up_to)
          on conflict do nothing returning message_id)
        select count(*), coalesce(array_agg(m.id order by m.id), '{}'), coalesce(array_agg(distinct m.sender_id), '{}')
          into n, ids, authors from new join messages m on m.id = new.message_id;
        if n = 0 then return; end if;
        update members o set read_count = o.read_count + n where o.room_id = room and o.user_id = viewer;
      end $$`,
  ],
};
