import type { ChatState } from '../model/index.js';
import type { Clock } from '../transport/index.js';

/** Interruptions that are shorter than this are not mentioned, in milliseconds. */
const SILENCE_MS = 3_000;
/** Polling works, and may last for the whole visit: users are told for this time, in milliseconds. */
const MENTION_MS = 10_000;
/** States that often end by themselves. */
const TRANSIENT: readonly ChatState[] = ['connecting', 'reconnecting', 'polling'];
/** States without a problem. */
const GOOD: readonly ChatState[] = ['idle', 'connected'];

/** The state of a connection as users are told about it: short interruptions are left out. */
export class SettledState {
  readonly #clock: Clock;
  readonly #onChange: () => void;
  #cancelSilence: (() => void) | undefined;
  #cancelMention: (() => void) | undefined;
  #latest: ChatState = 'idle';
  value: ChatState = 'idle';
  /** Users know about the state, and can do without being told any longer. */
  isKnown = false;

  /** @param onChange called when `value` or `isKnown` changes by itself, after a time. */
  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  update(state: ChatState): void {
    this.#latest = state;
    if (!TRANSIENT.includes(state) || !GOOD.includes(this.value)) return this.#set(state);
    this.#cancelSilence ??= this.#clock.after(SILENCE_MS, () => {
      this.#set(this.#latest);
      this.#onChange();
    });
  }

  /** Starts over, without a state. */
  stop(): void {
    this.#set('idle');
  }

  #set(value: ChatState): void {
    this.#cancelSilence?.();
    this.#cancelSilence = undefined;
    if (value === this.value) return;
    this.value = value;
    this.isKnown = false;
    this.#cancelMention?.();
    this.#cancelMention = undefined;
    if (value !== 'polling') return;
    this.#cancelMention = this.#clock.after(MENTION_MS, () => {
      this.isKnown = true;
      this.#onChange();
    });
  }
}
