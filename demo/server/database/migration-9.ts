/**
 * Migration 9: roles of members, and closed rooms. `permissions_changed_at` lets every process notice a change, also one
 * that was made with plain SQL.
 */
import type { Migration } from './database.js';
import { BY_INDEX } from './migration-6.js';

export const PERMISSIONS: Migration = {
  id: 9,
  name: 'roles of members; closed rooms',
  statements: [
    `create domain member_role as text check (value in ('owner', 'member'))`,
    `alter table members add column role member_role not null default 'member',
      add column permissions_changed_at timestamptz`,
    // Shown to the members. Null: the room is open.
    `alter table rooms add column closed_reason text, add column permissions_changed_at timestamptz`,
    `create index rooms_by_permission_change on rooms (permissions_changed_at) where permissions_changed_at is not null`,
    `create index members_by_permission_change on members (permissions_changed_at)
      where permissions_changed_at is not null`,
    `create function note_permission_change() returns trigger language plpgsql as $$
      begin
        new.permissions_changed_at := clock_timestamp();
        return new;
      end $$`,
    `create trigger note_closed_room before update of closed_reason on rooms for each row
      when (old.closed_reason is distinct from new.closed_reason) execute function note_permission_change()`,
    // Not in the row of the room: a message locks the room first, and its members after it.
    `create trigger note_changed_role before update of role on members for each row
      when (old.role is distinct from new.role) execute function note_permission_change()`,
    // As in migration 7, and nothing is stored in a closed room.
    `create or replace function store_message(room int, author int, kind text, body text, file uuid, quoted int,
        temp text, sent_digest text, viewing int[], out is_allowed boolean, out message int, out change int,
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
          where r.id = room and r.is_active and r.closed_reason is null
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
            -- Deleted while this statement waited: then it discloses nothing.
            select json_build_object('id', q.id, 'content', q.content,
                'sender', case when q.deleted_at is null then u.username else '' end) into quote
              from messages q join users u on u.id = q.sender_id where q.id = quoted;
          end if;
          select array_agg(me.user_id), array_agg(total - me.read_count) into member_ids, unread
            from members me where me.room_id = room;
        end if;
        trigger_setting := set_config('unified_chat.is_counted', '', true);
      end $$`,
  ],
};
