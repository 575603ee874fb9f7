/**
 * Ends sockets and subscriptions whose permission was revoked. Tokens are checked only when a socket opens; without
 * this, a deactivated user or a removed member could continue until the token expires. Each process checks its own
 * sockets.
 */
import { CloseCode } from '../../../src/protocol/close-codes.js';
import { PermissionChanges } from './permission-changes.js';
import { SettingChanges } from './setting-changes.js';
import type { SocketConnection } from './socket-connection.js';
import type { Context } from '../context.js';

/** Together with the query time, this keeps revocation below 5 s. */
const INTERVAL_MS = 2_000;

export interface Revocation {
  stop(): void;
}

export function startRevocation(context: Context, connections: ReadonlySet<SocketConnection>): Revocation {
  const { database, hub, presence, log } = context;
  const permissionChanges = new PermissionChanges(context);
  const settingChanges = new SettingChanges(context);
  let isChecking = false;

  async function check(): Promise<void> {
    if (connections.size === 0) return;
    const userIds = [...new Set([...connections].map(({ userId }) => userId))];
    const watched = hub
      .allSubscribedUsers()
      .flatMap(([roomId, users]) => users.map((userId) => [roomId, userId] as const));
    const [active, members] = await Promise.all([
      database.query<{ id: number }>('select id from users where id = any($1::int[]) and is_active', [userIds]),
      database.query<{ roomId: number; userId: number }>(
        `select o.room_id as "roomId", o.user_id as "userId" from unnest($1::int[], $2::int[]) as watched (room_id, user_id)
         join members o on o.room_id = watched.room_id and o.user_id = watched.user_id join rooms r on r.id = o.room_id and r.is_active`,
        [watched.map(([roomId]) => roomId), watched.map(([, userId]) => userId)],
      ),
    ]);
    endSockets(new Set(userIds.filter((userId) => !active.some(({ id }) => id === userId))));
    await permissionChanges.announce(userIds);
    await settingChanges.announce(userIds);
    const allowed = new Set(members.map(({ roomId, userId }) => `${roomId} ${userId}`));
    for (const [roomId, userId] of watched) if (!allowed.has(`${roomId} ${userId}`)) endSubscription(roomId, userId);
  }

  function endSockets(userIds: ReadonlySet<number>): void {
    for (const connection of connections) {
      if (!userIds.has(connection.userId)) continue;
      log.warn({ user: connection.userId }, 'socket closed: the user is no longer active');
      // Frames that wait in the queue are discarded.
      connection.discardQueue();
      void connection.close(CloseCode.unauthorized, 'user deactivated');
    }
  }

  function endSubscription(roomId: number, userId: number): void {
    log.warn({ user: userId, room: roomId }, 'subscription ended: the user is no longer a member');
    for (const connection of hub.subscribers(roomId)) {
      if (connection.userId !== userId) continue;
      presence.unsubscribe(connection, roomId);
      connection.send({ type: 'unsubscribed', room_id: roomId, timestamp: new Date() });
    }
  }

  const timer = setInterval(() => {
    if (isChecking) return;
    isChecking = true;
    check()
      .catch((error: unknown) => log.error({ err: error }, 'revocation check failed'))
      .finally(() => (isChecking = false));
  }, INTERVAL_MS).unref();
  return { stop: () => clearInterval(timer) };
}
