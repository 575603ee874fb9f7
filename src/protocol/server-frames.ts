/**
 * All frames that a server may send on the chat socket, by `type`. docs/PROTOCOL.md describes when. Each frame also has
 * a `timestamp`; only that of the greeting is used.
 */
import { Message, Reaction, type Room, RoomUpdates } from './entities.js';
import type { Output, Schema } from './validation.js';
import {
  amount,
  anything,
  clamp,
  flag,
  Id,
  optionalOr,
  number,
  object,
  positive,
  sequence,
  string,
  text,
  Time,
  z,
} from './schema.js';

const Limits = object(() => ({
  /** The longest message, in characters. */
  content: optionalOr(positive),
  /** The largest file, in bytes. */
  attachment_bytes: optionalOr(positive),
  /** Messages per minute. */
  rate: optionalOr(positive),
  /** How long a message can be edited, in seconds. Absent: always. */
  edit_s: optionalOr(positive),
  /** Capability `uploads`: the number of files of a message. Absent: 1. */
  attachments: optionalOr(positive),
  /** Media types, as in the attribute `accept` of HTML. Absent: all. */
  accept: optionalOr(z.array(string)),
  /** `multipart` (default) or `presigned`. */
  upload: optionalOr(string),
}));
export type Limits = Output<typeof Limits>;

const roomId = { room_id: Id };
/** A change of a room. Capability `sync`: `seq` counts the changes of a room from 1, without a gap. */
const change = { ...roomId, seq: optionalOr(sequence) };

const receipt = () => ({
  ...change,
  user_id: Id,
  message_ids: z.catch(z.array(Id), []),
  up_to: optionalOr(Id),
});

export const ChatFrames = {
  connection_established: object(() => ({
    user_id: Id,
    username: text,
    /** Absent for a baseline backend. */
    protocol: optionalOr(number),
    /** A capability that is not listed does not exist. */
    capabilities: z.catch(z.array(string), []),
    /** The silence before a `ping`, in seconds: 5 to 300. A value that is not above 0 counts as absent. */
    heartbeat_s: optionalOr(positive.check(clamp(5, 300))),
    limits: optionalOr(Limits()),
    /** Capability `hide_receipts`. */
    hide_receipts: optionalOr(flag),
    /** The server's clock. */
    timestamp: optionalOr(Time),
  })),
  /** `rooms` is not validated here: the codec validates each room. */
  room_list: object(() => ({ rooms: z.array(anything) })),
  subscribed: object(() => roomId),
  unsubscribed: object(() => roomId),
  /** `_tempId`: some backends send it here, beside the message. */
  new_message: object(() => ({ ...change, message: Message(), _tempId: optionalOr(string) })),
  /** Capability `ack`: sent only to the author. */
  message_ack: object(() => ({ ...roomId, message: Message(), _tempId: string })),
  /** Capability `edit`: the current version of the message. */
  message_updated: object(() => ({ ...change, message: Message() })),
  /** Capability `delete`. Without `deleted_at`, nothing remains of the message. */
  message_deleted: object(() => ({ ...change, message_id: Id, deleted_at: optionalOr(Time) })),
  /** Capability `reactions`: all current reactions to the message. */
  reactions_updated: object(() => ({ ...change, message_id: Id, reactions: z.array(Reaction()) })),
  typing: object(() => ({ ...roomId, user_id: Id, username: text, is_typing: flag })),
  /** To the reader: `count` messages of this room are now read. */
  messages_marked_read: object(() => ({ ...change, count: z.catch(amount, 0) })),
  /** To the others: `user_id` has read these. Without ids: all, or all up to `up_to` (`sync`, `receipts`). */
  message_read: object(receipt),
  /** Capability `delivered`: everything up to `up_to` has reached a device of `user_id`. */
  message_delivered: object(receipt),
  room_updated: object(() => ({ ...roomId, updates: RoomUpdates() })),
  error: object(() => ({
    message: text,
    room_id: optionalOr(Id),
    /** Capability `ack`: the kind of error, the message that it concerns, and the seconds before a retry. */
    code: optionalOr(string),
    _tempId: optionalOr(string),
    retry_after: optionalOr(number.check(clamp(1, 300))),
  })),
  pong: object(() => ({})),
  /** Capability `sync`: the changes. `rooms` is not validated here: see `readSync`. */
  sync_result: object(() => ({ rooms: z.array(anything) })),
  /** Capability `token_refresh`: the token of this socket expires in this many seconds. */
  token_expiring: object(() => ({ in_s: number.check(clamp(0, 86_400)) })),
  /** Capability `token_refresh`: the new token was accepted. (A refused one closes the socket with 4001.) */
  authenticated: object(() => ({})),
};

/** The validated frames of a table. `Lists` contains those whose items the codec validates one by one. */
export type Checked<Table extends Record<string, Schema>, Lists> = {
  [Type in keyof Table]: { type: Type } & (Type extends keyof Lists ? Lists[Type] : Output<Table[Type]>);
}[keyof Table];

/** A validated frame of the chat socket. */
export type ChatFrame = Checked<
  typeof ChatFrames,
  { room_list: { rooms: Room[]; /** The number of invalid rooms. */ left_out: number } }
>;

export type FrameOf<Type extends ChatFrame['type']> = Extract<ChatFrame, { type: Type }>;
