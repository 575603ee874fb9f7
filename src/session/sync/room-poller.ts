/**
 * Reads over REST what may have changed since it was read: while no socket is there, or beside one that does not tell everything. Loaded on
 * demand: see deferred.ts.
 */
import { sameId } from '../../protocol/index.js';
import { throwIfAborted } from '../../transport/index.js';
import { unlessGone } from './catch-up.js';
import { isResting } from './room-retry.js';
import type { SessionContext } from '../session-context.js';
import { FIRST_PAGE, type RoomCursor } from './history-source.js';
import { timeLeft } from '../time-left.js';

type RoomPollerHost = Pick<SessionContext, 'backend' | 'clock' | 'platform' | 'rest' | 'roomSync' | 'socket'>;

/** So often the newest page of an open room is read whole on a backend that does not count, in milliseconds: it shows what was deleted. */
const WHOLE_MS = 60_000;

export class RoomPoller {
  readonly #session: RoomPollerHost;
  #times = 0;
  /** The backend ignores `after`, and always answers with the newest page. */
  #ignoresAfter = false;

  constructor(session: RoomPollerHost) {
    this.#session = session;
  }

  /**
   * Reads the messages of each open room that follow the last known one, and every minute the whole page. Beside a socket the list, too, is read only every
   * other time.
   * @throws {ChatError}
   */
  async read(signal: AbortSignal): Promise<void> {
    const { socket, clock, roomSync } = this.#session;
    if (!socket || this.#session.backend.has('user_channel') || this.#times++ % 2 === 1 || !roomSync.isListed)
      await roomSync.listByRest(signal);
    if (timeLeft(clock, { from: roomSync.fullReadAt, ms: WHOLE_MS }) === 0) return roomSync.readOpenRooms(signal);
    await roomSync.readEach(async (history) => {
      if (!isResting(this.#session, history) && (await this.#mayHaveChanged(history, signal)))
        await roomSync.readRoom(history, signal);
    });
  }

  async #mayHaveChanged(history: RoomCursor, signal: AbortSignal): Promise<boolean> {
    const { roomId, cursor, seq, isLoaded } = history;
    const { rest } = this.#session;
    if (!rest || !isLoaded || seq !== undefined || cursor === undefined || this.#ignoresAfter) return true;
    const page = await rest.history(roomId, { after: cursor.id, limit: FIRST_PAGE }, signal).catch(unlessGone);
    throwIfAborted(signal);
    // What has happened, the room's own reading says.
    if (!page) return true;
    const { messages } = page;
    this.#ignoresAfter = messages.some(({ id }) => sameId(id, cursor.id));
    return messages.length > 0;
  }
}
