import type { ChatState } from '../model/index.js';
import type { Clock } from '../transport/index.js';

/** Interruptions that are shorter than this are not mentioned, in milliseconds. */
const SILENCE_MS = 3_000;
/** States that often end by themselves. */
const TRANSIENT: readonly ChatState[] = ['connecting', 'reconnecting', 'polling'];
/** States without a problem. */
const GOOD: readonly ChatState[] = ['idle', 'connected'];

/** The state of a connection as users are told about it: short interruptions are left out. */
export class SettledState {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #cancel: (() => void) | undefined;
  #latest: ChatState = 'idle';
  value: ChatState = 'idle';

  /** @param onChange called when `value` changes by itself, after the silence. */
  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  update(state: ChatState): void {
    this.#latest = state;
    if (TRANSIENT.includes(state) && GOOD.includes(this.value)) {
      this.#cancel ??= this.#clock.after(SILENCE_MS, () => {
        this.stop();
        this.value = this.#latest;
        this.#onChange();
      });
    } else {
      this.stop();
      this.value = state;
    }
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
