/**
 * What the wire speaks about: users, rooms, messages, notifications.
 *
 * What an entity cannot live without (its id, its time) is required; what only decorates it (a name, a picture)
 * falls back, so that a picture of the wrong type never costs a message. Unknown fields pass through.
 */
import type { Output } from './validation.js';
import {
  amount,
  flag,
  Id,
  optionalOr,
  object,
  nullOnError,
  string,
  text,
  textOrNull,
  Time,
  timeOrNull,
  z,
} from './schema.js';

export const User = object(() => ({
  id: Id,
  username: text,
  first_name: text,
  last_name: text,
  profile_picture: textOrNull,
}));
export type User = Output<typeof User>;

const userOrNull = () => nullOnError(User());

/** A name in the baseline; some backends send the whole user. */
const nameOf = (sender: unknown): string => {
  const name = typeof sender === 'string' ? sender : (sender as { username?: unknown } | null | undefined)?.username;
  return typeof name === 'string' ? name : '';
};

/** The message that another one answers, as much of it as a quotation needs. */
export const ReplyTo = object(() => ({
  id: Id,
  content: text,
  /** The name of its author, empty where it is not known. */
  sender: z.custom<string>(() => true).check(z.overwrite(nameOf)),
}));
export type ReplyTo = Output<typeof ReplyTo>;

/** Capability `reactions`. */
export const Reaction = object(() => ({ emoji: string, user_ids: z.array(Id) }));
export type Reaction = Output<typeof Reaction>;

export const Message = object(() => ({
  id: Id,
  room: z.optional(Id),
  /** Null where the server itself speaks (`message_type: 'system'`). */
  sender: userOrNull(),
  /** `text | image | file | system | job_update`, or a type that a later backend invents. */
  message_type: z.catch(string, 'text'),
  content: text,
  /** URL, absolute or relative to the backend. Untrusted: see `attachmentUrl`. */
  attachment: textOrNull,
  timestamp: Time,
  is_read: z.catch(flag, false),
  edited_at: timeOrNull,
  reply_to: nullOnError(ReplyTo()),
  /** Right on REST; says nothing on a socket, where one text goes to everybody. Compare `sender.id` instead. */
  is_own_message: z.catch(flag, false),
  /** One for each emoji, in the order in which they came. */
  reactions: optionalOr(z.array(Reaction())),
  /** The sender's own name for the message before the server had one. */
  _tempId: optionalOr(string),
}));
export type Message = Output<typeof Message>;

export const LastMessage = object(() => ({ content: text, timestamp: Time, sender: userOrNull() }));
export type LastMessage = Output<typeof LastMessage>;

export const Room = object(() => ({
  id: Id,
  name: text,
  /** `job | direct | support | general`, or a type that a later backend invents. */
  room_type: z.catch(string, 'general'),
  participants: z.catch(z.array(User()), []),
  participant_count: z.catch(amount, 0),
  last_message: nullOnError(LastMessage()),
  unread_count: z.catch(amount, 0),
  created_at: timeOrNull,
  updated_at: timeOrNull,
  is_active: z.catch(flag, true),
}));
export type Room = Output<typeof Room>;

/** What `room_updated` may say. Absent means unchanged, so nothing here may fall back. */
export const RoomUpdates = object(() => ({
  name: z.optional(string),
  participants: z.optional(z.array(User())),
  participant_count: z.optional(amount),
  last_message: z.optional(z.nullable(LastMessage())),
  unread_count: z.optional(amount),
  updated_at: z.optional(z.nullable(Time)),
  is_active: z.optional(flag),
}));
export type RoomUpdates = Output<typeof RoomUpdates>;
