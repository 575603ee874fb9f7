import type { Clock } from '../transport/index.js';

/** How long a server gets to answer a ping, in milliseconds. */
const DEADLINE_MS = 10_000;
/** How long a socket in doubt gets to answer, in milliseconds. */
const PROBE_MS = 3_000;
/** How often we look whether time has passed that we did not see, in milliseconds. */
const LOOK_MS = 5_000;
/** A check that comes this late means that the machine slept, or the browser has suspended the page. */
const LATE_MS = 10_000;

/**
 * Notices a socket that is open but dead. Any frame counts as life; after a silence it pings, and if nothing at all
 * comes back in time it calls `dead`. It uses the wall clock: timers stop while a machine sleeps.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #ping: () => void;
  readonly #dead: () => void;
  /** When something last came in, and until when something must. */
  #aliveAt: number;
  #deadline = Infinity;
  #lookedAt: number;
  /** Whether a late look has found nothing since something last came in. */
  #wasLate = false;
  #cancel: () => void = () => {};

  constructor(clock: Clock, everyMs: number, ping: () => void, dead: () => void) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#ping = ping;
    this.#dead = dead;
    this.#aliveAt = this.#lookedAt = clock.now();
    this.#lookAgain();
  }

  /** Something came in. */
  alive(): void {
    this.#aliveAt = this.#clock.now();
    this.#wasLate = false;
    if (this.#deadline === Infinity) return;
    this.#deadline = Infinity;
    this.#lookAgain();
  }

  /** Asks now instead of after the silence, and waits less long. */
  probe(deadlineMs = PROBE_MS): void {
    this.#deadline = Math.min(this.#deadline, this.#clock.now() + deadlineMs);
    this.#lookAgain();
    this.#ping();
  }

  /** Whether the socket must have died long ago, though no timer could say so yet: we slept. */
  get isOverdue(): boolean {
    return this.#clock.now() > this.#aliveAt + this.#everyMs + DEADLINE_MS + LATE_MS;
  }

  stop(): void {
    this.#cancel();
  }

  #lookAgain(): void {
    this.#cancel();
    const due = this.#deadline === Infinity ? this.#aliveAt + this.#everyMs : this.#deadline;
    const leftMs = Math.max(0, due - this.#clock.now());
    this.#cancel = this.#clock.after(Math.min(LOOK_MS, leftMs), () => this.#look());
  }

  #look(): void {
    const now = this.#clock.now();
    const isLate = now - this.#lookedAt > LOOK_MS + LATE_MS;
    if (now < this.#lookedAt) {
      // The clock was set back: the silence begins now.
      this.#aliveAt = now;
      this.#deadline = Infinity;
    }
    this.#lookedAt = now;
    // A deadline that passed while we slept proves nothing: the answer may be waiting behind this very timer. Not a second time, though:
    // in a tab that nobody sees, every look may be late.
    if (isLate && !this.#wasLate) this.#deadline = Infinity;
    if (now >= this.#deadline) return this.#dead();
    if (isLate) {
      this.#wasLate = true;
      return this.probe();
    }
    if (this.#deadline === Infinity && now >= this.#aliveAt + this.#everyMs) return this.probe(DEADLINE_MS);
    this.#lookAgain();
  }
}
