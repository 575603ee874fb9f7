import { idKey, type Id } from '../protocol/index.js';
import { isNewRoom } from '../model/index.js';
import type { KeyedTimers } from '../internal/keyed-timers.js';

/**
 * Interval in milliseconds, while the user is typing, at which `typing` is repeated. `stop_typing` is sent after an
 * interval without input.
 */
const TYPING_INTERVAL_MS = 3_000;

/** Tells a room that the user is typing, with as few frames as possible. Deferred: see deferred.ts. */
export class TypingNotifier {
  readonly #timers: KeyedTimers;
  readonly #send: (roomId: Id, isTyping: boolean) => void;
  /** Timers of rooms with input since `typing` was last sent. */
  readonly #typed = new Set<string>();

  constructor(timers: KeyedTimers, send: (roomId: Id, isTyping: boolean) => void) {
    this.#timers = timers;
    this.#send = send;
  }

  set(roomId: Id, isTyping: boolean): void {
    // The server does not know it yet.
    if (isNewRoom(roomId)) return;
    const name = `typing ${idKey(roomId)}`;
    if (isTyping) this.#typed.add(name);
    if (isTyping === this.#timers.has(name)) return;
    this.#send(roomId, isTyping);
    this.#timers.cancel(name);
    this.#typed.delete(name);
    if (!isTyping) return;
    this.#timers.set(name, TYPING_INTERVAL_MS, () =>
      this.#typed.has(name) ? this.set(roomId, true) : this.#send(roomId, false),
    );
  }

  /** Forgets the input, so that the next timer sends `stop_typing`. */
  clear(): void {
    this.#typed.clear();
  }
}
