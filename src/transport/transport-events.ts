/** The events of an open connection, the same for every backend. They are validated before they are reported. */
import type { Id, Limits, Message, Reaction, Room, RoomUpdates } from '../protocol/index.js';

/** The user and the capabilities of the backend. */
export interface UserInfo {
  userId: Id;
  username: string;
  /** A capability that is not listed does not exist. */
  capabilities: readonly string[];
  limits?: Limits | undefined;
  /** Capability `hide_receipts`. */
  hideReceipts?: boolean | undefined;
  /** The time of the server, ISO 8601. */
  timestamp?: string | undefined;
}

/** The connection is open: commands may be sent. */
export interface ConnectedEvent extends UserInfo {
  type: 'connection-established';
  /** The silence after which the connection is checked, in seconds. */
  heartbeatS?: number | undefined;
}

interface RoomChange {
  roomId: Id;
  /** Capability `sync`: counts the changes of a room from 1, without a gap. */
  seq: number | undefined;
}

/** A change of a room. With capability `sync`, each has a `seq`. */
export type ChangeEvent = RoomChange &
  (
    | {
        type: 'new-message';
        message: Message;
        /** The sender's own id for the message, if the backend does not return it in the message. */
        localId?: string | undefined;
      }
    /** The current version of a message. */
    | { type: 'message-updated'; message: Message }
    /** `deletedAt`: when. Undefined: nothing remains of the message. */
    | { type: 'message-deleted'; messageId: Id; deletedAt: string | undefined }
    /** All current reactions to a message. */
    | { type: 'reactions-updated'; messageId: Id; reactions: Reaction[] }
    /** The current user has read `count` messages of the room, on any device. */
    | { type: 'messages-marked-read'; count: number }
    /** Another user has read these messages. Without ids: all, or all up to `upTo`. */
    | { type: 'message-read'; userId: Id; messageIds: readonly Id[]; upTo: Id | undefined }
    /** Everything up to a message has reached a device of another user. Never has a `seq`. */
    | { type: 'message-delivered'; userId: Id; upTo: Id | undefined }
  );

/** The backend rejected a command. */
export interface CommandError {
  type: 'error';
  /** An explanation for users. */
  message: string;
  /** The room and the message that it concerns, if the backend names them. */
  roomId?: Id | undefined;
  localId?: string | undefined;
  code?: string | undefined;
  /** The wait before another attempt, in seconds. */
  retryAfter?: number | undefined;
}

export type TransportEvent =
  | ConnectedEvent
  | ChangeEvent
  | CommandError
  /** All rooms. `leftOut`: the number of invalid ones. */
  | { type: 'room-list'; rooms: Room[]; leftOut: number }
  | { type: 'subscribed' | 'unsubscribed'; roomId: Id }
  /** The backend has stored a message of the current user. */
  | { type: 'message-ack'; roomId: Id; message: Message; localId: string }
  | { type: 'typing'; roomId: Id; userId: Id; username: string; isTyping: boolean }
  | { type: 'room-updated'; roomId: Id; updates: RoomUpdates }
  /** The answer to `ping`. */
  | { type: 'pong' }
  /** The answer to `sync`. The rooms are not validated yet: see `readRoomChanges`. */
  | { type: 'sync-result'; rooms: readonly unknown[] }
  /** The token of this connection expires in `inS` seconds. */
  | { type: 'token-expiring'; inS: number }
  /** The answer to `authenticate`. */
  | { type: 'authenticated' };

/** Only a change has the property `seq`. */
export const isChange = (event: TransportEvent): event is ChangeEvent => 'seq' in event;
