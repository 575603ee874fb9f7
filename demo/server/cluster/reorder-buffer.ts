/**
 * Puts what is told of rooms into its order, and finds out what is missing.
 *
 * Two changes of a room may be told in the other order, because two processes, or two requests of one, tell them each in
 * their own time. So what comes too early waits a moment for what is before it; what does not come in that time is
 * asked for, because a change with a lower seq is always in the database already.
 */
export interface Numbered {
  roomId: number;
  seq: number;
}

interface Room<Item> {
  /** What was before this when we first heard of the room is not known. */
  first: number;
  last: number;
  held: Map<number, Item>;
  waiting?: NodeJS.Timeout | undefined;
}

/** How long something waits for what is before it. */
const HOLD_MS = 50;
/** Rooms that are kept in mind; the one that was silent longest is forgotten first. */
const MAX_ROOMS = 10_000;

export class Sequencer<Item extends Numbered> {
  readonly #rooms = new Map<number, Room<Item>>();
  readonly #deliver: (item: Item) => void;
  readonly #fetch: (roomId: number, after: number) => Promise<Item[]>;

  /** @param fetch finds what came after a seq, or nothing where it fails; it never rejects. */
  constructor(deliver: (item: Item) => void, fetch: (roomId: number, after: number) => Promise<Item[]>) {
    this.#deliver = deliver;
    this.#fetch = fetch;
  }

  /** The last seq that was delivered, where one was. */
  last(roomId: number): number | undefined {
    return this.#rooms.get(roomId)?.last;
  }

  accept(item: Item): void {
    const { roomId, seq } = item;
    const room = this.#rooms.get(roomId);
    if (!room) {
      this.#remember(roomId, { first: seq, last: seq, held: new Map() });
      return this.#deliver(item);
    }
    // Out of order, but better than never: a client knows by the seq.
    if (seq < room.first) return this.#deliver(item);
    if (seq <= room.last) return;
    room.held.set(seq, item);
    this.#drain(room);
    this.#remember(roomId, room);
    if (room.held.size > 0) room.waiting ??= setTimeout(() => void this.#fill(roomId, room), HOLD_MS).unref();
  }

  close(): void {
    for (const { waiting } of this.#rooms.values()) clearTimeout(waiting);
    this.#rooms.clear();
  }

  #drain(room: Room<Item>): void {
    for (let item; (item = room.held.get(room.last + 1)); ) {
      room.held.delete(++room.last);
      this.#deliver(item);
    }
    if (room.held.size > 0) return;
    clearTimeout(room.waiting);
    room.waiting = undefined;
  }

  async #fill(roomId: number, room: Room<Item>): Promise<void> {
    for (let before; room.held.size > 0 && before !== room.last; ) {
      before = room.last;
      for (const item of await this.#fetch(roomId, room.last)) if (item.seq > room.last) room.held.set(item.seq, item);
      this.#drain(room);
    }
    // It cannot be found: what waits goes on without it, and clients see the hole themselves.
    for (const [seq, item] of [...room.held].sort(([a], [b]) => a - b)) {
      room.last = seq;
      this.#deliver(item);
    }
    room.held.clear();
    room.waiting = undefined;
  }

  #remember(roomId: number, room: Room<Item>): void {
    // Put last, so that the first is the one that was silent longest.
    this.#rooms.delete(roomId);
    this.#rooms.set(roomId, room);
    if (this.#rooms.size > MAX_ROOMS) this.#rooms.delete(this.#rooms.keys().next().value!);
  }
}
