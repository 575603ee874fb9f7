/** The source of time and timers. Tests replace it, so that they need not wait. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Calls `run` once after `ms` milliseconds. @returns a function that cancels the call. */
  after(ms: number, run: () => void): () => void;
  /** Lets the page render or handle input before long work continues. Optional. */
  yieldToMain?(): Promise<void> | undefined;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  // In a hidden page, timers may fire only once a minute.
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
