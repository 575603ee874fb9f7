/** CSS custom states of an element, for selectors such as `chat-status:state(polling)`. */
export class CustomStates {
  /** Undefined on a server. */
  readonly #states: Set<string> | undefined;

  constructor(host: HTMLElement) {
    this.#states = host.attachInternals().states;
  }

  /** Replaces all states. */
  set(...names: (string | false)[]): void {
    this.#states?.clear();
    for (const name of names) if (name) this.#states?.add(name);
  }
}
