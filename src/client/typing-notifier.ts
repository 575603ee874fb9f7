import { idKey, type Id } from '../protocol/index.js';
import type { KeyedTimers } from '../internal/keyed-timers.js';

/** While keys are pressed, `typing` is sent again after this time, in milliseconds; without a key for this time, `stop_typing`. */
const TYPING_EVERY_MS = 3_000;

/** Tells a room that the user types, as rarely as possible. Loaded on demand: see deferred.ts. */
export class TypingNotifier {
  readonly #timers: KeyedTimers;
  readonly #send: (roomId: Id, isTyping: boolean) => void;
  /** Rooms in which a key was pressed since `typing` was sent. */
  readonly #typed = new Set<string>();

  constructor(timers: KeyedTimers, send: (roomId: Id, isTyping: boolean) => void) {
    this.#timers = timers;
    this.#send = send;
  }

  set(roomId: Id, isTyping: boolean): void {
    const name = `typing ${idKey(roomId)}`;
    if (isTyping) this.#typed.add(name);
    if (isTyping === this.#timers.has(name)) return;
    this.#send(roomId, isTyping);
    this.#timers.cancel(name);
    this.#typed.delete(name);
    if (isTyping) this.#timers.set(name, TYPING_EVERY_MS, () => (this.#typed.has(name) ? this.set(roomId, true) : this.#send(roomId, false)));
  }

  /** Forgets the pressed keys: the next timer ends the typing. */
  clear(): void {
    this.#typed.clear();
  }
}
