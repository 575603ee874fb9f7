/** One direction of a connection: bytes wait their time, none overtakes another, and all of it may be lost. */
import type { Writable } from 'node:stream';

/** How slow a line is. It may change at any time. */
export interface Slowness {
  /** Everything takes this much longer, in milliseconds. */
  readonly delayMs: number;
  /** So many bytes fit through in a second, in each direction; 0: as many as want to. */
  readonly bytesPerSecond: number;
}

export class Lane {
  readonly #to: Writable;
  readonly #slowness: Slowness;
  /** What waits; `null` is the end. */
  readonly #queue: { at: number; bytes: Buffer | null; onWritten: (() => void) | undefined }[] = [];
  #busyUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  #isLost = false;

  constructor(to: Writable, slowness: Slowness) {
    this.#to = to;
    this.#slowness = slowness;
    to.once('close', () => clearTimeout(this.#timer));
  }

  /** From now on nothing arrives any more, for good: a stream with a hole in it is no stream. */
  lose(): void {
    this.#isLost = true;
  }

  /** @param extraMs waits so much longer; so does everything behind it. */
  push(bytes: Buffer | null, extraMs = 0, onWritten?: () => void): void {
    if (this.#isLost || this.#to.destroyed) return;
    const { delayMs, bytesPerSecond } = this.#slowness;
    const onTheWay = bytesPerSecond > 0 ? ((bytes?.length ?? 0) / bytesPerSecond) * 1_000 : 0;
    this.#busyUntil = Math.max(Date.now() + delayMs + extraMs, this.#busyUntil) + onTheWay;
    this.#queue.push({ at: this.#busyUntil, bytes, onWritten });
    if (!this.#timer) this.#drain();
  }

  #drain(): void {
    this.#timer = undefined;
    for (let first; (first = this.#queue[0]) && first.at <= Date.now(); ) {
      this.#queue.shift();
      if (!this.#to.writable) continue;
      if (first.bytes) this.#to.write(first.bytes, first.onWritten);
      else this.#to.end();
    }
    const [next] = this.#queue;
    if (next) this.#timer = setTimeout(() => this.#drain(), next.at - Date.now());
  }
}
