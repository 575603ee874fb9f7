import type { LitElement, ReactiveController } from 'lit';
import { registerProperty } from '../theme/index.js';

/** Copies of style sheets, by document and original. */
const copies = new WeakMap<Document, Map<CSSStyleSheet, CSSStyleSheet>>();

/** A style sheet works only in the document in which it was created. */
function copyFor(page: Document, sheet: CSSStyleSheet): CSSStyleSheet {
  const known = copies.get(page) ?? new Map<CSSStyleSheet, CSSStyleSheet>();
  copies.set(page, known);
  let copy = known.get(sheet);
  if (!copy) {
    copy = new page.defaultView!.CSSStyleSheet();
    copy.replaceSync([...sheet.cssRules].map(({ cssText }) => cssText).join('\n'));
    known.set(sheet, copy);
  }
  return copy;
}

/**
 * Keeps the styles of an element that is moved to another document, such as a picture-in-picture window: the browser
 * removes them.
 */
export class DocumentStyles implements ReactiveController {
  readonly #host: LitElement;
  readonly #home: Document;
  /** The sheets of the element in its first document. */
  #sheets: readonly CSSStyleSheet[] = [];

  constructor(host: LitElement) {
    this.#host = host;
    this.#home = host.ownerDocument;
    host.addController(this);
  }

  hostConnected(): void {
    const { ownerDocument: page, shadowRoot } = this.#host;
    if (!shadowRoot || shadowRoot.adoptedStyleSheets.length > 0 || this.#sheets.length === 0) return;
    const isHome = page === this.#home;
    if (!isHome) registerProperty(page.defaultView);
    shadowRoot.adoptedStyleSheets = this.#sheets.map((sheet) => (isHome ? sheet : copyFor(page, sheet)));
  }

  hostUpdated(): void {
    const { ownerDocument, shadowRoot } = this.#host;
    if (ownerDocument === this.#home) this.#sheets = [...shadowRoot!.adoptedStyleSheets];
  }
}
