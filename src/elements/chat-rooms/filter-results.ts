import type { Clock } from '../../transport/index.js';

/** Keys that follow each other within this time are one change of the filter, in milliseconds. */
const PAUSE_MS = 1_000;

/** Announces what a filter leaves once typing pauses: a result for each key would interrupt the echo of the keys. */
export class FilterResults {
  readonly #clock: Clock;
  readonly #announce: (text: string) => void;
  #cancel: (() => void) | undefined;

  /** @param announce an empty text withdraws a result that was not announced yet. */
  constructor(clock: Clock, announce: (text: string) => void) {
    this.#clock = clock;
    this.#announce = announce;
  }

  /**
   * The filter has changed.
   * @param result called after the pause. Empty: there is nothing to announce.
   */
  changed(result: () => string): void {
    this.stop();
    this.#announce('');
    this.#cancel = this.#clock.after(PAUSE_MS, () => this.#announce(result()));
  }

  stop(): void {
    this.#cancel?.();
  }
}
