/**
 * Migration 13: finding people by the words of their names, blocks, rooms with a context, settings of members, and what
 * the pages of the room list need.
 */
import type { Migration } from './database.js';
import { BY_INDEX } from './migration-6.js';

export const PEOPLE_AND_ROOMS: Migration = {
  id: 13,
  name: 'people, blocks, contexts and settings of rooms, former members',
  statements: [
    [
      // ————— People
      // Lower-case, and without accents: what a name and a search have in common.
      `create function search_text(name text) returns text language sql immutable parallel safe as $$
        select lower(regexp_replace(normalize(name, nfkd), '[\\u0300-\\u036f]', '', 'g')) $$`,
      `create function name_of(username text, first_name text, last_name text) returns text language sql immutable as $$
        select coalesce(nullif(btrim(first_name || ' ' || last_name), ''), username) $$`,
      // The order of people. Bounded, because an index row is.
      `alter table users add column search_name text collate "C" not null default ''`,
      `create table user_words (
        word text collate "C" not null,
        user_id int not null references users on delete cascade,
        primary key (word, user_id))`,
      `create index words_of_user on user_words (user_id)`,
      `create function note_search_name() returns trigger language plpgsql as $$
        begin
          new.search_name := left(search_text(name_of(new.username, new.first_name, new.last_name)), 200);
          return new;
        end $$`,
      `create function store_user_words() returns trigger language plpgsql ${BY_INDEX} as $$
        begin
          delete from user_words w where w.user_id = new.id;
          insert into user_words (word, user_id)
            select distinct left(w, 100), new.id from regexp_split_to_table(
              search_text(new.username || ' ' || new.first_name || ' ' || new.last_name), '[^[:alnum:]]+') w
            where w <> '';
          return null;
        end $$`,
      `create trigger note_search_name before insert or update of username, first_name, last_name on users
        for each row execute function note_search_name()`,
      `create trigger store_user_words after insert or update of username, first_name, last_name on users
        for each row execute function store_user_words()`,
    ],
    [
      // Runs the triggers for the users who exist. Not by the unique username: then PostgreSQL would lock the rows against
      // messages, which refer to their sender.
      `update users set first_name = first_name`,
    ],
    [`create index users_by_name on users (search_name, id)`],
    [
      // Filled by a page, an administrator, or plain SQL: users are not shown to those whom they have blocked.
      `create table blocks (
        blocker_id int not null references users on delete cascade,
        blocked_id int not null references users on delete cascade,
        created_at timestamptz not null default clock_timestamp(),
        primary key (blocked_id, blocker_id))`,
      `create index blocks_of_user on blocks (blocker_id)`,
    ],
    [
      // ————— Rooms
      // dm_key of a direct room with a context: the two users, then type and id, as JSON.
      `alter table rooms add column context_type text, add column context_id text,
        add column context_title text, add column context_url text, add column context_picture text,
        -- The id of an upload.
        add column picture text`,
    ],
    [
      // The groups that were created under an Idempotency-Key. Deleted after a day: see pruning.ts.
      `create table created_rooms (
        user_id int not null references users on delete cascade,
        key text not null,
        digest text not null,
        room_id int references rooms on delete cascade,
        created_at timestamptz not null,
        primary key (user_id, key))`,
      `create index created_rooms_by_time on created_rooms (created_at)`,
      `create index created_rooms_of_room on created_rooms (room_id)`,
    ],
    [
      // ————— Members
      // When a member joined decides who becomes the owner. Of those before this migration, the lowest id did.
      `alter table members add column joined_at timestamptz not null default now()`,
      `alter table members alter column joined_at set default clock_timestamp()`,
      `alter table members add column pinned boolean not null default false,
        add column archived boolean not null default false, add column muted_until timestamptz,
        -- No domain: with one, the table would be rewritten.
        add column notify text not null default 'all' check (notify in ('all', 'mentions', 'none')),
        add column settings_changed_at timestamptz`,
    ],
    [
      `create index members_by_setting_change on members (settings_changed_at) where settings_changed_at is not null`,
      `create index archived_members on members (room_id) where archived`,
      `create function note_setting_change() returns trigger language plpgsql as $$
        begin
          new.settings_changed_at := clock_timestamp();
          return new;
        end $$`,
      `create trigger note_changed_settings before update of pinned, archived, muted_until, notify on members
        for each row when ((old.pinned, old.archived, old.muted_until, old.notify)
          is distinct from (new.pinned, new.archived, new.muted_until, new.notify))
        execute function note_setting_change()`,
    ],
    [
      // A new message takes a room out of the archive of its members, unless they have muted it. Once per statement: an
      // import has many messages.
      `create function unarchive_rooms() returns trigger language plpgsql ${BY_INDEX} as $$
        begin
          update members me set archived = false
            where me.archived and me.room_id = any(array(select distinct a.room_id from added a))
              and (me.muted_until is null or me.muted_until <= clock_timestamp());
          return null;
        end $$`,
      `create trigger unarchive_rooms after insert on messages
        referencing new table as added for each statement execute function unarchive_rooms()`,
    ],
    [
      // ————— Pages of the room list
      // Which rooms are gone for a user, also if plain SQL has removed the member. Deleted after a week: see pruning.ts.
      // The transaction tells whether a list was read before or after it.
      `create table former_members (
        user_id int not null,
        room_id int not null,
        left_in xid8 not null default pg_current_xact_id(),
        left_at timestamptz not null default clock_timestamp(),
        primary key (user_id, room_id))`,
      `create index former_members_by_time on former_members (left_at)`,
      `create function note_former_member() returns trigger language plpgsql ${BY_INDEX} as $$
        begin
          insert into former_members (user_id, room_id) values (old.user_id, old.room_id)
            on conflict (user_id, room_id) do update set left_in = excluded.left_in, left_at = excluded.left_at;
          return null;
        end $$`,
      `create trigger note_former_member after delete on members for each row execute function note_former_member()`,
      // Whether the current version of a row may be younger than a snapshot. Rows have only the lower half of the number
      // of their transaction. Of a row that is older than 2^31 transactions, the answer may be wrong: it is sent once more.
      `create function changed_since(row_xmin xid, since bigint) returns boolean language sql stable as $$
        select (row_xmin::text::bigint - since % 4294967296 + 4294967296) % 4294967296 < 2147483648 $$`,
    ],
  ],
};
