/** The bodies of the capabilities `people`, `create_room`, `manage_room` and `room_pages`. */
import { Message, Room, User } from './entities.js';
import { anything, flag, Id, nullOnError, object, optionalOr, string, text, z } from './schema.js';
import type { Output } from './validation.js';

/** A member of a room. */
export const RoomMember = object(() => ({
  user: User(),
  /** `owner | member`, or a role of a later backend. */
  role: text,
}));
export type RoomMember = Output<typeof RoomMember>;

/** A page of a list. `next` is the cursor of the next page. */
export const PageBody = object(() => ({ items: z.array(anything), next: nullOnError(string) }));

/** `POST rooms/`, and `POST rooms/start_dm/`. */
export const CreatedRoomBody = object(() => ({
  room: Room(),
  created: z.catch(flag, false),
  message: optionalOr(Message()),
}));

/** `GET rooms/?limit=`. `as_of` identifies the state of the list, for `since`. */
export const RoomPageBody = object(() => ({
  items: z.array(anything),
  next: nullOnError(string),
  as_of: string,
  removed: optionalOr(z.array(Id)),
  expired: optionalOr(flag),
}));
