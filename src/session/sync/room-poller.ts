/**
 * Polls by REST for changes: while no socket is up, or beside a socket that does not report all changes. Loaded on
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

/**
 * The interval at which the newest page of an open room is read completely on a backend without `sync`, in
 * milliseconds: it reveals deleted messages.
 */
const WHOLE_MS = 60_000;

export class RoomPoller {
  readonly #session: RoomPollerHost;
  #times = 0;
  /** Whether the backend ignores `after` and always returns the newest page. */
  #ignoresAfter = false;

  constructor(session: RoomPollerHost) {
    this.#session = session;
  }

  /**
   * Reads the messages after the last known one in each open room, and every minute the whole page. Beside a socket
   * without `user_channel`, the room list is read only in every other poll.
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
    // Reading the room reveals what has happened.
    if (!page) return true;
    const { messages } = page;
    this.#ignoresAfter = messages.some(({ id }) => sameId(id, cursor.id));
    return messages.length > 0;
  }
}
