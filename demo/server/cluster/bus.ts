/** Messages between the processes of one backend. The database is authoritative; the bus only reduces latency. */

import type { Member } from '../rooms/member.js';

/** A change of a room, and the frames that its members receive. */
export interface RoomUpdate {
  roomId: number;
  seq: number;
  /** Null if the change has nothing left to show. Its seq still counts. */
  frame: object | null;
  /** Room fields that changed for every member. `unread_count` is added per member. */
  updates?: object;
  members: Member[];
  notification?: NotificationTarget;
}

/** A message, and the users who may have a notification for it. */
export interface NotificationTarget {
  messageId: number;
  userIds: number[];
}

export type BusMessage =
  /** To every socket of the members, in the order of `seq`. */
  | { to: 'members'; update: RoomUpdate }
  /** To the sockets subscribed to a room, except those of one user. */
  | { to: 'subscribers'; roomId: number; except?: number | undefined; frames: object[] }
  /** To every socket of some users. */
  | { to: 'users'; userIds: number[]; frames: object[] }
  /** To the notification sockets of some users. */
  | { to: 'notified'; notification: NotificationTarget };

export interface Bus {
  /** Publishes to all other processes. Never fails: change-poller.ts finds what was lost. */
  publish(message: BusMessage): void;
  /** Registers the listener for messages of the other processes. */
  listen(listener: (message: BusMessage) => void): void;
}
