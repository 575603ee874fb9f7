/** Presence in Redis, shared by all processes. Entries of a crashed process expire because they are not renewed. */
import type { Hub } from '../socket/hub.js';
import type { Presence } from './presence.js';
import { withFallback, PREFIX, type Redis } from './redis.js';

const RENEW_MS = 10_000;
const TTL_MS = 30_000;

const keyOf = (roomId: number): string => `${PREFIX}subscribed:${roomId}`;

export function redisPresence(redis: Redis, hub: Hub, processId: string): Presence & { stop(): void } {
  const memberOf = (userId: number): string => `${processId} ${userId}`;

  /** One sorted set per room: subscribed users, scored by expiry time. */
  const add = (roomId: number, userIds: number[]): Promise<unknown> => {
    const score = Date.now() + TTL_MS;
    return redis
      .multi()
      .zAdd(
        keyOf(roomId),
        userIds.map((userId) => ({ score, value: memberOf(userId) })),
      )
      .pExpire(keyOf(roomId), TTL_MS)
      .exec();
  };
  const removeUnlessSubscribed = (roomId: number, userId: number): void => {
    if (!hub.subscribedUsers(roomId).includes(userId))
      void withFallback<unknown>(redis.zRem(keyOf(roomId), memberOf(userId)), undefined);
  };
  const renew = (): void => {
    for (const [roomId, userIds] of hub.allSubscribedUsers()) void withFallback(add(roomId, userIds), undefined);
  };
  const timer = setInterval(renew, RENEW_MS).unref();
  // Redis may have restarted empty.
  redis.on('ready', renew);

  return {
    async subscribe(connection, roomId) {
      hub.subscribe(connection, roomId);
      await withFallback(add(roomId, [connection.userId]), undefined);
    },
    unsubscribe(connection, roomId) {
      hub.unsubscribe(connection, roomId);
      removeUnlessSubscribed(roomId, connection.userId);
    },
    remove(connection) {
      for (const roomId of hub.remove(connection)) removeUnlessSubscribed(roomId, connection.userId);
    },
    async subscribedUsers(roomId) {
      // Without an answer, users on other processes get a superfluous notification. A missing one would be worse.
      const members = await withFallback(redis.zRangeByScore(keyOf(roomId), Date.now(), '+inf'), []);
      return [...new Set([...hub.subscribedUsers(roomId), ...members.map((member) => Number(member.split(' ')[1]))])];
    },
    stop: () => clearInterval(timer),
  };
}
