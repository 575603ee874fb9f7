interface Clock {
  after(ms: number, run: () => void): () => void;
}

interface Timer {
  cancel: () => void;
  run: () => void;
}

/** Timers with names: a new timer replaces the one of the same name. */
export class KeyedTimers {
  readonly #clock: Clock;
  readonly #timers = new Map<string, Timer>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(name: string): boolean {
    return this.#timers.has(name);
  }

  /** The timer of this name. What it runs may be replaced. */
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

  /** Cancels all timers whose name begins so. */
  cancelAll(prefix: string): void {
    for (const name of [...this.#timers.keys()]) if (name.startsWith(prefix)) this.cancel(name);
  }

  /** Runs a timer now, if there is one. */
  runNow(name: string): void {
    const timer = this.#timers.get(name);
    this.cancel(name);
    timer?.run();
  }

  /** Runs all timers now. */
  flush(): void {
    for (const name of [...this.#timers.keys()]) this.runNow(name);
  }
}
