/**
 * Every frame a server may send on the chat socket, by its `type`.
 * docs/PROTOCOL.md tells when. Frames carry a `timestamp` too, on which nothing depends.
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
  /** Longest message, in characters. */
  content: optionalOr(positive),
  /** Largest file, in bytes. */
  attachment_bytes: optionalOr(positive),
  /** Messages a minute. */
  rate: optionalOr(positive),
}));
export type Limits = Output<typeof Limits>;

const roomId = { room_id: Id };
/** Something that changed in a room. Capability `sync`: `seq` counts a room's changes from 1, without a gap. */
const change = { ...roomId, seq: optionalOr(sequence) };

export const ChatFrames = {
  connection_established: object(() => ({
    user_id: Id,
    username: text,
    /** Absent: a baseline backend. */
    protocol: optionalOr(number),
    /** A capability that is not named does not exist. */
    capabilities: z.catch(z.array(string), []),
    /** Seconds of silence after which to `ping`: 5 to 300. Not above 0: absent. */
    heartbeat_s: optionalOr(positive.check(clamp(5, 300))),
    limits: optionalOr(Limits()),
    /** The server's clock. */
    timestamp: optionalOr(Time),
  })),
  /** `rooms` stays unchecked here: the codec checks it room by room. */
  room_list: object(() => ({ rooms: z.array(anything) })),
  subscribed: object(() => roomId),
  unsubscribed: object(() => roomId),
  /** `_tempId`: some backends put it here, beside the message. */
  new_message: object(() => ({ ...change, message: Message(), _tempId: optionalOr(string) })),
  /** Capability `ack`: to the sender alone. */
  message_ack: object(() => ({ ...roomId, message: Message(), _tempId: string })),
  /** Capability `edit`: the message as it is now. */
  message_updated: object(() => ({ ...change, message: Message() })),
  /** Capability `delete`. */
  message_deleted: object(() => ({ ...change, message_id: Id })),
  /** Capability `reactions`: all that a message has now. */
  reactions_updated: object(() => ({ ...change, message_id: Id, reactions: z.array(Reaction()) })),
  typing: object(() => ({ ...roomId, user_id: Id, username: text, is_typing: flag })),
  /** To the reader: `count` messages of this room are now read. */
  messages_marked_read: object(() => ({ ...change, count: z.catch(amount, 0) })),
  /** To the others: `user_id` has read these; none named means all, up to `up_to` where a backend counts (`sync`). */
  message_read: object(() => ({
    ...change,
    user_id: Id,
    message_ids: z.catch(z.array(Id), []),
    up_to: optionalOr(Id),
  })),
  room_updated: object(() => ({ ...roomId, updates: RoomUpdates() })),
  error: object(() => ({
    message: text,
    room_id: optionalOr(Id),
    /** Capability `ack`: what went wrong, with which message, and after how many seconds to try again. */
    code: optionalOr(string),
    _tempId: optionalOr(string),
    retry_after: optionalOr(number.check(clamp(1, 300))),
  })),
  pong: object(() => ({})),
  /** Capability `sync`: what changed. `rooms` stays unchecked here: see `readSync`. */
  sync_result: object(() => ({ rooms: z.array(anything) })),
  /** Capability `token_refresh`: this socket's token runs out in so many seconds. */
  token_expiring: object(() => ({ in_s: number.check(clamp(0, 86_400)) })),
  /** Capability `token_refresh`: the new token was taken. (A refused one closes the socket with 4001.) */
  authenticated: object(() => ({})),
};

/** What a table's frames are once they are checked; `Lists` names those whose items the codec checks one by one. */
export type Checked<Table extends Record<string, Schema>, Lists> = {
  [Type in keyof Table]: { type: Type } & (Type extends keyof Lists ? Lists[Type] : Output<Table[Type]>);
}[keyof Table];

/** A frame on the chat socket, checked. */
export type ChatFrame = Checked<
  typeof ChatFrames,
  { room_list: { rooms: Room[]; /** Rooms that could not be read. */ left_out: number } }
>;

export type FrameOf<Type extends ChatFrame['type']> = Extract<ChatFrame, { type: Type }>;
