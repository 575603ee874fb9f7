/**
 * What was written in a room and not sent. Kept by the vault for the person who wrote it; in memory as long as it is not known who
 * that is, and then for whoever turns out to be there.
 */
import { idKey, type Id } from '../protocol/index.js';
import type { Vault } from './vault.js';

/** Rooms whose drafts wait in memory for their author to be known. */
const MAX_WAITING = 100;

export class Drafts {
  readonly #vault: Vault;
  /** Empty: nobody knows yet. */
  #scope = '';
  #waiting = new Map<string, { roomId: Id; text: string }>();
  /** Whoever asked before it was known who is there. */
  #asking = new Set<(scope: string) => void>();

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** It is known who is there. What was written meanwhile is theirs. */
  enter(scope: string): void {
    if (scope === this.#scope) return;
    const waiting = this.#scope ? [] : [...this.#waiting.values()];
    this.leave();
    this.#scope = scope;
    for (const { roomId, text } of waiting) void this.#vault.putDraft(scope, roomId, text);
    for (const answer of this.#asking) answer(scope);
    this.#asking.clear();
  }

  /** They may have gone: what only memory holds is nobody's any more. */
  leave(): void {
    this.#scope = '';
    this.#waiting.clear();
  }

  /** Nobody will be known here any more: whoever still asks gets nothing. */
  stop(): void {
    for (const answer of this.#asking) answer('');
    this.#asking.clear();
  }

  /** What is kept of a room; waits until it is known who is there. Empty where there is nothing. */
  async read(roomId: Id): Promise<string> {
    const waiting = this.#scope ? undefined : this.#waiting.get(idKey(roomId));
    if (waiting) return waiting.text;
    const scope = this.#scope || (await new Promise<string>((answer) => this.#asking.add(answer)));
    const text = scope && (await this.#vault.draft(scope, roomId));
    // Somebody else may be there by now.
    return scope === this.#scope ? text : '';
  }

  async keep(roomId: Id, text: string): Promise<void> {
    if (this.#scope) return this.#vault.putDraft(this.#scope, roomId, text);
    const key = idKey(roomId);
    this.#waiting.delete(key);
    this.#waiting.set(key, { roomId, text });
    const [oldest] = this.#waiting.keys();
    if (this.#waiting.size > MAX_WAITING && oldest !== undefined) this.#waiting.delete(oldest);
  }

  /** Forgets what waits in memory. */
  purge(): void {
    this.#waiting.clear();
  }
}
