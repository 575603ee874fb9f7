/**
 * Announces to each member what has changed in a room for this member. The database remembers when it changed, so that a
 * change with plain SQL, or by a trigger, is announced, too.
 */
import type { Context } from '../context.js';

/**
 * Changes of the last seconds are read again, because a transaction becomes visible only after the time that it has
 * written.
 */
export const OVERLAP_S = 120;

export interface RecentChange {
  roomId: number;
  userId: number;
  /** µs since 1970. */
  at: number;
}

/** Remembers which changes were announced. */
export class RecentChanges {
  /** By room and user. */
  #announced = new Map<string, number>();

  constructor(private readonly context: Pick<Context, 'hub'>) {}

  /** @param updatesOf the changed fields of the room. */
  announce<Change extends RecentChange>(changes: readonly Change[], updatesOf: (change: Change) => object): void {
    const announced = new Map<string, number>();
    for (const change of changes) {
      const { roomId, userId, at } = change;
      const key = `${roomId} ${userId}`;
      announced.set(key, at);
      if (this.#announced.get(key) === at) continue;
      const frame = { type: 'room_updated', room_id: roomId, updates: updatesOf(change), timestamp: new Date() };
      for (const connection of this.context.hub.connectionsOf(userId)) connection.send(frame);
    }
    this.#announced = announced;
  }
}
