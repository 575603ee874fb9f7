import type { Clock } from '../../src/transport/index.js';

interface Timer {
  at: number;
  run: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now = Date.parse('2026-11-23T12:00:00Z');
  readonly #timers = new Set<Timer>();

  /** How many timers are waiting: 0 after everything has been taken down. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** The machine sleeps: time passes, and no timer knows of it until the next `advance`. */
  sleep(ms: number): void {
    this.#now += ms;
  }

  /** Lets time pass; whatever falls due happens in its order, and what that sets off happens before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.run();
      await settle();
    }
    this.#now = end;
  }
}

/** One channel for good: WebKit has been seen to collect a new one together with the message that it was to bring. */
const { port1, port2 } = new MessageChannel();
const waiting: (() => void)[] = [];
/** In Node a port that listens keeps the process alive. */
const keepAlive = port1 as MessagePort & { ref?: () => void; unref?: () => void };
port1.onmessage = () => {
  waiting.shift()?.();
  if (waiting.length === 0) keepAlive.unref?.();
};
const nextTask = (): Promise<void> =>
  new Promise((resolve) => {
    keepAlive.ref?.();
    waiting.push(resolve);
    port2.postMessage(null);
  });

/** Lets everything go on that waits for no time: promises, and the few tasks in which a browser reads a body. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    for (let step = 0; step < 30; step++) await Promise.resolve();
    await nextTask();
  }
}
