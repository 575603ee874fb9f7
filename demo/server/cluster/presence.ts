/** Who looks at which room, wherever they are connected: those are not notified of what they see. */
import type { Connection, Hub } from '../socket/hub.js';

export interface Presence {
  /** Resolves when every process knows. */
  subscribe(connection: Connection, roomId: number): Promise<void>;
  unsubscribe(connection: Connection, roomId: number): void;
  /** The connection is gone. */
  remove(connection: Connection): void;
  looking(roomId: number): Promise<number[]>;
}

/** Of one process alone. */
export const localPresence = (hub: Hub): Presence => ({
  subscribe: (connection, roomId) => Promise.resolve(hub.subscribe(connection, roomId)),
  unsubscribe: (connection, roomId) => hub.unsubscribe(connection, roomId),
  remove: (connection) => void hub.remove(connection),
  looking: (roomId) => Promise.resolve(hub.looking(roomId)),
});
