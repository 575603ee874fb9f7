/**
 * Ends what is no longer allowed. A token is checked when a socket opens; a user who is deactivated, or removed from a room,
 * after that would otherwise go on until it runs out. Each process asks about its own sockets.
 */
import { CloseCode } from '../../../src/protocol/close-codes.js';
import type { SocketConnection } from './socket-connection.js';
import type { Context } from '../context.js';

/** With the time that a question takes, nobody goes on for more than 5 s. */
const EVERY_MS = 2_000;

export interface Revocation {
  stop(): void;
}

export function startRevocation(context: Context, connections: ReadonlySet<SocketConnection>): Revocation {
  const { database, hub, presence, log } = context;
  let isLooking = false;

  async function look(): Promise<void> {
    if (connections.size === 0) return;
    const userIds = [...new Set([...connections].map(({ userId }) => userId))];
    const watched = hub.allLooking().flatMap(([roomId, users]) => users.map((userId) => [roomId, userId] as const));
    const [active, members] = await Promise.all([
      database.query<{ id: number }>('select id from users where id = any($1::int[]) and is_active', [userIds]),
      database.query<{ roomId: number; userId: number }>(
        `select o.room_id as "roomId", o.user_id as "userId" from unnest($1::int[], $2::int[]) as watched (room_id, user_id)
         join members o on o.room_id = watched.room_id and o.user_id = watched.user_id join rooms r on r.id = o.room_id and r.is_active`,
        [watched.map(([roomId]) => roomId), watched.map(([, userId]) => userId)],
      ),
    ]);
    endSockets(new Set(userIds.filter((userId) => !active.some(({ id }) => id === userId))));
    const allowed = new Set(members.map(({ roomId, userId }) => `${roomId} ${userId}`));
    for (const [roomId, userId] of watched) if (!allowed.has(`${roomId} ${userId}`)) endLooking(roomId, userId);
  }

  function endSockets(userIds: ReadonlySet<number>): void {
    for (const connection of connections) {
      if (!userIds.has(connection.userId)) continue;
      log.warn({ user: connection.userId }, 'socket closed: the user is not active any more');
      // What was asked and is not begun is not done any more.
      connection.drop();
      void connection.close(CloseCode.unauthorized, 'not active any more');
    }
  }

  function endLooking(roomId: number, userId: number): void {
    log.warn({ user: userId, room: roomId }, 'subscription ended: not a member any more');
    for (const connection of hub.subscribers(roomId)) {
      if (connection.userId !== userId) continue;
      presence.unsubscribe(connection, roomId);
      connection.send({ type: 'unsubscribed', room_id: roomId, timestamp: new Date() });
    }
  }

  const timer = setInterval(() => {
    if (isLooking) return;
    isLooking = true;
    look()
      .catch((error: unknown) => log.error({ err: error }, 'could not look who is still allowed'))
      .finally(() => (isLooking = false));
  }, EVERY_MS).unref();
  return { stop: () => clearInterval(timer) };
}
