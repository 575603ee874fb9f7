import { evictOldest } from '../internal/evict-oldest.js';
import { isId } from '../internal/is-id.js';
import { idKey, sameId, type Id } from '../protocol/index.js';
import type { AdapterMessage, ChatAdapter } from './adapter.js';

/** Pages of history that are read backwards to find one message. */
const MAX_PAGES = 10;
/** Messages of a room that are kept for an adapter without `history`. */
const MAX_RECORDED = 2_000;
/** Messages on a page, at most. */
const MAX_PAGE = 100;

export interface AdapterPage {
  messages: AdapterMessage[];
  hasMore: boolean;
}

/** The history of an adapter: its own, or else the messages since the page was loaded. */
export class AdapterHistory {
  readonly #adapter: ChatAdapter;
  readonly #recorded = new Map<string, AdapterMessage[]>();

  constructor(adapter: ChatAdapter) {
    this.#adapter = adapter;
  }

  /** Keeps a message for an adapter without a history. */
  record(roomId: Id, message: AdapterMessage): void {
    // What an adapter reports is not validated yet.
    if (this.#adapter.history || !isId((message as AdapterMessage | null)?.id)) return;
    const known = this.#recorded.get(idKey(roomId)) ?? [];
    if (!known.some(({ id }) => sameId(id, message.id)))
      this.#recorded.set(idKey(roomId), [...known, message].slice(-MAX_RECORDED));
    evictOldest(this.#recorded);
  }

  /** Keeps the current version of a message for an adapter without a history. */
  update(roomId: Id, messageId: Id, change: Partial<AdapterMessage>): void {
    const known = this.#recorded.get(idKey(roomId));
    if (known)
      this.#recorded.set(
        idKey(roomId),
        known.map((message) => (sameId(message.id, messageId) ? { ...message, ...change } : message)),
      );
  }

  /** The messages before one, or the newest. */
  async before(roomId: Id, before: Id | undefined, limit: number): Promise<AdapterPage> {
    if (this.#adapter.history) return this.#adapter.history(roomId, { before, limit });
    const all = this.#recorded.get(idKey(roomId)) ?? [];
    const end =
      before === undefined
        ? all.length
        : Math.max(
            0,
            all.findIndex(({ id }) => sameId(id, before)),
          );
    const start = Math.max(0, end - limit);
    return { messages: all.slice(start, end), hasMore: start > 0 };
  }

  /** The messages after one: read backwards from the end until it is found. @returns nothing if it is too far back. */
  async after(roomId: Id, after: Id, limit: number): Promise<AdapterPage | undefined> {
    let found: AdapterMessage[] = [];
    for (let count = 0; count < MAX_PAGES; count++) {
      const { messages, hasMore } = await this.before(roomId, found[0]?.id, MAX_PAGE);
      const at = messages.findIndex(({ id }) => sameId(id, after));
      // The same page again: the adapter ignores `before`.
      if (messages[0] && sameId(messages[0].id, found[0]?.id)) return undefined;
      found = [...messages.slice(at + 1), ...found];
      if (at >= 0 || !hasMore || messages.length === 0)
        return { messages: found.slice(0, limit), hasMore: found.length > limit };
    }
    return undefined;
  }
}
