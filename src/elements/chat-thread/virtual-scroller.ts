/**
 * Virtual scroller: renders only the rows around the viewport as plain DOM, and keeps the reader's scroll position.
 *
 * There is no spacer for the other rows. The window of rendered rows grows as the reader approaches its edge, and
 * shrinks where it extends too far.
 *
 * The scroll position is held by an *anchor*: the end of the list, or one row at a distance from the top of the
 * viewport. Only the reader moves the anchor, by scrolling. After any other change (rows inserted above, a picture
 * loaded, the window resized) the anchor is put back in its place before the browser paints.
 *
 * A row's place is that of its bubble, because what is above the bubble may disappear: the day and the author's name of
 * the first loaded message, when the one before it is loaded.
 *
 * `isAtEnd` is stored, not derived from the scroll position, which a burst of messages may already have changed. If
 * rows after the last one are not loaded (`hasMore`), the last row is not the end.
 */
import type { ReactiveController, ReactiveControllerHost } from 'lit';

export interface Keyed {
  readonly key: string;
}

type Anchor = { at: 'end' } | { at: 'row'; key: string; offset: number };

/** Rows added at a time when the window grows. */
const CHUNK_ROWS = 10;
/** Rows rendered first, at the end of the list. */
const INITIAL_ROWS = 12;
/**
 * Overscan: height rendered beyond each edge of the viewport, in px. Rows are added below the minimum; above the
 * maximum, they are removed down to the target.
 */
const MIN_OVERSCAN_PX = 600;
const TARGET_OVERSCAN_PX = 1_000;
const MAX_OVERSCAN_PX = 1_600;
/** Distance from the edge of the loaded rows at which the next page is requested, in px. */
const LOAD_AHEAD_PX = 1_000;
/** The same for a reader at the end, who may never scroll up: older pages load later. */
const LOAD_AHEAD_AT_END_PX = 100;
/** Scroll distance from the end that still counts as the end, in px. Scroll positions may be fractional. */
const END_TOLERANCE_PX = 4;
/** Smaller movements are not the reader's: WebKit rounds the scroll position when the page is zoomed. */
const MIN_SCROLL_PX = 2;

export class VirtualScroller<Item extends Keyed> implements ReactiveController {
  readonly #host: ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment };
  readonly #onLoadMore: (side: 'older' | 'newer') => void;
  readonly #onEndChange: (isAtEnd: boolean) => void;
  readonly #onViewChange: () => void;
  #items: readonly Item[] = [];
  /** The window: indexes of the first rendered row, and of the row after the last one. */
  #start = 0;
  #end = 0;
  #anchor: Anchor = { at: 'end' };
  /** Rows after the last one are not loaded. */
  #hasMore = false;
  /** `#hasMore` has just become false, and whether the reader is at the end has not been checked since. */
  #hadMore = false;
  #wasAtEnd = true;
  /** Scroll position that was set last. Any other position comes from the reader. */
  #expectedTop = 0;
  /** The list has not been laid out yet. */
  #isNew = true;
  /** Id of the pending animation frame; 0 if none. */
  #frame = 0;
  #resizeObserver: ResizeObserver | undefined;
  #observedList: Element | undefined;

  /** Extends a window by the rows that have to stay rendered. Replaced by the deferred parts: see selected-rows.ts. */
  extend = (start: number, end: number, _items: readonly Item[]): readonly [number, number] => [start, end];

  /**
   * Moves the content by `px`. Replaced in WebKit: see wheel-reserve.ts. Assigning `scrollTop` ends the reader's
   * scrolling, even in place. A relative scroll keeps what the engine has scrolled outside of the main thread.
   */
  shift = (scroller: Element, px: number): void => scroller.scrollBy(0, px);

  /**
   * @param onLoadMore called when the reader approaches the edge of the loaded rows. May be called repeatedly.
   * @param onEndChange called when `isAtEnd` changes.
   * @param onViewChange called when other rows may be visible than before.
   */
  constructor(
    host: ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment },
    onLoadMore: (side: 'older' | 'newer') => void,
    onEndChange: (isAtEnd: boolean) => void,
    onViewChange: () => void,
  ) {
    this.#host = host;
    this.#onLoadMore = onLoadMore;
    this.#onEndChange = onEndChange;
    this.#onViewChange = onViewChange;
    host.addController(this);
  }

  /** Index of the first row to render. */
  get start(): number {
    return this.#start;
  }

  /** The rows to render. */
  get rows(): readonly Item[] {
    return this.#items.slice(this.#start, this.#end);
  }

  /** Whether the reader is at the end of the list, and follows it. */
  get isAtEnd(): boolean {
    return this.#anchor.at === 'end' && !this.#hasMore;
  }

  /** Whether the reader has scrolled up to a row. */
  get isAway(): boolean {
    return this.#anchor.at === 'row';
  }

  /** Starts over, for another list. */
  reset(): void {
    this.#items = [];
    this.#start = this.#end = this.#expectedTop = 0;
    this.#hasMore = this.#hadMore = false;
    this.#setAnchor({ at: 'end' });
  }

  /**
   * Sets the list. Call it before each render.
   * @param hasMore whether rows after the last one are not loaded.
   */
  update(items: readonly Item[], hasMore = false): void {
    if (hasMore !== this.#hasMore) {
      this.#hadMore = this.#hasMore;
      this.#hasMore = hasMore;
      this.#notifyEnd();
    }
    if (items === this.#items) return;
    if (this.#items.length === 0) this.#isNew = true;
    this.#readScroll();
    const shift = this.#shift(items);
    const rendered = this.#end - this.#start;
    this.#items = items;
    if (!this.isAway) {
      // Grows at the end. `#adjustWindow` trims the start from time to time, so that a burst of messages does not
      // remove rows there one by one.
      const start = Math.max(this.#start + shift, items.length - rendered - CHUNK_ROWS);
      this.#setWindow(Math.min(start, items.length - INITIAL_ROWS), items.length);
    } else {
      this.#start = Math.min(this.#start + shift, items.length);
      this.#end = Math.min(this.#end + shift, items.length);
    }
  }

  /** Scrolls to the end and follows it. */
  toEnd(): void {
    this.#setWindow(this.#items.length - INITIAL_ROWS, this.#items.length);
    this.#setAnchor({ at: 'end' });
    this.#host.requestUpdate();
  }

  /** Scrolls to the first loaded row. */
  toStart(): void {
    const [first] = this.#items;
    if (!first) return;
    this.#setWindow(0, INITIAL_ROWS);
    // The content above the row is not known before it is rendered, so the offset is measured then.
    this.#setAnchor({ at: 'row', key: first.key, offset: Infinity });
    this.#host.requestUpdate();
  }

  /** The `scroll` listener for the scrolling element. */
  readonly onScroll = (): void => {
    this.#readScroll();
    this.#adjustWindow();
  };

  hostConnected(): void {
    this.#resizeObserver = new ResizeObserver(() => {
      this.#restoreAnchor();
      this.#onViewChange();
      // Not now: rendering more rows changes sizes again, which the browser would report as a ResizeObserver loop.
      this.#scheduleAdjust();
    });
    this.#host.requestUpdate();
  }

  hostDisconnected(): void {
    this.#resizeObserver?.disconnect();
    this.#resizeObserver = this.#observedList = undefined;
  }

  hostUpdated(): void {
    const list = this.#list;
    if (list !== this.#observedList) {
      this.#resizeObserver?.disconnect();
      this.#observedList = list;
      if (list) for (const element of [list, list.parentElement!]) this.#resizeObserver?.observe(element);
    }
    if (this.#items.length === 0) return;
    if (!this.#isNew) this.#restoreAnchor();
    this.#scheduleAdjust();
  }

  #setWindow(start: number, end: number): void {
    const { length } = this.#items;
    [this.#start, this.#end] = this.extend(Math.max(0, start), Math.min(length, end), this.#items);
  }

  get #list(): HTMLElement | undefined {
    return this.#host.renderRoot.querySelector<HTMLElement>('ol') ?? undefined;
  }

  /** By how many indexes the first rendered row moves: the number of rows inserted above it. */
  #shift(items: readonly Item[]): number {
    const index = this.#start;
    const key = this.#items[index]?.key;
    if (key === undefined) return 0;
    // Usually nothing was inserted above, or everything was.
    for (const guess of [index, index + items.length - this.#items.length])
      if (items[guess]?.key === key) return guess - index;
    const found = items.findIndex((item) => item.key === key);
    return found < 0 ? 0 : found - index;
  }

  /** Moves the anchor if the reader has scrolled. */
  #readScroll(): void {
    const list = this.#list;
    const scroller = list?.parentElement;
    if (this.#isNew || !list || !scroller || Math.abs(scroller.scrollTop - this.#expectedTop) < MIN_SCROLL_PX) return;
    this.#expectedTop = scroller.scrollTop;
    const distance = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
    if (distance <= END_TOLERANCE_PX && this.#end === this.#items.length && !this.#hasMore)
      return this.#setAnchor({ at: 'end' });
    const index = this.#rowAt(list, scroller.scrollTop);
    const row = list.children[index] as HTMLElement | undefined;
    const item = this.#items[this.#start + index];
    if (row && item) this.#setAnchor({ at: 'row', key: item.key, offset: this.#topOf(row) - scroller.scrollTop });
  }

  /** Index among the rendered rows of the first one that extends below `top`. */
  #rowAt(list: HTMLElement, top: number): number {
    let [low, high] = [0, list.children.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      const row = list.children[middle] as HTMLElement;
      if (row.offsetTop + row.offsetHeight > top) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** Distance of a row's bubble from the start of the scrolled content. */
  #topOf(row: HTMLElement): number {
    const mark = row.querySelector('.bubble, .system') ?? row;
    // Not the bubble's `offsetTop`: the page's styles may position what is between it and the row.
    return row.offsetTop + mark.getBoundingClientRect().top - row.getBoundingClientRect().top;
  }

  #setAnchor(anchor: Anchor): void {
    this.#anchor = anchor;
    this.#notifyEnd();
  }

  #notifyEnd(): void {
    if (this.#wasAtEnd !== this.isAtEnd) this.#onEndChange((this.#wasAtEnd = this.isAtEnd));
  }

  /** Scrolls so that the anchor is in its place again. */
  #restoreAnchor(): void {
    const list = this.#list;
    const scroller = list?.parentElement;
    if (!list || !scroller) return;
    const anchor = this.#anchor;
    this.#expectedTop = scroller.scrollTop;
    if (anchor.at === 'end') {
      this.#expectedTop = scroller.scrollHeight - scroller.clientHeight;
    } else {
      const index = this.rows.findIndex((item) => item.key === anchor.key);
      const row = list.children[index] as HTMLElement | undefined;
      if (row) {
        const top = this.#topOf(row);
        this.#expectedTop = Math.max(0, top - anchor.offset);
        if (anchor.offset === Infinity) anchor.offset = top;
      }
    }
    const distance = this.#expectedTop - scroller.scrollTop;
    // A smaller distance is not corrected, so that slow scrolling adds up.
    if (Math.abs(distance) < MIN_SCROLL_PX) return;
    this.shift(scroller, distance);
    this.#expectedTop = scroller.scrollTop;
  }

  /**
   * Adjusts the window in the next frame, so that overscan does not extend the current task. The first layout of a new
   * list waits for the frame too: it runs before the rows are painted, but not in the task that created them. Immediate
   * in a hidden document, which has no frames, and if the reader would see a gap.
   */
  #scheduleAdjust(): void {
    const adjust = (): void => {
      this.#frame = 0;
      if (this.#isNew) this.#restoreAnchor();
      this.#isNew = false;
      this.#onViewChange();
      this.#adjustWindow();
    };
    if (document.hidden || (!this.#isNew && this.#hasGap)) adjust();
    else if (!this.#frame) this.#frame = requestAnimationFrame(adjust);
  }

  /** Whether the viewport extends beyond the rendered rows. */
  get #hasGap(): boolean {
    const list = this.#list;
    const scroller = list?.parentElement;
    if (!list || !scroller) return false;
    const top = scroller.scrollTop;
    const bottom = top + scroller.clientHeight;
    return (
      (this.#start > 0 && top < list.offsetTop) ||
      (this.#end < this.#items.length && list.offsetTop + list.offsetHeight < bottom)
    );
  }

  /** Adds rows where the overscan is too small and removes them where it is too large. Requests pages at the edges. */
  #adjustWindow(): void {
    const list = this.#list;
    const scroller = list?.parentElement;
    if (!list || !scroller || scroller.clientHeight === 0) return;
    const top = scroller.scrollTop;
    const bottom = top + scroller.clientHeight;
    const above = top - list.offsetTop;
    const below = list.offsetTop + list.offsetHeight - bottom;
    const isAtBottom = scroller.scrollHeight - bottom <= END_TOLERANCE_PX;
    if (this.#hadMore && !this.#hasMore && this.#end === this.#items.length && isAtBottom)
      this.#setAnchor({ at: 'end' });
    this.#hadMore = false;
    if (this.#start === 0 && above < (this.isAway ? LOAD_AHEAD_PX : LOAD_AHEAD_AT_END_PX)) this.#onLoadMore('older');
    if (this.#hasMore && this.isAway && this.#end === this.#items.length && below < LOAD_AHEAD_PX)
      this.#onLoadMore('newer');
    const [oldStart, oldEnd] = [this.#start, this.#end];
    let [start, end] = [oldStart, oldEnd];
    if (above < MIN_OVERSCAN_PX) start -= CHUNK_ROWS;
    else if (above > MAX_OVERSCAN_PX) start += this.#rowAt(list, top - TARGET_OVERSCAN_PX);
    if (below < MIN_OVERSCAN_PX) end += CHUNK_ROWS;
    else if (below > MAX_OVERSCAN_PX) end = oldStart + this.#rowAt(list, bottom + TARGET_OVERSCAN_PX) + 1;
    this.#setWindow(start, end);
    if (this.#start !== oldStart || this.#end !== oldEnd) this.#host.requestUpdate();
  }
}
