/**
 * Renders only the rows of a list that are in or near its viewport. All rows have about the same height, so the space
 * of the others is known: each rendered row has the space of the rows that are left out before it as a margin.
 *
 * One row outside the viewport may be pinned: the tab stop of the list, which must not lose the focus.
 */
import type { ReactiveController, ReactiveControllerHost } from 'lit';

/** Rows rendered before the list has a layout, as on a server. */
const INITIAL_ROWS = 30;
/** Height rendered above and below the viewport, in px. */
const OVERSCAN_PX = 600;
/** The window moves by this number of rows, so that it does not change with each scroll event. */
const STEP_ROWS = 5;
/** Smaller changes of the row height come from rounding, in px. */
const TOLERANCE_PX = 0.5;

export class RowWindow implements ReactiveController {
  readonly #host: ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment };
  #keys: readonly string[] = [];
  /** Index of the pinned row; -1: none. */
  #pinned = -1;
  #start = 0;
  #end = INITIAL_ROWS;
  /** Distance between the starts of two rows, in px. 0: not measured yet. */
  #rowHeight = 0;
  /** The scroll position to set after the next render. */
  #nextTop: number | undefined;
  #resizeObserver: ResizeObserver | undefined;
  #observed: Element | null = null;
  /** Id of the pending animation frame; 0 if none. */
  #frame = 0;

  constructor(host: ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment }) {
    this.#host = host;
    host.addController(this);
  }

  /**
   * Sets the rows. Call it before each render. The rows in the viewport stay where they are, except at the top of the
   * list, where a new first row is shown.
   * @param pinned index of the row that is always rendered.
   */
  update(keys: readonly string[], pinned: number): void {
    const list = this.#list;
    if (list && this.#rowHeight && list.scrollTop > 0) this.#nextTop ??= this.#topAfter(keys, list);
    this.#keys = keys;
    this.#pinned = pinned;
    this.#move(this.#nextTop ?? list?.scrollTop ?? 0);
  }

  /** Indexes of the rows to render, ascending. */
  get indexes(): readonly number[] {
    const { length } = this.#keys;
    const [start, end] = [Math.min(this.#start, length), Math.min(this.#end, length)];
    const indexes = Array.from({ length: end - start }, (_, index) => start + index);
    if (this.#pinned >= end) indexes.push(this.#pinned);
    else if (this.#pinned >= 0 && this.#pinned < start) indexes.unshift(this.#pinned);
    return indexes;
  }

  /** Number of rows that fit into the viewport; at least 1. */
  get pageRows(): number {
    return Math.max(1, Math.floor((this.#list?.clientHeight ?? 0) / (this.#rowHeight || Infinity)));
  }

  /** Scrolls to the start of the list with the next render. */
  toStart(): void {
    this.#nextTop = 0;
  }

  /** Scrolls as little as possible so that a row is in the viewport after the next render. */
  reveal(index: number): void {
    const list = this.#list;
    if (!list || !this.#rowHeight) return;
    const top = index * this.#rowHeight;
    const { scrollTop, clientHeight } = list;
    // Without this, the row would be at the very edge, under the list's padding.
    const edge = this.#rowHeight / 4;
    if (top < scrollTop + edge) this.#nextTop = Math.max(0, top - edge);
    else if (top + this.#rowHeight + edge > scrollTop + clientHeight)
      this.#nextTop = top + this.#rowHeight + edge - clientHeight;
    this.#host.requestUpdate();
  }

  /** The `scroll` listener of the list. */
  readonly onScroll = (): void => {
    if (this.#move(this.#list?.scrollTop ?? 0)) this.#host.requestUpdate();
  };

  hostConnected(): void {
    this.#resizeObserver = new ResizeObserver(() => {
      // Later: other rows may change the size of the list, which the browser would report as a ResizeObserver loop.
      this.#frame ||= requestAnimationFrame(() => {
        this.#frame = 0;
        this.#measure();
      });
    });
    this.#observed = null;
  }

  hostDisconnected(): void {
    this.#resizeObserver?.disconnect();
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  hostUpdated(): void {
    const list = this.#list;
    const rows = list?.firstElementChild as HTMLElement | null | undefined;
    const top = this.#nextTop;
    this.#nextTop = undefined;
    if (!list || !rows) return;
    if (rows !== this.#observed) {
      this.#resizeObserver?.disconnect();
      this.#observed = rows;
      // The list's size determines how many rows are visible; that of the rows changes with the height of a row.
      for (const element of [list, rows]) this.#resizeObserver?.observe(element);
    }
    this.#space(rows);
    // WebKit moves the scroll position when the rows around it change, in spite of `overflow-anchor`.
    if (top !== undefined && list.scrollTop !== top) list.scrollTop = top;
  }

  get #list(): HTMLElement | null {
    return this.#host.renderRoot?.querySelector<HTMLElement>('.list') ?? null;
  }

  /** Leaves the space of the rows that are not rendered. */
  #space(rows: HTMLElement): void {
    let next = 0;
    const px = (count: number): string => (count > 0 && this.#rowHeight ? `${count * this.#rowHeight}px` : '');
    this.indexes.forEach((index, position) => {
      (rows.children[position] as HTMLElement).style.marginBlockStart = px(index - next);
      next = index + 1;
    });
    rows.style.paddingBlockEnd = px(this.#keys.length - next);
  }

  /** Measures the height of a row, and moves the window if it or the height of the list has changed. */
  #measure(): void {
    const list = this.#list;
    const rows = list?.firstElementChild?.children;
    if (!list || !rows) return;
    const { indexes } = this;
    // Two rows that follow each other, neither of which is pinned.
    const first = indexes.indexOf(this.#start);
    const last = indexes.lastIndexOf(Math.min(this.#end, this.#keys.length) - 1);
    const [from, to] = [rows[first + 1], rows[last]] as (HTMLElement | undefined)[];
    if (from && to && last > first + 1) {
      const height = (to.offsetTop - from.offsetTop) / (last - first - 1);
      if (height > 0 && Math.abs(height - this.#rowHeight) > TOLERANCE_PX) {
        if (this.#rowHeight) this.#nextTop = (list.scrollTop / this.#rowHeight) * height;
        this.#rowHeight = height;
        this.#host.requestUpdate();
      }
    }
    if (this.#move(this.#nextTop ?? list.scrollTop)) this.#host.requestUpdate();
  }

  /** Moves the window to a scroll position. @returns whether other rows are to be rendered. */
  #move(top: number): boolean {
    const height = this.#rowHeight;
    const list = this.#list;
    // A hidden list keeps its rows.
    if (!height || !list?.clientHeight) return false;
    const first = Math.floor((top - OVERSCAN_PX) / height / STEP_ROWS) * STEP_ROWS;
    const last = Math.ceil((top + list.clientHeight + OVERSCAN_PX) / height / STEP_ROWS) * STEP_ROWS;
    const start = Math.max(0, Math.min(first, this.#keys.length - INITIAL_ROWS));
    const end = Math.max(last, INITIAL_ROWS);
    if (start === this.#start && end === this.#end) return false;
    [this.#start, this.#end] = [start, end];
    return true;
  }

  /** The scroll position at which most of the visible rows are where they were. */
  #topAfter(keys: readonly string[], { scrollTop, clientHeight }: HTMLElement): number {
    const before = this.#keys;
    const first = Math.floor(scrollTop / this.#rowHeight);
    const visible = before.slice(first, first + Math.ceil(clientHeight / this.#rowHeight));
    if (visible.every((key, index) => keys[first + index] === key)) return scrollTop;
    const indexOf = new Map(keys.map((key, index) => [key, index]));
    const shifts = visible.flatMap((key, index) => (indexOf.has(key) ? indexOf.get(key)! - first - index : []));
    const count = (shift: number): number => shifts.filter((other) => other === shift).length;
    const [shift] = shifts.sort((a, b) => count(b) - count(a));
    return Math.max(0, scrollTop + (shift ?? 0) * this.#rowHeight);
  }
}
