/** Registers an element, unless its name is taken: by another copy of this script, most often. */
export function register(tag: string, element: CustomElementConstructor): void {
  if (!customElements.get(tag)) customElements.define(tag, element);
}
