import type { ReasonCode } from '../locale/state-reasons.js';
import type { ConnectionState, NextTry } from '../model/index.js';

/** An attempt that is in progress. */
const NOW: NextTry = { attempt: 0, at: null };

/** The only writer of the connection state: each method is a transition. */
export class ConnectionStateWriter {
  #current: ConnectionState = { is: 'idle' };
  readonly #onChange: (state: ConnectionState) => void;

  /** @param onChange called after every transition. */
  constructor(onChange: (state: ConnectionState) => void) {
    this.#onChange = onChange;
  }

  get current(): ConnectionState {
    return this.#current;
  }

  toIdle(): void {
    this.#enter({ is: 'idle' });
  }

  toConnecting(): void {
    this.#enter({ is: 'connecting' });
  }

  toConnected(): void {
    this.#enter({ is: 'connected' });
  }

  toReconnecting(reason: ReasonCode, next = NOW): void {
    this.#enter({ is: 'reconnecting', reason, next });
  }

  toPolling(reason: ReasonCode, next: NextTry): void {
    this.#enter({ is: 'polling', reason, next });
  }

  toOffline(next: NextTry): void {
    this.#enter({ is: 'offline', next });
  }

  toUnauthorized(reason: ReasonCode): void {
    this.#enter({ is: 'unauthorized', reason });
  }

  /** @param next null if no attempt follows before the configuration changes. */
  toError(reason: ReasonCode, next: NextTry | null): void {
    this.#enter({ is: 'error', reason, next });
  }

  /** Replaces the next attempt of the current state. */
  withNextTry(next: NextTry): void {
    const state = this.#current;
    if ('next' in state && state.next) this.#enter({ ...state, next });
  }

  #enter(state: ConnectionState): void {
    this.#current = state;
    this.#onChange(state);
  }
}
