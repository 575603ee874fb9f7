/** Open rooms, with their number of views. A room is kept up to date while it has views, and for a short time after. */
import { idKey, type Id } from '../protocol/index.js';
import type { KeyedTimers } from '../internal/keyed-timers.js';
import type { Session } from '../session/index.js';
import { threadOf } from '../store/selectors.js';
import { edgeOf } from '../store/timeline-entries.js';
import type { StateStore } from './state-store.js';

/** How long a room without views is kept up to date, in milliseconds. */
const LINGER_MS = 5_000;

interface SubscriptionsHost {
  readonly store: StateStore;
  readonly session: Session;
  readonly timers: KeyedTimers;
  /** Whether the connection is running. If not, a room is closed at once. */
  readonly isRunning: boolean;
}

export class RoomSubscriptions {
  readonly #core: SubscriptionsHost;
  /** By `idKey`; `count`: number of views. */
  readonly #rooms = new Map<string, { roomId: Id; count: number }>();

  constructor(core: SubscriptionsHost) {
    this.#core = core;
  }

  /**
   * Loads a room and keeps it up to date.
   * @returns a function that closes it again.
   */
  open(roomId: Id): () => void {
    const key = idKey(roomId);
    const timer = `close ${key}`;
    const { timers } = this.#core;
    timers.cancel(timer);
    const room = this.#rooms.get(key) ?? { roomId, count: 0 };
    this.#rooms.set(key, room);
    room.count++;
    this.#open(roomId);
    let hasLeft = false;
    return () => {
      if (hasLeft) return;
      hasLeft = true;
      if (--room.count > 0) return;
      this.#core.store.dispatch({ type: 'left', roomId });
      this.#rooms.delete(key);
      if (this.#core.isRunning) timers.set(timer, LINGER_MS, () => this.#close(roomId));
      else this.#close(roomId);
    };
  }

  /** Opens all rooms again, for another user. */
  reopen(): void {
    for (const { roomId } of this.#rooms.values()) this.#open(roomId);
  }

  /** Loads all rooms again without creating their threads: nothing may be shown before the user is known. */
  reload(): void {
    for (const { roomId } of this.#rooms.values()) this.#core.session.open(roomId);
  }

  #open(roomId: Id): void {
    const { session, store } = this.#core;
    store.dispatch({ type: 'open', roomId });
    session.open(roomId, edgeOf(threadOf(store.data, roomId).timeline));
  }

  #close(roomId: Id): void {
    this.#core.session.roomSync.close(roomId);
    this.#core.store.dispatch({ type: 'close', roomId });
  }
}
