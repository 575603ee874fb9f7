import type { Clock } from '../transport/index.js';

/** The deadline for the answer to a regular ping, in milliseconds. */
const DEADLINE_MS = 10_000;
/** The deadline for the answer to the ping on a doubtful socket, in milliseconds. */
const PROBE_MS = 3_000;
/** The longest interval between two checks, in milliseconds: a late check reveals that the machine slept. */
const LOOK_MS = 5_000;
/** The delay of a check, in milliseconds, that means that the machine slept, or that the browser suspended the page. */
const LATE_MS = 10_000;

/**
 * Detects a socket that is open but dead. Everything that is received proves that it is alive. After a silence the
 * heartbeat sends a ping, and calls `dead` if nothing is received in time. It uses the wall clock, because timers stop
 * while a machine sleeps.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #everyMs: number;
  readonly #ping: () => void;
  readonly #dead: () => void;
  /** When something was last received, and the time by which an answer is due. */
  #aliveAt: number;
  #deadline = Infinity;
  #lookedAt: number;
  /** Whether a check was late, and nothing has been received since. */
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

  /** Call it for everything that is received. */
  alive(): void {
    this.#aliveAt = this.#clock.now();
    this.#wasLate = false;
    if (this.#deadline === Infinity) return;
    this.#deadline = Infinity;
    this.#lookAgain();
  }

  /** Sends a ping now instead of after the silence, with a shorter deadline. */
  probe(deadlineMs = PROBE_MS): void {
    this.#deadline = Math.min(this.#deadline, this.#clock.now() + deadlineMs);
    this.#lookAgain();
    this.#ping();
  }

  /** Whether the socket must be dead although no timer has fired yet: the machine slept. */
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
    // A deadline that passed during sleep proves nothing: the answer may be queued behind this timer. This applies only
    // once: in a hidden tab, every check may be late.
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
