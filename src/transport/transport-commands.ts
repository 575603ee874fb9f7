/** The commands of a session to an open connection, the same for every backend. Their names: see frames.ts. */
import type { Id } from '../protocol/index.js';

export interface SendMessageCommand {
  type: 'send-message';
  roomId: Id;
  content: string;
  /** Identifies the message before the backend has an id for it. Unchanged when the message is sent again. */
  localId: string;
  /** The message to which it replies. */
  replyTo?: Id | undefined;
}

export type TransportCommand =
  | SendMessageCommand
  /** The session shows a room from now on, or no longer. */
  | { type: 'subscribe-room' | 'unsubscribe-room'; roomId: Id }
  | { type: 'typing' | 'stop-typing'; roomId: Id }
  /** The user has read a room: all of it, if the list is empty. Capability `receipts`: up to the message `upTo`. */
  | { type: 'mark-read'; roomId: Id; messageIds?: readonly Id[]; upTo?: Id }
  /** Capability `delivered`: everything up to the message `upTo` has reached this device. */
  | { type: 'mark-delivered'; roomId: Id; upTo: Id }
  | { type: 'get-room-list' }
  /** Checks whether the connection works. */
  | { type: 'ping' }
  /** Capability `sync`: requests the changes in these rooms (`idKey`) since their sequence number. */
  | { type: 'sync'; rooms: Record<string, number> }
  /** Capability `token_refresh`: continues with another token of the same user. */
  | { type: 'authenticate'; token: string };
