/**
 * Keeps the list of rooms and the open rooms in sync with the server: reads them, and applies live events in order.
 */
import { noop } from '../../internal/noop.js';
import { idKey, isOrdered, type Id, type Message, type Room } from '../../protocol/index.js';
import {
  isChange,
  isNoAccess,
  throwIfAborted,
  toChatError,
  type ChangeEvent,
  type RoomsAnswer,
  type TransportEvent,
} from '../../transport/index.js';
import { isNewRoom, isRoomEvent, type Method } from '../../model/index.js';
import type { SessionContext, OpenRooms, RoomReader } from '../session-context.js';
import type { SocketConnection } from '../socket-connection.js';
import type { RoomCursor } from './history-source.js';
import { loadDeferred } from '../load-deferred.js';
import { subscribe } from './subscribe.js';
import { RoomHistory } from './room-history.js';
import type { RoomPages } from './known-pages.js';

type RoomSyncHost = Pick<
  SessionContext,
  | 'backend'
  | 'clock'
  | 'loop'
  | 'outbox'
  | 'platform'
  | 'report'
  | 'restOrThrow'
  | 'roomSync'
  | 'signal'
  | 'socket'
  | 'state'
  | 'timing'
>;

/** The number of listed rooms to subscribe to on a backend without `user_channel`, most recent first. */
const MAX_SUBSCRIBED = 50;
/** The maximum number of requests for the list, if rooms change while it is pending. */
const MAX_LISTS = 3;
/** The rooms of the first list, which is requested before the capabilities of the backend are known. */
const FIRST_LIST = 50;

/** Waits until all promises have settled. @throws the first error. */
async function settleAll(promises: Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(promises)).find(({ status }) => status === 'rejected');
  if (failed) throw (failed as PromiseRejectedResult).reason;
}

export class RoomSync implements RoomReader, OpenRooms {
  readonly #session: RoomSyncHost;
  readonly openRooms = new Map<string, RoomHistory>();
  /** The rooms to which the current socket is subscribed (`idKey`). */
  readonly subscribed = new Set<string>();
  /** The ids of rooms in the type that the list uses: number or string. */
  #ids = new Map<string, Id>();
  /** Whether a room has changed since the list was requested. */
  #isListStale = false;
  /** The number of requests for the list, and the number of the one that was shown last. */
  #lists = 0;
  #shownList = 0;
  /** The rooms of the last list by REST; undefined before the first one. */
  #rooms: ReadonlySet<string> | undefined;
  /** When the open rooms were last read completely, in milliseconds since 1970. */
  fullReadAt = -Infinity;
  /** The socket of the last catch-up. */
  #lastSocket: SocketConnection | undefined;
  /** Capability `room_pages`: the part of the list that was read. */
  pages: RoomPages | undefined;
  isOpenElsewhere: (roomId: Id) => boolean = () => false;

  constructor(session: RoomSyncHost) {
    this.#session = session;
  }

  cursor(roomId: Id): Id | undefined {
    return this.openRooms.get(idKey(roomId))?.cursor?.id;
  }

  /** Whether REST has listed the rooms. */
  get isListed(): boolean {
    return this.#rooms !== undefined;
  }

  /** The rooms of a list from the socket that REST lists, too. */
  visible(rooms: readonly Room[]): Room[] {
    const known = this.#rooms;
    return known ? rooms.filter(({ id }) => known.has(idKey(id))) : [...rooms];
  }

  /** Forgets everything, for another user or backend. */
  clear(): void {
    for (const history of this.openRooms.values()) history.drop();
    this.openRooms.clear();
    this.pages = this.#rooms = undefined;
    this.#ids.clear();
  }

  /**
   * A room's id in the server's notation: an attribute can contain only `"7"`, and a strict server accepts only `7`.
   * For a room that is not in the list, digits count as a number, unless other rooms have texts as ids.
   */
  idOf(roomId: Id): Id {
    const [first] = this.#ids.values();
    return (
      this.#ids.get(idKey(roomId)) ??
      (typeof first !== 'string' && isOrdered(roomId) && Number.isSafeInteger(+roomId) ? +roomId : roomId)
    );
  }

  // ————— Reading

  /**
   * Reads the list and every open room while live events are held. Reads in parallel where possible, to save round
   * trips.
   */
  async catchUp(socket: SocketConnection): Promise<void> {
    const { signal } = socket;
    const open = [...this.openRooms.values()];
    for (const history of open) {
      history.holdEvents();
      if (socket !== this.#lastSocket) history.onNewSocket(this.#session.clock, signal);
    }
    this.#lastSocket = socket;
    try {
      const openIds = open.map(({ roomId }) => roomId);
      const subscribed = this.#subscribe(socket, openIds);
      const listed = this.list(socket, signal).then(({ rooms }) => {
        void this.#subscribe(
          socket,
          this.#session.backend.has('user_channel') ? openIds : rooms.slice(0, MAX_SUBSCRIBED).map(({ id }) => id),
        );
      });
      // Without `user_channel`, messages that are newer than the page are sent only to subscribers: subscribe first.
      const read = (this.#session.backend.has('user_channel') ? Promise.resolve() : subscribed).then(() =>
        this.readOpenRooms(signal, !this.#session.loop.wasConnected),
      );
      await settleAll([listed, read]);
      // A message that arrives between the list and a page is in the page, but may be missing in the list's unread
      // count.
      if (this.#isListStale) this.listByRest(signal).catch(noop);
    } finally {
      for (const history of open) history.releaseEvents();
    }
  }

  /**
   * Reads the list by REST, whose unread counts and access checks are correct on every backend; if that fails, by
   * socket.
   */
  async list(socket: SocketConnection | undefined, signal: AbortSignal): Promise<{ rooms: Room[]; method: Method }> {
    try {
      return { rooms: await this.listByRest(signal), method: 'rest' };
    } catch (thrown) {
      const deferred = await loadDeferred().catch(noop);
      const rooms = await deferred?.listBySocket(socket, this.#session.timing.confirmMs);
      if (!rooms) throw thrown;
      return { rooms, method: 'websocket' };
    }
  }

  async listByRest(signal: AbortSignal): Promise<Room[]> {
    for (let again = 1; ; again++) {
      this.#isListStale = false;
      const turn = ++this.#lists;
      const { rooms, leftOut, isComplete } = await this.#fetchList(signal);
      throwIfAborted(signal);
      // The response to a later request is already shown.
      if (turn < this.#shownList) return rooms;
      this.#shownList = turn;
      // The list may or may not include changes that arrived in the meantime.
      if (this.#isListStale && again < MAX_LISTS) continue;
      this.#rooms = new Set(rooms.map(({ id }) => idKey(id)));
      this.#session.report({ type: 'rooms', rooms, method: 'rest', exactUnread: true, leftOut, isComplete });
      this.onRoomList(rooms);
      return rooms;
    }
  }

  async #fetchList(signal: AbortSignal): Promise<RoomsAnswer> {
    const rest = this.#session.restOrThrow();
    const deferred = this.#session.backend.has('room_pages') && (await loadDeferred().catch(noop));
    return (
      (deferred && (await deferred.listPages(this.#session, signal))) ||
      // A backend without pages ignores the limit.
      rest.listRooms(signal, this.#session.backend.isKnown ? undefined : FIRST_LIST)
    );
  }

  /** Loads the page of history before or after a message. @throws {ChatError} */
  async readPage(roomId: Id, side: 'older' | 'newer', from: Id): Promise<void> {
    const session = this.#session;
    session.report({ type: 'history-loading', roomId, side });
    const history = this.openRooms.get(idKey(roomId));
    history?.grow();
    const { readPage } = await loadDeferred().catch((thrown: unknown) => {
      session.report({ type: 'history-failed', roomId, error: toChatError(thrown) });
      throw thrown;
    });
    await readPage(session, roomId, side, from, history, (messages) => this.#recognised(roomId, messages));
  }

  #recognised(roomId: Id, messages: Message[]): Message[] {
    return messages.map((message) => ({ ...message, _tempId: this.#session.outbox.matchPending(roomId, message) }));
  }

  async readOpenRooms(signal: AbortSignal, isEarly = false): Promise<void> {
    this.fullReadAt = this.#session.clock.now();
    await this.readEach((history) => this.readRoom(history, signal, isEarly));
  }

  /** Reads each of the open rooms. @throws {ChatError} if the connection cannot continue without one of them. */
  async readEach(read: (history: RoomCursor) => Promise<void>, one?: RoomCursor): Promise<void> {
    const histories = one ? [one] : [...this.openRooms.values()].filter(({ rechecks }) => rechecks === undefined);
    await settleAll(
      histories.map((history) =>
        read(history).catch(async (thrown: unknown) => {
          const error = toChatError(thrown);
          // The thread shows that access to the room is denied. The connection continues.
          if (isNoAccess(error)) return;
          const deferred = await loadDeferred().catch(noop);
          if (!deferred?.canContinueWithout(this.#session, history, error, () => read(history), one)) throw error;
        }),
      ),
    );
  }

  /** Reads the newest page of a room, or the changes since the last read. @throws {ChatError} */
  async readRoom(history: RoomCursor, signal: AbortSignal, isEarly = false): Promise<void> {
    const { roomId } = history;
    // The server may have refused the subscription, too.
    if (history.rechecks !== undefined) this.subscribed.delete(idKey(roomId));
    await history.catchUp(
      {
        rest: this.#session.restOrThrow(),
        socket: this.#session.backend.has('sync') ? this.#session.socket : undefined,
        receipts: this.#session.backend.has('receipts') ? this.#session.socket : undefined,
        answerMs: this.#session.timing.confirmMs,
        onProblem: (problem) => this.#session.report({ type: 'problem', problem }),
        prepare: (messages) => this.#recognised(roomId, messages),
        apply: (event) => {
          // The list was just read: its counts include these changes.
          if (event.type !== 'messages-marked-read' && isRoomEvent(event))
            this.#session.report({ type: 'room-event', event });
        },
      },
      signal,
      isEarly,
    );
  }

  // ————— Opening and closing rooms

  /**
   * Keeps a room complete from now on.
   * @param seen its newest message that is already shown.
   * @returns false if it was open already.
   */
  open(roomId: Id, seen?: Message): boolean {
    const key = idKey(roomId);
    // A room that is not created yet has nothing to read.
    if (this.openRooms.has(key) || isNewRoom(roomId)) return false;
    this.openRooms.set(
      key,
      new RoomHistory(roomId, this.#session.report, (event, wasHeld) => this.#apply(event, wasHeld), seen),
    );
    return true;
  }

  /**
   * Reads one open room (again). A failure is reported as `history-failed`.
   * @param isAnew whether the newest page replaces the loaded messages.
   */
  async read(roomId: Id, signal: AbortSignal, isAnew = false): Promise<void> {
    const history = this.openRooms.get(idKey(roomId));
    if (!history) return;
    if (isAnew) history.restart();
    const { socket } = this.#session;
    if (socket) await this.#subscribe(socket, [roomId]);
    await this.readEach(() => this.readRoom(history, signal), history).catch(noop);
  }

  close(roomId: Id): void {
    // Now, while their user is still signed in.
    this.openRooms.get(idKey(roomId))?.applyHeld();
    if (this.openRooms.delete(idKey(roomId))) this.unsubscribe(roomId);
  }

  unsubscribe(roomId: Id): void {
    const key = idKey(roomId);
    if (this.openRooms.has(key) || this.isOpenElsewhere(roomId) || !this.#session.backend.has('user_channel')) return;
    this.subscribed.delete(key);
    this.#session.socket?.send({ type: 'unsubscribe-room', roomId });
  }

  #subscribe(socket: SocketConnection, roomIds: readonly Id[]): Promise<void> {
    return subscribe(socket, roomIds, this.subscribed, this.#session.timing.confirmMs);
  }

  // ————— Live events

  /** Handles a list with all unread counts. A denied room that is listed may be readable now. */
  onRoomList(rooms: readonly Room[]): void {
    // Before the first list, digits counted as a number: a strict server knows no such room.
    if (this.#ids.size === 0) for (const { id } of rooms) if (typeof id === 'string') this.subscribed.delete(id);
    this.#ids = new Map(rooms.map(({ id }) => [idKey(id), id]));
    for (const history of this.openRooms.values()) history.onUnreadCount();
    for (const { id } of rooms) this.#recheck(id);
  }

  /** Reads a denied room again, because it may be readable now. The number of attempts per socket is limited. */
  #recheck(roomId: Id): void {
    const history = this.openRooms.get(idKey(roomId));
    if (history?.rechecks && history.rechecks--) void this.read(roomId, this.#session.signal);
  }

  /** Whether the socket reports all changes, and none is missing. */
  get #isComplete(): boolean {
    return this.#session.backend.has('user_channel') && this.#session.state.is === 'connected';
  }

  /** Applies a event that changes rooms or messages. */
  applyEvent(event: TransportEvent): void {
    if (event.type === 'room-updated' || event.type === 'new-message' || event.type === 'messages-marked-read')
      this.#isListStale = true;
    if (event.type === 'room-updated' && 'unread_count' in event.updates)
      this.openRooms.get(idKey(event.roomId))?.onUnreadCount();
    if (!isChange(event)) {
      if (event.type === 'room-updated') this.#recheck(event.roomId);
      if (event.type === 'unsubscribed' && this.subscribed.delete(idKey(event.roomId)))
        loadDeferred()
          .then(({ onSubscriptionEnded }) => onSubscriptionEnded(this.#session, event.roomId))
          .catch(noop);
      if (isRoomEvent(event)) this.#session.report({ type: 'room-event', event });
      return;
    }
    this.#recheck(event.roomId);
    const history = this.openRooms.get(idKey(event.roomId));
    if (!history) this.#apply(event, false);
    else if (!history.accept(event)) this.#session.loop.resyncAfterGap();
  }

  #apply(event: ChangeEvent, wasHeld: boolean): void {
    const { report } = this.#session;
    if (event.type !== 'new-message') {
      if (isRoomEvent(event)) report({ type: 'room-event', event });
      return;
    }
    const { roomId, message } = event;
    // Nothing is missing before a live message only if the server reports every message.
    if (this.#isComplete) this.openRooms.get(idKey(roomId))?.advance(message);
    report({ type: 'live-message', roomId, message, wasHeld });
  }
}
