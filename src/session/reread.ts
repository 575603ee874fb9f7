/**
 * Reads over REST what may have changed since it was read: while no socket is there, or beside one that does not tell everything. Loaded on
 * demand: see later.ts.
 */
import { sameId } from '../protocol/index.js';
import { stillWanted } from '../transport/index.js';
import { unlessGone } from './catch-up.js';
import { isResting } from './failing-room.js';
import type { Inside } from './inside.js';
import { FIRST_PAGE, type History } from './source.js';
import { timeLeft } from './time-left.js';

/** So often the newest page of an open room is read whole on a backend that does not count, in milliseconds: it shows what was deleted. */
const WHOLE_MS = 60_000;

export class Rereader {
  readonly #session: Inside;
  #times = 0;
  /** The backend ignores `after`, and always answers with the newest page. */
  #ignoresAfter = false;

  constructor(session: Inside) {
    this.#session = session;
  }

  /**
   * Reads the messages of each open room that follow the last known one, and every minute the whole page. Beside a socket the list, too, is read only every
   * other time.
   * @throws {ChatError}
   */
  async read(signal: AbortSignal): Promise<void> {
    const { line, clock, reader } = this.#session;
    if (!line || this.#session.has('user_channel') || this.#times++ % 2 === 1 || !reader.isListed) await reader.listByRest(signal);
    if (timeLeft(clock, { from: reader.wholeAt, ms: WHOLE_MS }) === 0) return reader.readOpen(signal);
    await reader.readEach(async (history) => {
      if (!isResting(this.#session, history) && (await this.#mayHaveChanged(history, signal))) await reader.readRoom(history, signal);
    });
  }

  async #mayHaveChanged(history: History, signal: AbortSignal): Promise<boolean> {
    const { roomId, cursor, seq, isLoaded } = history;
    const { rest } = this.#session;
    if (!rest || !isLoaded || seq !== undefined || cursor === undefined || this.#ignoresAfter) return true;
    const page = await rest.history(roomId, { after: cursor.id, limit: FIRST_PAGE }, signal).catch(unlessGone);
    stillWanted(signal);
    // What has happened, the room's own reading says.
    if (!page) return true;
    const { messages } = page;
    this.#ignoresAfter = messages.some(({ id }) => sameId(id, cursor.id));
    return messages.length > 0;
  }
}
