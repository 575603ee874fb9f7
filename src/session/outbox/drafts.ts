import { evictOldest } from '../../internal/evict-oldest.js';
import { idKey, type Id } from '../../protocol/index.js';
import type { MessageStorage } from './message-storage.js';

/** The drafts of one scope: on the device, or in memory while the user is unknown. */
export class Drafts {
  readonly #storage: MessageStorage;
  readonly #scope: string;
  readonly #isClosed: () => boolean;
  /** The drafts of a user who is not known yet, and the callers that wait for a draft until the user is known. */
  readonly #inMemory = new Map<string, { roomId: Id; text: string }>();
  readonly #waiting = new Set<() => void>();
  /** The drafts of the known user, which have taken over these. */
  #heir: Drafts | undefined;

  /** @param isClosed whether the outbox is closed: another user may have signed in. */
  constructor(storage: MessageStorage, scope: string, isClosed: () => boolean) {
    this.#storage = storage;
    this.#scope = scope;
    this.#isClosed = isClosed;
  }

  /**
   * The draft of a room. Waits until the user is known. Empty if there is none, or if another user has signed in in the
   * meantime.
   */
  async get(roomId: Id): Promise<string> {
    const inMemory = this.#inMemory.get(idKey(roomId));
    if (inMemory) return inMemory.text;
    if (!this.#scope && !this.#isClosed()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    if (this.#heir) return this.#heir.get(roomId);
    const text = this.#scope && (await this.#storage.draft(this.#scope, roomId));
    return this.#isClosed() ? '' : text;
  }

  async save(roomId: Id, text: string): Promise<void> {
    if (this.#scope) return this.#storage.putDraft(this.#scope, roomId, text);
    this.#inMemory.set(idKey(roomId), { roomId, text });
    evictOldest(this.#inMemory);
  }

  /** Takes over the drafts that were written before the user was known. */
  adoptDrafts(other: Drafts): void {
    other.#heir = this;
    for (const { roomId, text } of other.#inMemory.values()) void this.save(roomId, text);
    other.clear();
  }

  /** Releases the callers that wait for the user to be known. */
  close(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  /** Forgets the drafts in memory. */
  clear(): void {
    this.#inMemory.clear();
  }
}
