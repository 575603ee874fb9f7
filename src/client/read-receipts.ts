/** Tells the server how far the user has read. Deferred: see deferred.ts. */
import { idKey, sameId, type Id, type Room } from '../protocol/index.js';
import { noop } from '../internal/noop.js';
import { isNewRoom } from '../model/index.js';
import type { KeyedTimers } from '../internal/keyed-timers.js';
import type { Session } from '../session/index.js';
import { isOwn, roomOf, threadOf } from '../store/selectors.js';
import { edgeOf } from '../store/timeline-entries.js';
import type { StateStore } from './state-store.js';

/** Minimum interval between two receipts for the same room, in milliseconds. */
const RECEIPT_INTERVAL_MS = 1_000;
/** Maximum number of messages that are marked one by one. */
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

  /**
   * Whether the first socket is still being opened. Over REST, each message would have to be marked with its own
   * request.
   */
  private get isBeforeSocket(): boolean {
    return this.#store.data.phase.is === 'connecting' && !this.#session.socket;
  }

  /**
   * Marks a room as read, up to a message. Default: all messages.
   * @throws {ChatError} if the server cannot be told.
   */
  async mark(roomId: Id, upTo?: Id): Promise<void> {
    // The server does not know it yet.
    if (isNewRoom(roomId)) return;
    const { data } = this.#store;
    const { user } = data;
    const unread = threadOf(data, roomId).timeline.filter(
      (message) => message.delivery === 'sent' && !message.is_read && !isOwn(data, message),
    );
    this.#store.dispatch({ type: 'mark-read', roomId });
    const ids = unread.slice(-MAX_MARKED).map(({ id }) => id);
    await this.#session.markRead(roomId, ids, upTo);
    // Another user may have signed in meanwhile.
    if (user && sameId(user.id, this.#store.data.user?.id) && ids.length > 0) {
      this.#store.dispatch({
        type: 'room-event',
        event: { type: 'message-read', roomId, seq: undefined, userId: user.id, messageIds: ids, upTo: undefined },
      });
    }
  }

  /** A view has begun to show the newest message of a room. */
  onViewing(roomId: Id): void {
    // Not if the room was marked as unread: see the reducer.
    if (!this.#store.data.reading.includes(idKey(roomId))) return;
    if ((roomOf(this.#store.data, roomId)?.unread_count ?? 0) > 0) this.send(roomId);
  }

  /**
   * The room list was loaded. A viewed room is always shown as read, so the server has to mark it too, including
   * messages that are not loaded.
   */
  onRoomList(rooms: readonly Room[]): void {
    for (const { id, unread_count } of rooms) {
      if (!this.isBeforeSocket && unread_count > 0 && this.#store.data.reading.includes(idKey(id))) {
        void this.mark(id).catch(noop);
      }
    }
  }

  /**
   * Sends a receipt for the newest loaded message: immediately, then at most once per interval. Leaving the room sends
   * a waiting receipt. Errors are ignored, because the next message or room list causes another receipt.
   */
  send(roomId: Id): void {
    const name = `read ${idKey(roomId)}`;
    const waiting = this.#timers.get(name);
    if (this.isBeforeSocket) return;
    if (waiting) return void (waiting.run = () => this.send(roomId));
    this.#timers.set(name, RECEIPT_INTERVAL_MS, noop);
    void this.mark(roomId, edgeOf(threadOf(this.#store.data, roomId).timeline)?.id).catch(noop);
  }
}
