/**
 * Migration 15: pictures of rooms, and how long audio and video files last. The picture is an upload that belongs to the room, instead of a user or a message.
 */
import type { Migration } from './database.js';

export const ROOM_PICTURES: Migration = {
  id: 15,
  name: 'pictures of rooms; duration of audio and video',
  statements: [
    // The owner of a picture is null: it is no unsent upload of its user any more. rooms.picture has its id.
    [`alter table attachments add column room_id int, add column duration_ms int`],
    // Without the check of the rows, which would hold the locks of both tables.
    [
      `alter table attachments add constraint attachments_room_id_fkey
        foreign key (room_id) references rooms on delete cascade not valid`,
    ],
    [`alter table attachments validate constraint attachments_room_id_fkey`],
    [`create unique index picture_of_room on attachments (room_id) where room_id is not null`],
  ],
};
