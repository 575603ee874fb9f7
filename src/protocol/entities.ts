/**
 * The entities of the protocol: users, rooms and messages.
 *
 * Essential fields (an id, a time) are required. Decorative fields (a name, a picture) have a fallback, so that a
 * picture of the wrong type never costs a message. Unknown fields are kept.
 */
import type { Output } from './validation.js';
import {
  amount,
  flag,
  Id,
  optionalOr,
  object,
  nullOnError,
  positive,
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

/** The author's name: a text in the baseline. Some backends send the whole user. */
const nameOf = (sender: unknown): string => {
  const name = typeof sender === 'string' ? sender : (sender as { username?: unknown } | null | undefined)?.username;
  return typeof name === 'string' ? name : '';
};

/** The message to which another one replies, with the fields that a quotation needs. */
export const ReplyTo = object(() => ({
  id: Id,
  content: text,
  /** The name of its author; empty if it is unknown. */
  sender: z.custom<string>(() => true).check(z.overwrite(nameOf)),
  /** When it was deleted. */
  deleted_at: optionalOr(Time),
}));
export type ReplyTo = Output<typeof ReplyTo>;

/** Capability `uploads`: a file of a message. */
export const Attachment = object(() => ({
  id: Id,
  /** URL, absolute or relative to the backend. Untrusted: see `attachmentUrl`. Null while the file cannot be loaded. */
  url: textOrNull,
  name: text,
  /** Empty if it is unknown. */
  media_type: text,
  /** Bytes. */
  size: optionalOr(positive),
  /** Pixels. */
  width: optionalOr(positive),
  height: optionalOr(positive),
  duration_ms: optionalOr(positive),
  /** A blurred preview, in base64. */
  thumbhash: optionalOr(string),
  /** `checking`: the backend scans the file. `blocked`: it has refused the file. Absent: ready. */
  state: optionalOr(string),
}));
export type Attachment = Output<typeof Attachment>;

/** Capability `reactions`. */
export const Reaction = object(() => ({ emoji: string, user_ids: z.array(Id) }));
export type Reaction = Output<typeof Reaction>;

/** The names of actions. Those of a later version are ignored. */
const can = optionalOr(z.array(string));

export const Message = object(() => ({
  id: Id,
  room: z.optional(Id),
  /** Null for a message of the server itself (`message_type: 'system'`). */
  sender: userOrNull(),
  /** `text | image | file | system | job_update`, or a type of a later backend. */
  message_type: z.catch(string, 'text'),
  content: text,
  /** URL, absolute or relative to the backend. Untrusted: see `attachmentUrl`. */
  attachment: textOrNull,
  /** Capability `uploads`: all files, in their order. `attachment` is the first one. */
  attachments: optionalOr(z.array(Attachment())),
  timestamp: Time,
  is_read: z.catch(flag, false),
  edited_at: timeOrNull,
  /** Capability `delete`: when it was deleted. It has no text, no file and no reactions any more. */
  deleted_at: optionalOr(Time),
  reply_to: nullOnError(ReplyTo()),
  /** Correct on REST. Meaningless on a socket, where all members receive the same text: compare `sender.id` instead. */
  is_own_message: z.catch(flag, false),
  /** One per emoji, in the order in which they were added. */
  reactions: optionalOr(z.array(Reaction())),
  /** Capability `permissions`: the actions that the user may perform on this message, instead of those of the room. */
  can,
  /** The sender's own id for the message, from before it was stored. */
  _tempId: optionalOr(string),
}));
export type Message = Output<typeof Message>;

export const LastMessage = object(() => ({ content: text, timestamp: Time, sender: userOrNull() }));
export type LastMessage = Output<typeof LastMessage>;

/** Capability `room_settings`: what the user has set for a room. */
export const RoomSettings = object(() => ({
  pinned: z.catch(flag, false),
  archived: z.catch(flag, false),
  /** Until then, new messages make no noise. */
  muted_until: timeOrNull,
  /** `all | mentions | none`, or a value of a later backend. */
  notify: text,
}));
export type RoomSettings = Output<typeof RoomSettings>;

/** Capability `create_room`: what a room is about. */
export const RoomContext = object(() => ({
  type: string,
  id: Id,
  /** Title, address and picture are signed by the host. The addresses are untrusted nevertheless. */
  title: optionalOr(string),
  url: optionalOr(string),
  picture: optionalOr(string),
}));
export type RoomContext = Output<typeof RoomContext>;

export const Room = object(() => ({
  id: Id,
  name: text,
  /** `job | direct | support | general`, or a type of a later backend. */
  room_type: z.catch(string, 'general'),
  participants: z.catch(z.array(User()), []),
  participant_count: z.catch(amount, 0),
  last_message: nullOnError(LastMessage()),
  unread_count: z.catch(amount, 0),
  created_at: timeOrNull,
  updated_at: timeOrNull,
  is_active: z.catch(flag, true),
  /** Capability `around`: the first message that the user has not read. */
  first_unread_id: optionalOr(Id),
  /** Capability `around`: the last of the messages that were read in order. */
  last_read_id: optionalOr(Id),
  /** Capability `permissions`: the actions that the user may perform in the room. */
  can,
  /** Capability `permissions`: why the room is closed, as a text for users. */
  closed_reason: optionalOr(string),
  context: optionalOr(RoomContext()),
  settings: optionalOr(RoomSettings()),
  /** Capability `manage_room`: the address of its picture. Untrusted. */
  picture: optionalOr(string),
}));
export type Room = Output<typeof Room>;

/** The changes in `room_updated`. An absent field is unchanged, so no field may have a fallback. */
export const RoomUpdates = object(() => ({
  name: z.optional(string),
  participants: z.optional(z.array(User())),
  participant_count: z.optional(amount),
  last_message: z.optional(z.nullable(LastMessage())),
  unread_count: z.optional(amount),
  updated_at: z.optional(z.nullable(Time)),
  is_active: z.optional(flag),
  first_unread_id: z.optional(z.nullable(Id)),
  last_read_id: z.optional(z.nullable(Id)),
  can: z.optional(z.array(string)),
  closed_reason: z.optional(z.nullable(string)),
  context: z.optional(z.nullable(RoomContext())),
  settings: z.optional(RoomSettings()),
  picture: z.optional(z.nullable(string)),
}));
export type RoomUpdates = Output<typeof RoomUpdates>;
