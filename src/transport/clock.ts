/** Time comes in by this door, so that tests need no sleeping. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Calls `run` once after `ms` milliseconds. @returns how to take that back. */
  after(ms: number, run: () => void): () => void;
  /** Lets the page render or handle input before long work goes on. Optional. */
  yieldToMain?(): Promise<void> | undefined;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  // In a hidden page, timers may fire once a minute.
  yieldToMain: () =>
    globalThis.document?.visibilityState === 'visible' ? new Promise((resolve) => setTimeout(resolve)) : undefined,
};

/** Waits; ends early, without an error, when `signal` aborts. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener('abort', done);
  });
}
