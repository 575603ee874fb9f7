interface Clock {
  after(ms: number, run: () => void): () => void;
}

interface Timer {
  cancel: () => void;
  run: () => void;
}

/** Named timers: a new timer replaces a running one of the same name. */
export class KeyedTimers {
  readonly #clock: Clock;
  readonly #timers = new Map<string, Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(name: string): boolean {
    return this.#timers.has(name);
  }

  /** The running timer of this name. Its callback may be replaced. */
  get(name: string): { run: () => void } | undefined {
    return this.#timers.get(name);
  }

  set(name: string, ms: number, run: () => void): void {
    this.cancel(name);
    const timer = {
      run,
      cancel: this.#clock.after(ms, () => {
        this.#timers.delete(name);
        timer.run();
      }),
    };
    this.#timers.set(name, timer);
  }

  cancel(name: string): void {
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
  }

  /** Cancels all timers whose name starts with `prefix`. */
  cancelAll(prefix: string): void {
    for (const name of [...this.#timers.keys()]) if (name.startsWith(prefix)) this.cancel(name);
  }

  /** Runs a timer's callback immediately, if the timer is running. */
  runNow(name: string): void {
    const timer = this.#timers.get(name);
    this.cancel(name);
    timer?.run();
  }

  /** Runs the callbacks of all timers whose name starts with `prefix` immediately. */
  flush(prefix = ''): void {
    for (const name of [...this.#timers.keys()]) if (name.startsWith(prefix)) this.runNow(name);
  }
}
