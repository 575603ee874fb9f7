import type { LitElement, ReactiveController } from 'lit';
import type { Keyed, VirtualScroller } from './virtual-scroller.js';

/** Maximum number of rows rendered for a selection. One that extends further away loses its start. */
const MAX_ROWS = 500;

/**
 * Keeps the selected rows rendered while the list is scrolled: a selection whose rows are removed is lost, and the
 * removed rows would be missing from the copied text.
 */
export class SelectedRows<Item extends Keyed> implements ReactiveController {
  readonly #host: LitElement;
  readonly #scroller: VirtualScroller<Item>;
  /** Keys of the first and the last selected row. */
  #keys: readonly [string, string] | undefined;
  #page: Document | undefined;

  constructor(host: LitElement, scroller: VirtualScroller<Item>) {
    this.#host = host;
    this.#scroller = scroller;
    scroller.extend = (start, end, items) => this.#extend(start, end, items);
    host.addController(this);
  }

  hostConnected(): void {
    this.#page = this.#host.ownerDocument;
    this.#page.addEventListener('selectionchange', this.#onChange);
  }

  hostDisconnected(): void {
    this.#page?.removeEventListener('selectionchange', this.#onChange);
    this.#keys = undefined;
  }

  readonly #onChange = (): void => {
    const had = this.#keys;
    this.#keys = this.#selectedKeys();
    // The rows may be removed now.
    if (had && !this.#keys) this.#scroller.onScroll();
  };

  #selectedKeys(): readonly [string, string] | undefined {
    const root = this.#host.shadowRoot!;
    const list = root.querySelector('ol');
    const range = list && selectedRange(root);
    if (!range || range.collapsed) return undefined;
    const first = rowOf(list, range.startContainer, range.startOffset);
    const last = rowOf(list, range.endContainer, range.endOffset - 1);
    // A selection of the whole page has no end in the list: it takes the rows that happen to be rendered.
    if (first < 0 && last < 0) return undefined;
    const { rows } = this.#scroller;
    const [from, to] = [rows[Math.max(0, first)], rows.at(last)];
    return from && to && [from.key, to.key];
  }

  #extend(start: number, end: number, items: readonly Item[]): readonly [number, number] {
    if (!this.#keys) return [start, end];
    const [first, last] = this.#keys.map((key) => items.findIndex((item) => item.key === key)) as [number, number];
    if (first < 0 || last < 0) return [start, end];
    const [from, to] = [Math.min(start, first), Math.max(end, last + 1)];
    return to - from > MAX_ROWS ? [start, end] : [from, to];
  }
}

/** Index of the rendered row that contains a position; -1 if it is not in the list. */
function rowOf(list: Element, node: Node, offset: number): number {
  if (node === list) return Math.max(0, Math.min(offset, list.children.length - 1));
  return [...list.children].findIndex((row) => row.contains(node));
}

/** The selection, with positions inside of the shadow root. */
function selectedRange(root: ShadowRoot & { getSelection?: () => Selection | null }): AbstractRange | undefined {
  let selection = root.ownerDocument.getSelection();
  // The types describe current engines only.
  const { getComposedRanges } = (selection ?? {}) as Partial<Selection>;
  if (getComposedRanges) {
    try {
      return getComposedRanges.call(selection!, { shadowRoots: [root] })[0];
    } catch {
      // Safari 17 takes the roots themselves.
      return getComposedRanges.call(selection!, root as GetComposedRangesOptions)[0];
    }
  }
  // Earlier, Chromium has a selection per shadow root, and that of Firefox's document has positions inside of them.
  if (root.getSelection) selection = root.getSelection();
  return selection && selection.rangeCount > 0 ? selection.getRangeAt(0) : undefined;
}
