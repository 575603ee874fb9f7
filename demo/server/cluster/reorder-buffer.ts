/**
 * Puts the updates of each room in seq order and detects gaps.
 *
 * Two processes, or two requests of one process, may broadcast the changes of a room out of order. An update that
 * arrives early waits briefly for its predecessors. Predecessors that do not arrive are read from the database, where
 * they are certain to be, because seqs become visible in order.
 */
export interface Sequenced {
  roomId: number;
  seq: number;
}

interface Room<Item> {
  /** The first seq seen; the delivery state of earlier ones is unknown. */
  first: number;
  last: number;
  held: Map<number, Item>;
  timer?: NodeJS.Timeout | undefined;
}

/** How long an update waits for its predecessors. */
const HOLD_MS = 50;
/** Maximum number of tracked rooms; the least recently active is evicted. */
const MAX_ROOMS = 10_000;

export class ReorderBuffer<Item extends Sequenced> {
  readonly #rooms = new Map<number, Room<Item>>();
  readonly #deliver: (item: Item) => void;
  readonly #fetch: (roomId: number, after: number) => Promise<Item[]>;

  /** @param fetch Reads the updates after a seq. Resolves with an empty list on failure; never rejects. */
  constructor(deliver: (item: Item) => void, fetch: (roomId: number, after: number) => Promise<Item[]>) {
    this.#deliver = deliver;
    this.#fetch = fetch;
  }

  /** The last delivered seq of a room. */
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
    // Out of order, but better late than never. Clients order by seq.
    if (seq < room.first) return this.#deliver(item);
    if (seq <= room.last) return;
    room.held.set(seq, item);
    this.#drain(room);
    this.#remember(roomId, room);
    if (room.held.size > 0) room.timer ??= setTimeout(() => void this.#fill(roomId, room), HOLD_MS).unref();
  }

  close(): void {
    for (const { timer } of this.#rooms.values()) clearTimeout(timer);
    this.#rooms.clear();
  }

  #drain(room: Room<Item>): void {
    for (let item; (item = room.held.get(room.last + 1));) {
      room.held.delete(++room.last);
      this.#deliver(item);
    }
    if (room.held.size > 0) return;
    clearTimeout(room.timer);
    room.timer = undefined;
  }

  async #fill(roomId: number, room: Room<Item>): Promise<void> {
    for (let before; room.held.size > 0 && before !== room.last;) {
      before = room.last;
      for (const item of await this.#fetch(roomId, room.last)) if (item.seq > room.last) room.held.set(item.seq, item);
      this.#drain(room);
    }
    // The gap cannot be filled: deliver the rest. Clients detect the gap by seq.
    for (const [seq, item] of [...room.held].sort(([a], [b]) => a - b)) {
      room.last = seq;
      this.#deliver(item);
    }
    room.held.clear();
    room.timer = undefined;
  }

  #remember(roomId: number, room: Room<Item>): void {
    // Reinserted at the end, so that the first entry is the least recently active.
    this.#rooms.delete(roomId);
    this.#rooms.set(roomId, room);
    if (this.#rooms.size > MAX_ROOMS) this.#rooms.delete(this.#rooms.keys().next().value!);
  }
}
