import type { LitElement, ReactiveController } from 'lit';
import { registerProperty } from '../theme/index.js';

/** Copies of style sheets, by document and original. */
const copies = new WeakMap<Document, Map<CSSStyleSheet, CSSStyleSheet>>();
/** The style sheets of each element, as they were created. */
const originals = new WeakMap<LitElement, CSSStyleSheet[]>();

/** A style sheet works only in the document in which it was created. */
function sheetFor(page: Document, sheet: CSSStyleSheet): CSSStyleSheet {
  if (page === document || !page.defaultView) return sheet;
  const known = copies.get(page) ?? new Map<CSSStyleSheet, CSSStyleSheet>();
  copies.set(page, known);
  let copy = known.get(sheet);
  if (!copy) {
    copy = new page.defaultView.CSSStyleSheet();
    copy.replaceSync([...sheet.cssRules].map(({ cssText }) => cssText).join('\n'));
    known.set(sheet, copy);
  }
  return copy;
}

/** The original style sheets of an element. At first, it has those of its class. */
function sheetsOf(host: LitElement): CSSStyleSheet[] {
  const sheets = originals.get(host) ?? [...host.shadowRoot!.adoptedStyleSheets];
  originals.set(host, sheets);
  return sheets;
}

/** Adds style sheets to an element, in whichever document it is. */
export function addStyles(host: LitElement, sheets: readonly CSSStyleSheet[]): void {
  const known = sheetsOf(host);
  const added = sheets.filter((sheet) => !known.includes(sheet));
  known.push(...added);
  host.shadowRoot!.adoptedStyleSheets.push(...added.map((sheet) => sheetFor(host.ownerDocument, sheet)));
}

/**
 * Keeps the styles of an element that is moved to another document, such as a picture-in-picture window: the browser
 * removes them.
 */
export class DocumentStyles implements ReactiveController {
  readonly #host: LitElement;

  constructor(host: LitElement) {
    this.#host = host;
    host.addController(this);
  }

  hostConnected(): void {
    const { ownerDocument: page, shadowRoot } = this.#host;
    if (!page.defaultView || !shadowRoot || shadowRoot.adoptedStyleSheets.length > 0) return;
    if (page !== document) registerProperty(page.defaultView);
    shadowRoot.adoptedStyleSheets = sheetsOf(this.#host).map((sheet) => sheetFor(page, sheet));
  }

  hostUpdated(): void {
    sheetsOf(this.#host);
  }
}
