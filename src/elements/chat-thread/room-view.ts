import type { ChatConnection, ChatMessage, Thread } from '../../client/index.js';
import type { Id } from '../../protocol/index.js';
import type { Side } from '../../model/index.js';
import type { VirtualScroller } from './virtual-scroller.js';

/**
 * A thread's view of its room: keeps the room open, loads pages of its history, and tells the connection whether the
 * user is reading the newest message (it is then marked as read) or has scrolled up (loaded messages are then not
 * released).
 */
export class RoomView {
  readonly #scroller: VirtualScroller<ChatMessage>;
  /** The state of the room. */
  readonly getThread: () => Thread;
  /** The open room; null: none. */
  roomId: Id | null = null;
  /** The connection with which the room is open. */
  connection: ChatConnection | undefined;
  #leave: (() => void) | undefined;
  /** Undefined until it is loaded: nothing is read before. */
  detector: { readonly isReading: boolean } | undefined;
  #isViewing = false;
  #isAway = false;

  constructor(scroller: VirtualScroller<ChatMessage>, getThread: () => Thread) {
    this.#scroller = scroller;
    this.getThread = getThread;
  }

  open(connection: ChatConnection, roomId: Id): void {
    this.connection = connection;
    this.roomId = roomId;
    this.#leave = connection.openRoom(roomId);
  }

  close(): void {
    if (!this.connection) return;
    this.#set(false, false);
    this.#leave?.();
    this.#leave = this.connection = undefined;
    this.roomId = null;
  }

  /** Tells the connection what is on screen. Call it whenever that may have changed. */
  readonly report = (): void => {
    if (!this.connection) return;
    const { loaded, denied } = this.getThread();
    const { isAtEnd, isAway } = this.#scroller;
    this.#set(isAtEnd && loaded && !denied && this.detector?.isReading === true, isAway);
  };

  #set(isViewing: boolean, isAway: boolean): void {
    const { connection, roomId } = this;
    if (isViewing !== this.#isViewing) connection!.setViewing(roomId!, (this.#isViewing = isViewing));
    if (isAway !== this.#isAway) connection!.setAway(roomId!, (this.#isAway = isAway));
  }

  /** Loads the next page on one side. Not after an error: then the user has to retry. */
  load(side: 'older' | 'newer'): void {
    const { error, loaded } = this.getThread();
    if (!error && loaded) this.#request(side);
  }

  /** Returns to the newest page, if it is not loaded. */
  loadNewest(): void {
    if (this.getThread().hasNewer) this.#request('newest');
  }

  /** Retries what failed: a page, or the whole room. */
  readonly retry = (): void => {
    const { loaded, denied, hasNewer, failed } = this.getThread();
    if (loaded && !denied) this.#request((hasNewer && failed) || 'older');
    else this.connection?.reload(this.roomId!);
  };

  #request(side: Side): void {
    const { connection, roomId } = this;
    if (!connection || roomId === null) return;
    const page =
      side === 'older'
        ? connection.loadOlder(roomId)
        : side === 'newer'
          ? connection.loadNewer(roomId)
          : connection.loadNewest(roomId);
    // The error is part of the thread's state, and rendered from there.
    void page.catch(() => {});
  }
}
