/** The open sockets of each user in this process, and their maximum number. */
import { CloseCode } from '../../../src/protocol/close-codes.js';
import type { SocketConnection } from './socket-connection.js';

export class UserSockets {
  /** Open sockets, oldest first. */
  readonly #byUser = new Map<number, Set<SocketConnection>>();

  /** @param max One more socket closes the oldest, whose client may be dead. */
  constructor(private readonly max: number) {}

  /**
   * Adds a socket until it closes. Closes the oldest socket of a user with too many; it stops counting at once, even if
   * its client does not answer.
   */
  add(connection: SocketConnection): void {
    const { userId, socket } = connection;
    const ofUser = this.#byUser.get(userId) ?? new Set();
    this.#byUser.set(userId, ofUser.add(connection));
    const [oldest] = ofUser;
    if (ofUser.size > this.max && oldest) {
      ofUser.delete(oldest);
      oldest.closeNow(CloseCode.tryAgainLater, 'too many sockets');
    }
    socket.on('close', () => {
      ofUser.delete(connection);
      if (ofUser.size === 0 && this.#byUser.get(userId) === ofUser) this.#byUser.delete(userId);
    });
  }
}
