import { idKey, sameId, type Id } from '../../protocol/index.js';
import type { SocketConnection } from '../socket-connection.js';

/**
 * Subscribes to rooms, and waits until the server has confirmed or refused.
 * @param subscribed the rooms to which the socket is subscribed (`idKey`); the new ones are added.
 * @param timeoutMs the longest wait, in milliseconds.
 */
export async function subscribe(
  socket: SocketConnection,
  roomIds: readonly Id[],
  subscribed: Set<string>,
  timeoutMs: number,
): Promise<void> {
  const requested = roomIds.filter((roomId) => {
    const key = idKey(roomId);
    return !subscribed.has(key) && socket.send({ type: 'subscribe-room', roomId }) && subscribed.add(key);
  });
  await Promise.all(
    requested.map((roomId) =>
      socket.waitForEvent(
        timeoutMs,
        (event) => (event.type === 'subscribed' || event.type === 'error') && sameId(event.roomId, roomId),
      ),
    ),
  );
}
