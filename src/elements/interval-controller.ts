import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { systemClock } from '../transport/index.js';

/** Draws an element anew every so often while it is needed: for words such as 'in 5 s' and '3 min. ago'. */
export class IntervalController implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  readonly #everyMs: () => number | null;
  #cancel: (() => void) | undefined;

  /** @param everyMs milliseconds to the next drawing; null: not needed. Asked after every drawing. */
  constructor(host: ReactiveControllerHost, everyMs: () => number | null) {
    this.#host = host;
    this.#everyMs = everyMs;
    host.addController(this);
  }

  hostUpdated(): void {
    const ms = this.#everyMs();
    if (ms === null) this.#stop();
    else this.#cancel ??= systemClock.after(ms, () => {
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
