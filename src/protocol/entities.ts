/**
 * What the wire speaks about: users, rooms, messages, notifications.
 *
 * What an entity cannot live without (its id, its time) is required; what only decorates it (a name, a picture)
 * falls back, so that a picture of the wrong type never costs a message. Unknown fields pass through.
 */
import { anything, flag, Id, maybe, number, text, Time, z } from './schema.js';

const textOrNull = z.catch(z.nullable(z.string()), null);
const timeOrNull = z.catch(z.nullable(Time), null);

export const User = z.looseObject({
  id: Id,
  username: text,
  first_name: text,
  last_name: text,
  profile_picture: textOrNull,
});
export type User = z.output<typeof User>;

const UserOrNull = z.catch(z.nullable(User), null);

/** The message that another one answers, as much of it as a quotation needs. */
export const ReplyTo = z.looseObject({
  id: Id,
  content: text,
  /** A name in the baseline; some backends send the whole user. */
  sender: anything,
});
export type ReplyTo = z.output<typeof ReplyTo>;

/** Capability `reactions`. */
export const Reaction = z.looseObject({ emoji: z.string(), user_ids: z.array(Id) });
export type Reaction = z.output<typeof Reaction>;

export const Message = z.looseObject({
  id: Id,
  room: z.optional(Id),
  /** Null where the server itself speaks (`message_type: 'system'`). */
  sender: UserOrNull,
  /** `text | image | file | system | job_update`, or a type that a later backend invents. */
  message_type: z.catch(z.string(), 'text'),
  content: text,
  /** URL, absolute or relative to the backend. Untrusted: see `attachmentUrl`. */
  attachment: textOrNull,
  timestamp: Time,
  is_read: z.catch(flag, false),
  edited_at: timeOrNull,
  reply_to: z.catch(z.nullable(ReplyTo), null),
  /** Right on REST; says nothing on a socket, where one text goes to everybody. Compare `sender.id` instead. */
  is_own_message: z.catch(flag, false),
  /** One for each emoji, in the order in which they came. */
  reactions: maybe(z.array(Reaction)),
  /** The sender's own name for the message before the server had one. */
  _tempId: maybe(z.string()),
});
export type Message = z.output<typeof Message>;

export const LastMessage = z.looseObject({ content: text, timestamp: Time, sender: UserOrNull });
export type LastMessage = z.output<typeof LastMessage>;

export const Room = z.looseObject({
  id: Id,
  name: text,
  /** `job | direct | support | general`, or a type that a later backend invents. */
  room_type: z.catch(z.string(), 'general'),
  participants: z.catch(z.array(User), []),
  participant_count: z.catch(number, 0),
  last_message: z.catch(z.nullable(LastMessage), null),
  unread_count: z.catch(number, 0),
  created_at: timeOrNull,
  updated_at: timeOrNull,
  is_active: z.catch(flag, true),
});
export type Room = z.output<typeof Room>;

/** What `room_updated` may say. Absent means unchanged, so nothing here may fall back. */
export const RoomUpdates = z.looseObject({
  name: z.optional(z.string()),
  participants: z.optional(z.array(User)),
  participant_count: z.optional(number),
  last_message: z.optional(z.nullable(LastMessage)),
  unread_count: z.optional(number),
  updated_at: z.optional(z.nullable(Time)),
  is_active: z.optional(flag),
});
export type RoomUpdates = z.output<typeof RoomUpdates>;
