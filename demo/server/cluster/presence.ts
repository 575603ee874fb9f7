/** Which users are subscribed to which room, on any process. They get no notifications for that room. */
import type { Connection, Hub } from '../socket/hub.js';

export interface Presence {
  /** Resolves when the subscription is visible to every process. */
  subscribe(connection: Connection, roomId: number): Promise<void>;
  unsubscribe(connection: Connection, roomId: number): void;
  /** Removes all subscriptions of a closed connection. */
  remove(connection: Connection): void;
  subscribedUsers(roomId: number): Promise<number[]>;
}

/** For a single process. */
export const localPresence = (hub: Hub): Presence => ({
  subscribe: (connection, roomId) => Promise.resolve(hub.subscribe(connection, roomId)),
  unsubscribe: (connection, roomId) => hub.unsubscribe(connection, roomId),
  remove: (connection) => void hub.remove(connection),
  subscribedUsers: (roomId) => Promise.resolve(hub.subscribedUsers(roomId)),
});
