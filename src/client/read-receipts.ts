/** Tells the server how far the user has read. Loaded on demand: see deferred.ts. */
import { idKey, sameId, type Id, type Room } from '../protocol/index.js';
import { noop } from '../internal/noop.js';
import type { KeyedTimers } from '../internal/keyed-timers.js';
import type { Session } from '../session/index.js';
import { isOwn, roomOf, threadOf } from '../store/selectors.js';
import { edgeOf } from '../store/timeline-entries.js';
import type { StateStore } from './state-store.js';

/** Milliseconds between two receipts of one room. */
const RECEIPT_EVERY_MS = 1_000;
/** The most messages that are marked one by one. */
const MAX_MARKED = 50;

export class ReadReceipts {
  readonly #store: StateStore;
  readonly #session: Session;
  readonly #timers: KeyedTimers;

  constructor(store: StateStore, session: Session, timers: KeyedTimers) {
    this.#store = store;
    this.#session = session;
    this.#timers = timers;
  }

  /** Whether the first socket is still to come. Over REST each message would have to be marked by itself. */
  private get isBeforeSocket(): boolean {
    return this.#store.data.phase.is === 'connecting' && !this.#session.socket;
  }

  /** Marks a room as read, up to a message. Default: all of it. @throws {ChatError} */
  async mark(roomId: Id, upTo?: Id): Promise<void> {
    const { data } = this.#store;
    const { user } = data;
    const unread = threadOf(data, roomId).timeline.filter((message) => message.delivery === 'sent' && !message.is_read && !isOwn(data, message));
    this.#store.dispatch({ type: 'mark-read', roomId });
    const ids = unread.slice(-MAX_MARKED).map(({ id }) => id);
    await this.#session.markRead(roomId, ids, upTo);
    // Meanwhile another user may have signed in.
    if (user && sameId(user.id, this.#store.data.user?.id) && ids.length > 0) {
      this.#store.dispatch({ type: 'frame', frame: { type: 'message_read', room_id: roomId, user_id: user.id, message_ids: ids, up_to: undefined } });
    }
  }

  /** A view shows the newest message of a room. */
  onViewing(roomId: Id): void {
    if ((roomOf(this.#store.data, roomId)?.unread_count ?? 0) > 0) this.send(roomId);
  }

  /** The list was read. A room is shown as read already while it is viewed; the server must know it too, also of what is not loaded. */
  onRoomList(rooms: readonly Room[]): void {
    for (const { id, unread_count } of rooms) {
      if (!this.isBeforeSocket && unread_count > 0 && this.#store.data.reading.includes(idKey(id))) void this.mark(id).catch(noop);
    }
  }

  /**
   * Tells how far a room was read: at once, and then at most once a second; the rest when it is left. Where that fails, the next message or the
   * next list brings it up again.
   */
  send(roomId: Id): void {
    const name = `read ${idKey(roomId)}`;
    const waiting = this.#timers.get(name);
    if (this.isBeforeSocket) return;
    if (waiting) return void (waiting.run = () => this.send(roomId));
    this.#timers.set(name, RECEIPT_EVERY_MS, noop);
    void this.mark(roomId, edgeOf(threadOf(this.#store.data, roomId).timeline)?.id).catch(noop);
  }
}
