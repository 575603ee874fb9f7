/** Sends messages at a constant rate, independent of the network state. */
import type { Person } from './user.js';
import { USER_NAMES, type Name } from './plan.js';
import type { Random } from './random.js';
import { contentOf } from './invariants.js';

const TICK_MS = 200;
/** Number of the final messages. */
const LAST = 1_000_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class LoadGenerator {
  /** The contents of all sent messages, accepted or not. */
  readonly sent = new Set<string>();
  readonly #people: Record<Name, Person>;
  readonly #rooms: readonly number[];
  readonly #chance: Random;
  readonly #numbers = new Map<string, number>();

  constructor(people: Record<Name, Person>, rooms: readonly number[], chance: Random) {
    this.#people = people;
    this.#rooms = rooms;
    this.#chance = chance;
  }

  /** Sends `count` messages within `ms`. */
  async write(count: number, ms: number): Promise<void> {
    for (const startedAt = Date.now(); this.sent.size < count;) {
      await sleep(TICK_MS);
      const due = Math.min(count, Math.floor(((Date.now() - startedAt) / ms) * count));
      const share = { ana: 0, ben: 0 };
      for (let n = this.sent.size; n < due; n++) share[this.#chance.of(USER_NAMES)]++;
      // Not awaited: a page that is loading takes the messages when it is ready.
      for (const name of USER_NAMES) void this.burst(name, share[name]);
    }
  }

  /** Sends messages of one user in immediate succession. */
  burst(name: Name, count: number): Promise<void> {
    return this.#send(
      name,
      Array.from({ length: count }, () => this.#chance.of(this.#rooms)),
    );
  }

  /** Every user sends a message in every room. */
  async sendFinal(): Promise<void> {
    for (const name of USER_NAMES) {
      for (const room of this.#rooms) this.#numbers.set(`${name} ${room}`, LAST);
      await this.#send(name, this.#rooms);
    }
  }

  async #send(name: Name, rooms: readonly number[]): Promise<void> {
    if (rooms.length === 0) return;
    const messages = rooms.map((room) => ({ room, content: this.#next(name, room) }));
    await this.#people[name].send(messages);
  }

  #next(name: Name, room: number): string {
    const key = `${name} ${room}`;
    const number = (this.#numbers.get(key) ?? 0) + 1;
    this.#numbers.set(key, number);
    const content = contentOf(name, room, number);
    this.sent.add(content);
    return content;
  }
}
