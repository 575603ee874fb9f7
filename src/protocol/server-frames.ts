/**
 * Every frame a server may send on the chat socket, by its `type`.
 * docs/PROTOCOL.md tells when. Frames carry a `timestamp` too, on which nothing depends.
 */
import { Message, Reaction, type Room, RoomUpdates } from './entities.js';
import { anything, flag, Id, maybe, number, text, Time, z } from './schema.js';

const Limits = z.looseObject({
  /** Longest message, in characters. */
  content: maybe(number),
  /** Largest file, in bytes. */
  attachment_bytes: maybe(number),
  /** Messages a minute. */
  rate: maybe(number),
});
export type Limits = z.output<typeof Limits>;

const roomId = { room_id: Id };
/** Something that changed in a room. Capability `sync`: `seq` counts a room's changes from 1, without a gap. */
const change = { ...roomId, seq: maybe(number) };

export const ChatFrames = {
  connection_established: z.looseObject({
    user_id: Id,
    username: text,
    /** Absent: a baseline backend. */
    protocol: maybe(number),
    /** A capability that is not named does not exist. */
    capabilities: z.catch(z.array(z.string()), []),
    /** Seconds of silence after which to `ping`. */
    heartbeat_s: maybe(number),
    limits: maybe(Limits),
    /** The server's clock. */
    timestamp: maybe(Time),
  }),
  /** `rooms` stays unchecked here: the codec checks it room by room. */
  room_list: z.looseObject({ rooms: z.array(anything) }),
  subscribed: z.looseObject(roomId),
  unsubscribed: z.looseObject(roomId),
  /** `_tempId`: some backends put it here, beside the message. */
  new_message: z.looseObject({ ...change, message: Message, _tempId: maybe(z.string()) }),
  /** Capability `ack`: to the sender alone. */
  message_ack: z.looseObject({ ...roomId, message: Message, _tempId: z.string() }),
  /** Capability `edit`: the message as it is now. */
  message_updated: z.looseObject({ ...change, message: Message }),
  /** Capability `delete`. */
  message_deleted: z.looseObject({ ...change, message_id: Id }),
  /** Capability `reactions`: all that a message has now. */
  reactions_updated: z.looseObject({ ...change, message_id: Id, reactions: z.array(Reaction) }),
  typing: z.looseObject({ ...roomId, user_id: Id, username: text, is_typing: flag }),
  /** To the reader: `count` messages of this room are now read. */
  messages_marked_read: z.looseObject({ ...change, count: z.catch(number, 0) }),
  /** To the others: `user_id` has read these; none named means all, up to `up_to` where a backend counts (`sync`). */
  message_read: z.looseObject({ ...change, user_id: Id, message_ids: z.catch(z.array(Id), []), up_to: maybe(Id) }),
  room_updated: z.looseObject({ ...roomId, updates: RoomUpdates }),
  error: z.looseObject({
    message: text,
    room_id: maybe(Id),
    /** Capability `ack`: what went wrong, with which message, and after how many seconds to try again. */
    code: maybe(z.string()),
    _tempId: maybe(z.string()),
    retry_after: maybe(number),
  }),
  pong: z.looseObject({}),
  /** Capability `sync`: what changed. `rooms` stays unchecked here: see `readSync`. */
  sync_result: z.looseObject({ rooms: z.array(anything) }),
  /** Capability `token_refresh`: this socket's token runs out in so many seconds. */
  token_expiring: z.looseObject({ in_s: number }),
  /** Capability `token_refresh`: the new token was taken. (A refused one closes the socket with 4001.) */
  authenticated: z.looseObject({}),
};

/** What a table's frames are once they are checked; `Lists` names those whose items the codec checks one by one. */
export type Checked<Table extends Record<string, z.ZodMiniType>, Lists> = {
  [Type in keyof Table]: { type: Type } & (Type extends keyof Lists ? Lists[Type] : z.output<Table[Type]>);
}[keyof Table];

/** A frame on the chat socket, checked. */
export type ChatFrame = Checked<typeof ChatFrames, { room_list: { rooms: Room[] } }>;

export type FrameOf<Type extends ChatFrame['type']> = Extract<ChatFrame, { type: Type }>;
