/**
 * Migration 12: uploads, several files per message, and files outside the database. A row of `attachments` is a file: an
 * upload until a message has it. `messages.attachment_id` stays the first file of a message, so that only messages with
 * files are asked for them.
 */
import type { Migration } from './database.js';

export const UPLOADS: Migration = {
  id: 12,
  name: 'uploads; several files per message; files in a storage',
  statements: [
    [
      // No row is rewritten: every default is a constant, or the time of this statement.
      `alter table attachments
        alter column bytes drop not null,
        -- Null: still in bytes. See move-files.ts.
        add column storage_key text unique,
        add column owner_id int,
        -- Null: not sent yet.
        add column message_id int,
        add column position smallint not null default 0,
        add column size int,
        add column width int,
        add column height int,
        add column thumbhash text,
        -- uploading: its bytes are not complete (only for presigned uploads); checking: they are scanned; blocked: refused.
        add column state text not null default 'ready'
          check (state in ('uploading', 'checking', 'ready', 'blocked')),
        -- The Idempotency-Key of its upload.
        add column upload_key text,
        add column created_at timestamptz not null default now(),
        -- For scanning: when it is due, and how often it has failed.
        add column scan_at timestamptz,
        add column scan_failures int not null default 0,
        -- The addresses of earlier versions had no signature. They work until then, for pages that are open.
        add column unsigned_until timestamptz default now() + interval '24 hours'`,
      `alter table attachments alter column created_at set default clock_timestamp(),
        alter column unsigned_until drop default`,
    ],
    [
      // The length is read without the bytes.
      `update attachments a set size = octet_length(a.bytes), message_id = m.id, owner_id = m.sender_id,
          created_at = coalesce(m.created_at, a.created_at)
        from attachments f left join messages m on m.attachment_id = f.id where f.id = a.id`,
    ],
    // Without the check of the rows, which would hold the locks of both tables.
    [
      `alter table attachments add constraint attachments_owner_id_fkey
        foreign key (owner_id) references users on delete cascade not valid`,
    ],
    [
      `alter table attachments add constraint attachments_message_id_fkey
        foreign key (message_id) references messages on delete cascade not valid`,
    ],
    [
      `alter table attachments validate constraint attachments_owner_id_fkey`,
      `alter table attachments validate constraint attachments_message_id_fkey`,
    ],
    [
      `create unique index uploads_by_key on attachments (owner_id, upload_key) where upload_key is not null`,
      `create index attachments_of_message on attachments (message_id, position) where message_id is not null`,
      `create index unsent_uploads_of_user on attachments (owner_id) where message_id is null`,
      `create index unsent_uploads_by_time on attachments (created_at) where message_id is null`,
      `create index attachments_to_scan on attachments (scan_at) where scan_at is not null`,
      `create index attachments_to_move on attachments (id) where bytes is not null`,
      // Stored files that nothing refers to, and when to delete them. A key is here before its file is stored, and leaves
      // when a row refers to it: so no file is forgotten, whenever a process ends.
      `create table file_deletions (
        storage_key text primary key,
        delete_after timestamptz not null,
        -- For moderation: the deleted message that had the file.
        message_id int,
        name text)`,
      `create index file_deletions_by_time on file_deletions (delete_after)`,
      `create function note_file_deletion() returns trigger language plpgsql as $$
        begin
          insert into file_deletions (storage_key, delete_after) values (old.storage_key, now()) on conflict do nothing;
          return null;
        end $$`,
      `create trigger note_file_deletion after delete on attachments for each row
        when (old.storage_key is not null) execute function note_file_deletion()`,
    ],
    [
      // Part of the signature of addresses: every address of a room ends with the membership of anyone. Not in the row of
      // the room: a message locks the room first, and its members after it.
      `create table file_epochs (room_id int primary key references rooms on delete cascade, epoch int not null)`,
      `create function end_file_addresses() returns trigger language plpgsql as $$
        begin
          insert into file_epochs as e (room_id, epoch)
            select r.id, 1 from rooms r where r.id = old.room_id
            on conflict (room_id) do update set epoch = e.epoch + 1;
          return null;
        end $$`,
    ],
    [`create trigger end_file_addresses after delete on members for each row execute function end_file_addresses()`],
    [
      `create function end_file_addresses_of_user() returns trigger language plpgsql as $$
        begin
          insert into file_epochs as e (room_id, epoch)
            select me.room_id, 1 from members me where me.user_id = old.id order by 1
            on conflict (room_id) do update set epoch = e.epoch + 1;
          return null;
        end $$`,
      `create trigger end_file_addresses_of_user after update of is_active on users for each row
        when (old.is_active and not new.is_active) execute function end_file_addresses_of_user()`,
    ],
  ],
};
