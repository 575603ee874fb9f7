import type { Room } from '../../protocol/index.js';
import type { SocketConnection } from '../socket-connection.js';

/**
 * Requests the room list on the socket, because REST has failed. Loaded on demand: see deferred.ts.
 * @param timeoutMs the longest wait, in milliseconds.
 * @returns undefined without a socket or an answer.
 */
export async function listBySocket(
  socket: SocketConnection | undefined,
  timeoutMs: number,
): Promise<Room[] | undefined> {
  let rooms: Room[] | undefined;
  if (socket?.send({ type: 'get-room-list' })) {
    await socket.waitForEvent(timeoutMs, (event) => {
      if (event.type === 'room-list') ({ rooms } = event);
      return rooms !== undefined;
    });
  }
  return rooms;
}
