import type { Clock } from '../transport/index.js';

/** How long a server gets to answer a ping, in milliseconds. */
const DEADLINE_MS = 10_000;

/**
 * Notices a line that is open but dead. Any frame counts as life; after a silence it pings, and if nothing at all
 * comes back in time it calls `dead`.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #ping: () => void;
  readonly #dead: () => void;
  #cancel: () => void = () => {};

  constructor(clock: Clock, everyMs: number, ping: () => void, dead: () => void) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#ping = ping;
    this.#dead = dead;
    this.alive();
  }

  /** Something came in. */
  alive(): void {
    this.#cancel();
    this.#cancel = this.#clock.after(this.#everyMs, () => this.probe());
  }

  /** Asks now instead of after the silence. */
  probe(deadlineMs = DEADLINE_MS): void {
    this.#cancel();
    this.#cancel = this.#clock.after(deadlineMs, this.#dead);
    this.#ping();
  }

  stop(): void {
    this.#cancel();
  }
}
