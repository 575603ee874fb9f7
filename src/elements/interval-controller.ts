import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { systemClock } from '../transport/index.js';

/** Renders an element again at an interval, for texts such as 'in 5 s' and '3 min. ago'. */
export class IntervalController implements ReactiveController {
  readonly #host: ReactiveControllerHost & Node;
  readonly #intervalMs: () => number | null;
  #cancel: (() => void) | undefined;

  /**
   * @param intervalMs returns the delay until the next render, in milliseconds; null: none. Called after every render.
   */
  constructor(host: ReactiveControllerHost & Node, intervalMs: () => number | null) {
    this.#host = host;
    this.#intervalMs = intervalMs;
    host.addController(this);
  }

  hostUpdated(): void {
    // An element may be updated once more after it was removed.
    const ms = this.#host.isConnected ? this.#intervalMs() : null;
    if (ms === null) this.#stop();
    else
      this.#cancel ??= systemClock.after(ms, () => {
        this.#cancel = undefined;
        this.#host.requestUpdate();
      });
  }

  hostConnected(): void {
    this.#host.requestUpdate();
  }

  hostDisconnected(): void {
    this.#stop();
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
