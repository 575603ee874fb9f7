/** CSS custom states: what a page may ask of an element in its style sheet, as in `chat-status:state(polling)`. */
export class CustomStates {
  readonly #states: Set<string> | undefined;

  constructor(host: HTMLElement) {
    this.#states = host.attachInternals().states;
  }

  /** Has these, and no others. Browsers from before 2024 know none, and show none. */
  show(...names: (string | false)[]): void {
    const states = this.#states;
    try {
      states?.clear();
      for (const name of names) if (name) states?.add(name);
    } catch {
      // Chrome before 125 wants them to begin with `--`.
    }
  }
}
