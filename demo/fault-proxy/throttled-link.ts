/** One direction of a connection: delays and throttles bytes without reordering them, and can discard them. */
import type { Writable } from 'node:stream';

/** Network speed. May change at any time. */
export interface Throttle {
  /** Additional latency, in ms. */
  readonly delayMs: number;
  /** Bandwidth per direction, in bytes per second; 0: unlimited. */
  readonly bytesPerSecond: number;
}

export class ThrottledLink {
  readonly #to: Writable;
  readonly #slowness: Throttle;
  /** Pending chunks; `null` is the end of the stream. */
  readonly #queue: { at: number; bytes: Buffer | null; onWritten: (() => void) | undefined }[] = [];
  #busyUntil = 0;
  #timer: NodeJS.Timeout | undefined;
  #discards = false;

  constructor(to: Writable, slowness: Throttle) {
    this.#to = to;
    this.#slowness = slowness;
    to.once('close', () => clearTimeout(this.#timer));
  }

  /** Discards everything from now on, permanently: a stream with a gap cannot be resumed. */
  discard(): void {
    this.#discards = true;
  }

  /** @param extraMs Additional delay, which also delays everything after it. */
  push(bytes: Buffer | null, extraMs = 0, onWritten?: () => void): void {
    if (this.#discards || this.#to.destroyed) return;
    const { delayMs, bytesPerSecond } = this.#slowness;
    const transferMs = bytesPerSecond > 0 ? ((bytes?.length ?? 0) / bytesPerSecond) * 1_000 : 0;
    this.#busyUntil = Math.max(Date.now() + delayMs + extraMs, this.#busyUntil) + transferMs;
    this.#queue.push({ at: this.#busyUntil, bytes, onWritten });
    if (!this.#timer) this.#drain();
  }

  #drain(): void {
    this.#timer = undefined;
    for (let first; (first = this.#queue[0]) && first.at <= Date.now();) {
      this.#queue.shift();
      if (!this.#to.writable) continue;
      if (first.bytes) this.#to.write(first.bytes, first.onWritten);
      else this.#to.end();
    }
    const [next] = this.#queue;
    if (next) this.#timer = setTimeout(() => this.#drain(), next.at - Date.now());
  }
}
