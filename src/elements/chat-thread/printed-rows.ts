import type { LitElement, ReactiveController } from 'lit';
import type { Keyed, VirtualScroller } from './virtual-scroller.js';

/**
 * Prints the visible rows. Firefox prints a copy of the page, in which the list is at its start. So while the page is
 * printed, the list does not scroll in any engine: what is above the viewport is left out instead. At the end, the rows
 * are aligned to the end, because they may have another height on paper.
 */
export class PrintedRows<Item extends Keyed> implements ReactiveController {
  readonly #host: LitElement;
  readonly #scroller: VirtualScroller<Item>;
  #view: Window | null | undefined;
  /** Undoes the changes for printing. */
  #restore: (() => void) | undefined;

  constructor(host: LitElement, scroller: VirtualScroller<Item>) {
    this.#host = host;
    this.#scroller = scroller;
    host.addController(this);
  }

  hostConnected(): void {
    this.#view = this.#host.ownerDocument.defaultView;
    this.#view?.addEventListener('beforeprint', this.#onBeforePrint);
    this.#view?.addEventListener('afterprint', this.#onAfterPrint);
  }

  hostDisconnected(): void {
    this.#view?.removeEventListener('beforeprint', this.#onBeforePrint);
    this.#view?.removeEventListener('afterprint', this.#onAfterPrint);
    this.#onAfterPrint();
  }

  readonly #onBeforePrint = (): void => {
    this.#onAfterPrint();
    const root = this.#host.shadowRoot!;
    const list = root.querySelector('ol');
    const page = this.#host.ownerDocument.defaultView;
    if (!list || !page) return;
    const rules = this.#scroller.isAway ? rulesFor(list) : '.messages { justify-content: flex-end }';
    // A sheet, because the page's security policy may forbid styles of elements.
    const sheet = new page.CSSStyleSheet();
    sheet.replaceSync(`@media print { .messages { overflow: clip } ${rules} }`);
    root.adoptedStyleSheets.push(sheet);
    const scrolled = list.parentElement!;
    const top = scrolled.scrollTop;
    this.#restore = () => {
      root.adoptedStyleSheets = root.adoptedStyleSheets.filter((other) => other !== sheet);
      // An element that did not scroll for a while may have lost its position.
      if (scrolled.scrollTop !== top) scrolled.scrollTop = top;
    };
  };

  readonly #onAfterPrint = (): void => {
    this.#restore?.();
    this.#restore = undefined;
  };
}

/** Leaves out what is above the viewport. */
function rulesFor(list: HTMLElement): string {
  const scrolled = list.parentElement!;
  const top = scrolled.getBoundingClientRect().top + scrolled.clientTop;
  const above = [...list.children].filter((row) => row.getBoundingClientRect().bottom <= top).length;
  // Of the first row, or of the note above the first row, the part above the viewport is cut off.
  const cut = above > 0 ? top - (list.children[above]?.getBoundingClientRect().top ?? top) : scrolled.scrollTop;
  return `.messages::before { content: ''; margin-block-start: ${-cut}px }
    ol { margin-block-start: 0 }
    ${above > 0 ? `.messages > :first-child:not(ol), ol > :nth-child(-n + ${above}) { display: none }` : ''}`;
}
