/** The rooms that elements show: each is kept up to date as long as one of them does, and for a moment longer. */
import { idKey, type Id } from '../protocol/index.js';
import type { KeyedTimers } from '../internal/keyed-timers.js';
import type { Session } from '../session/index.js';
import { threadOf } from '../store/selectors.js';
import { edgeOf } from '../store/timeline-entries.js';
import type { StateStore } from './state-store.js';

/** After its last reader has left, a room is kept up to date for so long, in milliseconds. */
const LINGER_MS = 5_000;

export class RoomSubscriptions {
  readonly #store: StateStore;
  readonly #session: Session;
  readonly #timers: KeyedTimers;
  /** Readers of each open room. */
  readonly #rooms = new Map<string, { roomId: Id; count: number }>();

  constructor(store: StateStore, session: Session, timers: KeyedTimers) {
    this.#store = store;
    this.#session = session;
    this.#timers = timers;
  }

  /** Loads a room and keeps it up to date. @returns how to leave. */
  open(roomId: Id, isRunning: () => boolean): () => void {
    const key = idKey(roomId);
    const timer = `close ${key}`;
    this.#timers.cancel(timer);
    const room = this.#rooms.get(key) ?? { roomId, count: 0 };
    this.#rooms.set(key, room);
    room.count++;
    this.#open(roomId);
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      if (--room.count > 0) return;
      this.#rooms.delete(key);
      if (isRunning()) this.#timers.set(timer, LINGER_MS, () => this.#close(roomId));
      else this.#close(roomId);
    };
  }

  /** Opens all of them again: another user has signed in. */
  reopen(): void {
    for (const { roomId } of this.#rooms.values()) this.#open(roomId);
  }

  /** Loads all of them again, though nothing is to be shown before the user is known. */
  reload(): void {
    for (const { roomId } of this.#rooms.values()) this.#session.open(roomId);
  }

  #open(roomId: Id): void {
    this.#store.dispatch({ type: 'open', roomId });
    this.#session.open(roomId, edgeOf(threadOf(this.#store.data, roomId).timeline));
  }

  #close(roomId: Id): void {
    this.#session.roomSync.close(roomId);
    this.#store.dispatch({ type: 'close', roomId });
  }
}
