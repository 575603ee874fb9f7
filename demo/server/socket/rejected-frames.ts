/** Counts the rejected frames of one socket. A client that sends many must not fill the log. */
const WINDOW_MS = 60_000;

export class RejectedFrames {
  readonly #counts = new Map<string, number>();
  #windowEnd = -Infinity;
  #invalid = 0;

  /** @param maxInvalid Invalid frames per minute. */
  constructor(
    private readonly maxInvalid: number,
    private readonly now: () => number,
  ) {}

  /** Counts a frame. @returns whether it is the first one with this error code. */
  add(code: string): boolean {
    const count = (this.#counts.get(code) ?? 0) + 1;
    this.#counts.set(code, count);
    return count === 1;
  }

  /** Counts an invalid frame. @returns whether there were too many within a minute. */
  addInvalid(): boolean {
    const now = this.now();
    if (now >= this.#windowEnd) {
      this.#windowEnd = now + WINDOW_MS;
      this.#invalid = 0;
    }
    return ++this.#invalid > this.maxInvalid;
  }

  /** The number of frames by error code; undefined if each was logged by itself. */
  get totals(): Record<string, number> | undefined {
    return [...this.#counts.values()].some((count) => count > 1) ? Object.fromEntries(this.#counts) : undefined;
  }
}
