/**
 * Reads what the server holds: the list of rooms, and the rooms that somebody has open. And lets in, in its turn, what
 * comes live meanwhile.
 */
import { idKey, isChange, sameId, type ChangeFrame, type ChatFrame, type Id, type Message, type Room } from '../protocol/index.js';
import { ChatError, stillWanted, toChatError, type RestClient } from '../transport/index.js';
import { isPassed } from './events.js';
import type { Inside, OpenRooms } from './inside.js';
import type { Line } from './line.js';
import { loadLater } from './load-later.js';
import { isNoAccess, RoomHistory } from './room-history.js';

/** Of a baseline backend's rooms, so many are listened to, most recent first. */
const MAX_LISTENED = 50;
/** So often a list of rooms is read anew because something happened while it was on its way. */
const MAX_LISTS = 3;

export class Reader implements OpenRooms {
  readonly #session: Inside;
  readonly shown = new Map<string, RoomHistory>();
  /** Rooms that the present socket was asked to tell about. */
  readonly listened = new Set<string>();
  /** Something happened to a room since its list was asked for. */
  #isListStale = false;
  /** The last one that was caught up with. */
  #line: Line | undefined;

  isElsewhere: (roomId: Id) => boolean = () => false;

  constructor(session: Inside) {
    this.#session = session;
  }

  cursor(roomId: Id): Id | undefined {
    return this.shown.get(idKey(roomId))?.cursor;
  }

  /** Another person, another backend. */
  clear(): void {
    this.shown.clear();
  }

  /** A new socket: nobody has asked it for anything. */
  newLine(): void {
    this.listened.clear();
  }

  // ————— Reading

  /** Reads the list and every open room, while live messages wait. */
  async catchUp(line: Line): Promise<void> {
    const { signal } = line;
    const open = [...this.shown.values()];
    for (const history of open) {
      history.hold();
      if (line === this.#line) continue;
      // With a new connection all is asked anew.
      history.rechecks = undefined;
    }
    this.#line = line;
    try {
      await this.#listen(line, open.map(({ roomId }) => roomId));
      const rooms = await this.#list(line, signal);
      if (!this.#session.has('user_channel')) void this.#listen(line, rooms.slice(0, MAX_LISTENED).map(({ id }) => id));
      await this.readOpen(signal);
    } finally {
      for (const history of open) history.release();
    }
  }

  /** The list of rooms: from REST, whose unread counts are right on every backend, or else from the socket. */
  async #list(line: Line, signal: AbortSignal): Promise<Room[]> {
    try {
      return await this.listByRest(signal);
    } catch (thrown) {
      const rooms = await this.listBySocket(line);
      if (!rooms) throw thrown;
      return rooms;
    }
  }

  /** @returns nothing where there is no socket, or no answer. */
  async listBySocket(line: Line | undefined): Promise<Room[] | undefined> {
    let rooms: Room[] | undefined;
    if (line?.send({ type: 'get_room_list' })) {
      await line.sees(this.#session.timing.confirmMs, (frame) => {
        if (frame.type === 'room_list') ({ rooms } = frame);
        return rooms !== undefined;
      });
    }
    return rooms;
  }

  async listByRest(signal: AbortSignal): Promise<Room[]> {
    for (let again = 1; ; again++) {
      this.#isListStale = false;
      const rooms = await this.#rest.listRooms(signal);
      stillWanted(signal);
      // What came in meanwhile may be in this list or not: nobody can tell.
      if (this.#isListStale && again < MAX_LISTS) continue;
      this.#session.report({ type: 'rooms', rooms, method: 'rest', exactUnread: true });
      this.listed(rooms);
      return rooms;
    }
  }

  /** Loads the page of history before a message. @throws {ChatError} */
  async readOlder(roomId: Id, before: Id): Promise<void> {
    const session = this.#session;
    session.report({ type: 'history-loading', roomId, side: 'older' });
    const history = this.shown.get(idKey(roomId));
    const { readOlder } = await loadLater().catch((thrown: unknown) => {
      session.report({ type: 'history-failed', roomId, error: toChatError(thrown) });
      throw thrown;
    });
    await readOlder(session, roomId, before, history, (messages) => this.#recognised(roomId, messages));
  }

  #recognised(roomId: Id, messages: Message[]): Message[] {
    return messages.map((message) => ({ ...message, _tempId: this.#session.recognise(roomId, message) }));
  }

  async readOpen(signal: AbortSignal): Promise<void> {
    const results = await Promise.allSettled([...this.shown.values()].filter(({ rechecks }) => rechecks === undefined).map((history) => this.#read(history, signal)));
    for (const result of results) {
      // A room that we may not see (any more) is its own thread's trouble, not the connection's.
      if (result.status === 'rejected' && !isNoAccess(toChatError(result.reason))) throw result.reason;
    }
  }

  async #read(history: RoomHistory, signal: AbortSignal): Promise<void> {
    const { roomId } = history;
    // The server may have refused to tell of it, too.
    if (history.rechecks !== undefined) this.listened.delete(idKey(roomId));
    await history.catchUp(
      {
        rest: this.#rest,
        line: this.#session.has('sync') ? this.#session.line : undefined,
        answerMs: this.#session.timing.confirmMs,
        onProblem: (problem) => this.#session.report({ type: 'problem', problem }),
        prepare: (messages) => this.#recognised(roomId, messages),
        apply: (frame) => {
          // The list of rooms was read just now: its counts hold all that is told here.
          if (frame.type !== 'messages_marked_read' && isPassed(frame)) this.#session.report({ type: 'frame', frame });
        },
      },
      signal,
    );
  }

  get #rest(): RestClient {
    const { rest } = this.#session;
    if (!rest) throw new ChatError('disconnected', 'Not connected.');
    return rest;
  }

  // ————— Rooms come and go

  /** Keeps a room complete from now on. @returns false when it was so already. */
  open(roomId: Id): boolean {
    const key = idKey(roomId);
    if (this.shown.has(key)) return false;
    this.shown.set(key, new RoomHistory(roomId, this.#session.report, (frame, wasHeld) => this.#letIn(frame, wasHeld)));
    return true;
  }

  /** Reads one open room (again). Its failure is reported as `history-failed`. */
  async read(roomId: Id, signal: AbortSignal): Promise<void> {
    const history = this.shown.get(idKey(roomId));
    if (!history) return;
    const { line } = this.#session;
    if (line) await this.#listen(line, [roomId]);
    await this.#read(history, signal).catch(() => {});
  }

  close(roomId: Id): void {
    if (this.shown.delete(idKey(roomId))) this.leave(roomId);
  }

  leave(roomId: Id): void {
    const key = idKey(roomId);
    if (this.shown.has(key) || this.isElsewhere(roomId) || !this.#session.has('user_channel')) return;
    this.listened.delete(key);
    this.#session.line?.send({ type: 'unsubscribe_room', room_id: roomId });
  }


  /** Asks to be told what happens in these rooms, and waits until the server has agreed (or refused). */
  async #listen(line: Line, roomIds: Id[]): Promise<void> {
    const asked = roomIds.filter((roomId) => {
      const key = idKey(roomId);
      return !this.listened.has(key) && line.send({ type: 'subscribe_room', room_id: roomId }) && this.listened.add(key);
    });
    await Promise.all(
      asked.map((roomId) =>
        line.sees(this.#session.timing.confirmMs, (frame) => (frame.type === 'subscribed' || frame.type === 'error') && sameId(frame.room_id, roomId)),
      ),
    );
  }

  // ————— What comes in live

  /** The list of rooms was read, and with it all unread counts. A room that is there may be ours to read now. */
  listed(rooms: readonly Room[]): void {
    for (const history of this.shown.values()) history.counted();
    for (const { id } of rooms) this.#recheck(id);
  }

  /** Something says that a room that was denied to us may be ours to read. A server that says so all the time is not asked each time. */
  #recheck(roomId: Id): void {
    const history = this.shown.get(idKey(roomId));
    if (history?.rechecks && history.rechecks--) void this.read(roomId, this.#session.signal);
  }

  /** Whether all that happens is told on the socket, and nothing is missing. */
  get #isComplete(): boolean {
    return this.#session.has('user_channel') && this.#session.phase.is === 'connected';
  }

  /** Takes a frame that changes what is shown. */
  take(frame: ChatFrame): void {
    if (frame.type === 'room_updated' || frame.type === 'new_message' || frame.type === 'messages_marked_read') this.#isListStale = true;
    if (frame.type === 'room_updated' && 'unread_count' in frame.updates) this.shown.get(idKey(frame.room_id))?.counted();
    if (!isChange(frame)) {
      if (frame.type === 'room_updated') this.#recheck(frame.room_id);
      if (isPassed(frame)) this.#session.report({ type: 'frame', frame });
      return;
    }
    this.#recheck(frame.room_id);
    const history = this.shown.get(idKey(frame.room_id));
    if (!history) this.#letIn(frame, false);
    else if (!history.admit(frame)) this.#session.fillHole();
  }

  #letIn(frame: ChangeFrame, wasHeld: boolean): void {
    const { report } = this.#session;
    if (frame.type !== 'new_message') {
      if (isPassed(frame)) report({ type: 'frame', frame });
      return;
    }
    const { room_id: roomId, message } = frame;
    // Only a server that tells of every message makes a live one the end of what is known.
    if (this.#isComplete) this.shown.get(idKey(roomId))?.advance(message);
    report({ type: 'live-message', roomId, message, wasHeld });
  }
}
