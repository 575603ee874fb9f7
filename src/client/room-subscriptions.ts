/** Open rooms, with their number of views. A room is kept up to date while it has views, and for a short time after. */
import { idKey, type Id } from '../protocol/index.js';
import type { KeyedTimers } from '../internal/keyed-timers.js';
import type { Session } from '../session/index.js';
import { threadOf } from '../store/selectors.js';
import { edgeOf } from '../store/timeline-entries.js';
import type { StateStore } from './state-store.js';

/** How long a room without views is kept up to date, in milliseconds. */
const LINGER_MS = 5_000;

export class RoomSubscriptions {
  readonly #store: StateStore;
  readonly #session: Session;
  readonly #timers: KeyedTimers;
  /** By `idKey`; `count`: number of views. */
  readonly #rooms = new Map<string, { roomId: Id; count: number }>();

  constructor(store: StateStore, session: Session, timers: KeyedTimers) {
    this.#store = store;
    this.#session = session;
    this.#timers = timers;
  }

  /**
   * Loads a room and keeps it up to date.
   * @returns a function that closes it again.
   */
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

  /** Opens all rooms again, for another user. */
  reopen(): void {
    for (const { roomId } of this.#rooms.values()) this.#open(roomId);
  }

  /** Loads all rooms again without creating their threads: nothing may be shown before the user is known. */
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
