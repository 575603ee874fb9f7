/** Who writes what, and when: evenly over the whole time, whatever the network does. */
import type { Person } from './user.js';
import { PEOPLE, type Name } from './plan.js';
import type { Chance } from './random.js';
import { contentOf } from './invariants.js';

const TICK_MS = 200;
/** The number of the last words. */
const LAST = 1_000_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export class Writer {
  /** The contents of all that was written, accepted or not. */
  readonly written = new Set<string>();
  readonly #people: Record<Name, Person>;
  readonly #rooms: readonly number[];
  readonly #chance: Chance;
  readonly #numbers = new Map<string, number>();

  constructor(people: Record<Name, Person>, rooms: readonly number[], chance: Chance) {
    this.#people = people;
    this.#rooms = rooms;
    this.#chance = chance;
  }

  /** Has `count` messages written, the last of them after `ms`. */
  async write(count: number, ms: number): Promise<void> {
    for (const begun = Date.now(); this.written.size < count; ) {
      await sleep(TICK_MS);
      const due = Math.min(count, Math.floor(((Date.now() - begun) / ms) * count));
      const share = { ana: 0, ben: 0 };
      for (let n = this.written.size; n < due; n++) share[this.#chance.of(PEOPLE)]++;
      // Not waited for: a page that is just being loaded takes what is written when it is there.
      for (const name of PEOPLE) void this.burst(name, share[name]);
    }
  }

  /** One person writes some messages, one right after the other. */
  burst(name: Name, count: number): Promise<void> {
    return this.#say(name, Array.from({ length: count }, () => this.#chance.of(this.#rooms)));
  }

  /** Everybody says something everywhere. */
  async lastWords(): Promise<void> {
    for (const name of PEOPLE) {
      for (const room of this.#rooms) this.#numbers.set(`${name} ${room}`, LAST);
      await this.#say(name, this.#rooms);
    }
  }

  async #say(name: Name, rooms: readonly number[]): Promise<void> {
    if (rooms.length === 0) return;
    const messages = rooms.map((room) => ({ room, content: this.#next(name, room) }));
    await this.#people[name].send(messages);
  }

  #next(name: Name, room: number): string {
    const key = `${name} ${room}`;
    const number = (this.#numbers.get(key) ?? 0) + 1;
    this.#numbers.set(key, number);
    const content = contentOf(name, room, number);
    this.written.add(content);
    return content;
  }
}
