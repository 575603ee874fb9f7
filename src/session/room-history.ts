import { compareIds, idKey, type Id, type Message } from '../protocol/index.js';
import { stillWanted, toChatError, type RestClient } from '../transport/index.js';
import type { Report } from './events.js';

const FIRST_PAGE = 50;
const CATCH_UP_PAGE = 100;

/** What is loaded of one open room, and up to where nothing is missing. */
export class RoomHistory {
  /** The newest message up to which everything is known; undefined before the first page. */
  #cursor: Id | undefined;
  #loaded = false;
  #running: Promise<void> = Promise.resolve();
  readonly #report: Report;

  constructor(
    readonly roomId: Id,
    report: Report,
  ) {
    this.#report = report;
  }

  get cursor(): Id | undefined {
    return this.#cursor;
  }

  /** A message that came in live, where the line tells of every message: nothing before it is missing. */
  advance(message: Message): void {
    if (this.#loaded && (this.#cursor === undefined || compareIds(message.id, this.#cursor) > 0)) this.#cursor = message.id;
  }

  /**
   * Loads the newest page, or whatever came after the last one that is known. One after the other, never together: a read
   * that began before the socket was up says nothing of what came after it.
   * @throws {ChatError} and reports it, when REST fails.
   */
  catchUp(rest: RestClient, prepare: (messages: Message[]) => Message[], signal: AbortSignal): Promise<void> {
    return (this.#running = this.#running.catch(() => {}).then(() => this.#catchUp(rest, prepare, signal)));
  }

  async #catchUp(rest: RestClient, prepare: (messages: Message[]) => Message[], signal: AbortSignal): Promise<void> {
    const { roomId } = this;
    stillWanted(signal);
    try {
      if (!this.#loaded || this.#cursor === undefined) {
        if (!this.#loaded) this.#report({ type: 'history-loading', roomId, side: 'newest' });
        const { messages, hasMore } = await rest.history(roomId, { limit: FIRST_PAGE }, signal);
        stillWanted(signal);
        this.#cursor = messages.at(-1)?.id;
        this.#loaded = true;
        this.#report({ type: 'history', roomId, side: 'newest', messages: prepare(messages), hasMore });
        return;
      }
      for (;;) {
        const after = this.#cursor;
        const { messages, hasMore } = await rest.history(roomId, { after, limit: CATCH_UP_PAGE }, signal);
        stillWanted(signal);
        const last = messages.at(-1);
        if (last) this.#cursor = last.id;
        this.#report({ type: 'history', roomId, side: 'newer', messages: prepare(messages), hasMore: false });
        // A backend that answers `after` with the same page again would keep us here for ever.
        if (!hasMore || !last || (after !== undefined && idKey(last.id) === idKey(after))) return;
      }
    } catch (thrown) {
      const error = toChatError(thrown);
      if (error.code !== 'aborted') this.#report({ type: 'history-failed', roomId, error });
      throw error;
    }
  }
}
