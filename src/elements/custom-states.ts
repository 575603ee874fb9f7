/** CSS custom states of an element, for selectors such as `chat-status:state(polling)`. */
export class CustomStates {
  readonly #states: Set<string> | undefined;

  constructor(host: HTMLElement) {
    this.#states = host.attachInternals().states;
  }

  /** Replaces all states. Has no effect in browsers without custom states (before 2024). */
  set(...names: (string | false)[]): void {
    const states = this.#states;
    try {
      states?.clear();
      for (const name of names) if (name) states?.add(name);
    } catch {
      // Chrome before 125 throws unless a state starts with `--`.
    }
  }
}
