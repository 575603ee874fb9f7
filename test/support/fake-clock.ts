import type { Clock } from '../../src/transport/index.js';

interface Timer {
  at: number;
  run: () => void;
}

/** A clock that only moves when a test advances it. */
export class FakeClock implements Clock {
  #now = Date.parse('2026-11-23T12:00:00Z');
  readonly #timers = new Set<Timer>();

  /** Number of pending timers; 0 after everything is disposed. */
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

  /** Simulates a sleeping machine: time passes, but timers run only at the next `advance`. */
  sleep(ms: number): void {
    this.#now += ms;
  }

  /** Advances the time. Due timers run in order, each followed by everything it triggers. */
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

/** One long-lived channel: WebKit may garbage-collect a new one before its message is delivered. */
const { port1, port2 } = new MessageChannel();
const waiting: (() => void)[] = [];
/** In Node, a listening port keeps the process alive. */
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

/** Waits for everything that does not depend on time: promises, and the tasks in which a browser reads a body. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    for (let step = 0; step < 30; step++) await Promise.resolve();
    await nextTask();
  }
}
