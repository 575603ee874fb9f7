/** Who looks at which room, kept in Redis for all processes. An entry that nobody renews is of a process that died. */
import type { Hub } from '../socket/hub.js';
import type { Presence } from './presence.js';
import { ask, PREFIX, type Redis } from './redis.js';

const RENEW_MS = 10_000;
const LIFE_MS = 30_000;

const keyOf = (roomId: number): string => `${PREFIX}looking:${roomId}`;

export function redisPresence(redis: Redis, hub: Hub, process: string): Presence & { stop(): void } {
  const nameOf = (userId: number): string => `${process} ${userId}`;

  /** For each room a sorted set: who looks, by when that will have to be renewed. */
  const add = (roomId: number, userIds: number[]): Promise<unknown> => {
    const score = Date.now() + LIFE_MS;
    return redis
      .multi()
      .zAdd(keyOf(roomId), userIds.map((userId) => ({ score, value: nameOf(userId) })))
      .pExpire(keyOf(roomId), LIFE_MS)
      .exec();
  };
  const leave = (roomId: number, userId: number): void => {
    if (!hub.looking(roomId).includes(userId)) void ask<unknown>(redis.zRem(keyOf(roomId), nameOf(userId)), undefined);
  };
  const renew = (): void => {
    for (const [roomId, userIds] of hub.allLooking()) void ask(add(roomId, userIds), undefined);
  };
  const timer = setInterval(renew, RENEW_MS).unref();
  // It may have come back empty.
  redis.on('ready', renew);

  return {
    async subscribe(connection, roomId) {
      hub.subscribe(connection, roomId);
      await ask(add(roomId, [connection.userId]), undefined);
    },
    unsubscribe(connection, roomId) {
      hub.unsubscribe(connection, roomId);
      leave(roomId, connection.userId);
    },
    remove(connection) {
      for (const roomId of hub.remove(connection)) leave(roomId, connection.userId);
    },
    async looking(roomId) {
      // Without an answer those elsewhere are notified of what they see, which is better than the other mistake.
      const names = await ask(redis.zRangeByScore(keyOf(roomId), Date.now(), '+inf'), []);
      return [...new Set([...hub.looking(roomId), ...names.map((name) => Number(name.split(' ')[1]))])];
    },
    stop: () => clearInterval(timer),
  };
}
