/** Registers an element unless the tag is taken, which usually means that the script was loaded twice. */
export function register(tag: string, element: CustomElementConstructor): void {
  if (!customElements.get(tag)) customElements.define(tag, element);
}
