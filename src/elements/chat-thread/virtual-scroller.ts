/**
 * Shows a window of a long list as plain DOM, and keeps the reader's place.
 *
 * Of a timeline of any length only the rows around the viewport exist: enough above and below that scrolling never
 * meets a blank. What holds the reader's place is one *pin*: either the end, or one row at a distance from the top of
 * the viewport. Only the reader moves the pin (by scrolling); whatever else changes, such as rows above, a picture that
 * loads, a narrower window, is followed by putting the pin back where it was, before the browser paints.
 *
 * Whether the reader is at the end is remembered here and never guessed from positions that a burst of messages has
 * already moved. Where the list is open (its newest rows are not loaded), its last row is not the end.
 */
import type { ReactiveController, ReactiveControllerHost } from 'lit';

export interface Keyed {
  readonly key: string;
}

type Pin = { at: 'end' } | { at: 'row'; key: string; offset: number };

/** Rows that come or go at once. */
const CHUNK = 10;
/** Rows to begin with, at the end. */
const FIRST = 12;
/** Pixels that are drawn beyond the viewport on either side: at least, after trimming, at most. */
const NEAR_PX = 600;
const TRIMMED_PX = 1_000;
const FAR_PX = 1_600;
/** Pixels from the edges of everything loaded at which more is asked for. */
const EARLY_PX = 1_000;
/** The same, where the reader is at the end. */
const LEAST_PX = 100;
/** As close to the end as this is at the end: positions are not whole numbers on every screen. */
const END_PX = 4;

export class VirtualScroller<Item extends Keyed> implements ReactiveController {
  readonly #host: ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment };
  readonly #onNear: (side: 'older' | 'newer') => void;
  readonly #onEndChange: (isAtEnd: boolean) => void;
  readonly #onLook: () => void;
  #items: readonly Item[] = [];
  #start = 0;
  #end = 0;
  #pin: Pin = { at: 'end' };
  /** There are rows after the last one, which are not loaded. */
  #isOpen = false;
  /** The list was open until now, and it was not checked yet whether the reader is at its end. */
  #wasOpen = false;
  #wasAtEnd = true;
  /** Where we last put the scroll position: anything else was the reader. */
  #expectedTop = 0;
  /** Nothing of this list has been looked at yet. */
  #isNew = true;
  /** The frame that was asked for. */
  #frame = 0;
  #resizes: ResizeObserver | undefined;
  #observed: Element | undefined;

  constructor(
    host: ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment },
    onNear: (side: 'older' | 'newer') => void,
    onEndChange: (isAtEnd: boolean) => void,
    onLook: () => void,
  ) {
    this.#host = host;
    this.#onNear = onNear;
    this.#onEndChange = onEndChange;
    this.#onLook = onLook;
    host.addController(this);
  }

  /** Index of the first row drawn. */
  get start(): number {
    return this.#start;
  }

  /** The rows to draw. */
  get rows(): readonly Item[] {
    return this.#items.slice(this.#start, this.#end);
  }

  /** Whether the reader sees the end of the list, and follows it. */
  get isAtEnd(): boolean {
    return this.#pin.at === 'end' && !this.#isOpen;
  }

  /** Whether the reader stays at a row of their own choice. */
  get isAway(): boolean {
    return this.#pin.at === 'row';
  }

  /** Another list, shown from its end. */
  reset(): void {
    this.#items = [];
    this.#start = this.#end = this.#expectedTop = 0;
    this.#isOpen = this.#wasOpen = false;
    this.#setPin({ at: 'end' });
  }

  /** The list as it is now. Call it before drawing. @param isOpen whether rows after the last one are not loaded. */
  update(items: readonly Item[], isOpen = false): void {
    if (isOpen !== this.#isOpen) {
      this.#wasOpen = this.#isOpen;
      this.#isOpen = isOpen;
      this.#tellEnd();
    }
    if (items === this.#items) return;
    if (this.#items.length === 0) this.#isNew = true;
    this.#notice();
    const shift = this.#shift(items);
    const drawn = this.#end - this.#start;
    this.#items = items;
    if (!this.isAway) {
      // Grows by what came in, and is trimmed by `#fit` now and then: a burst does not redraw the top for every message.
      const start = Math.max(this.#start + shift, items.length - drawn - CHUNK);
      this.#end = items.length;
      this.#start = Math.max(0, Math.min(start, items.length - FIRST));
    } else {
      this.#start = Math.min(this.#start + shift, items.length);
      this.#end = Math.min(this.#end + shift, items.length);
    }
  }

  /** Goes to the end and stays there. */
  toEnd(): void {
    this.#end = this.#items.length;
    this.#start = Math.max(0, this.#end - FIRST);
    this.#setPin({ at: 'end' });
    this.#host.requestUpdate();
  }

  /** Give this to the scrolling element as its `scroll` listener. */
  readonly onScroll = (): void => {
    this.#notice();
    this.#fit();
  };

  hostConnected(): void {
    this.#resizes = new ResizeObserver(() => {
      this.#restore();
      this.#onLook();
      // Drawing more changes sizes again, and an observer that does so at once is reported as a loop.
      this.#fitSoon();
    });
    this.#host.requestUpdate();
  }

  hostDisconnected(): void {
    this.#resizes?.disconnect();
    this.#resizes = this.#observed = undefined;
  }

  hostUpdated(): void {
    const list = this.#list;
    if (list !== this.#observed) {
      this.#resizes?.disconnect();
      this.#observed = list;
      if (list) for (const element of [list, list.parentElement!]) this.#resizes?.observe(element);
    }
    // Where there are no rows, there is nothing to measure.
    if (this.#items.length === 0) return;
    if (!this.#isNew) this.#restore();
    this.#fitSoon();
  }

  get #list(): HTMLElement | undefined {
    return this.#host.renderRoot.querySelector<HTMLElement>('ol') ?? undefined;
  }

  /** By how many places the row that is drawn first will move: what came in above it. */
  #shift(items: readonly Item[]): number {
    const index = this.#start;
    const key = this.#items[index]?.key;
    if (key === undefined) return 0;
    // Most often nothing came in above, or exactly as much as the list has grown.
    for (const guess of [index, index + items.length - this.#items.length]) if (items[guess]?.key === key) return guess - index;
    const found = items.findIndex((item) => item.key === key);
    return found < 0 ? 0 : found - index;
  }

  /** Reads where the reader has gone, if it was the reader. */
  #notice(): void {
    const list = this.#list;
    const scroller = list?.parentElement;
    if (this.#isNew || !list || !scroller || Math.abs(scroller.scrollTop - this.#expectedTop) < 1) return;
    this.#expectedTop = scroller.scrollTop;
    const left = scroller.scrollHeight - scroller.clientHeight - scroller.scrollTop;
    if (left <= END_PX && this.#end === this.#items.length && !this.#isOpen) return this.#setPin({ at: 'end' });
    const index = this.#rowAt(list, scroller.scrollTop);
    const row = list.children[index] as HTMLElement | undefined;
    const item = this.#items[this.#start + index];
    if (row && item) this.#setPin({ at: 'row', key: item.key, offset: row.offsetTop - scroller.scrollTop });
  }

  /** Among the rows drawn, the first that reaches below this height. */
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

  #setPin(pin: Pin): void {
    this.#pin = pin;
    this.#tellEnd();
  }

  #tellEnd(): void {
    if (this.#wasAtEnd !== this.isAtEnd) this.#onEndChange((this.#wasAtEnd = this.isAtEnd));
  }

  /** Puts the pin back where the reader had it. */
  #restore(): void {
    const list = this.#list;
    const scroller = list?.parentElement;
    if (!list || !scroller) return;
    if (this.#pin.at === 'end') {
      scroller.scrollTop = scroller.scrollHeight;
    } else {
      const { key, offset } = this.#pin;
      const index = this.rows.findIndex((item) => item.key === key);
      const row = list.children[index] as HTMLElement | undefined;
      if (row) scroller.scrollTop = row.offsetTop - offset;
    }
    this.#expectedTop = scroller.scrollTop;
  }

  /**
   * What lies beyond the reader's view is drawn in the next frame, in a task of its own. (Where nobody looks there is none.) So is the first
   * look at new rows: before they are painted, but not in the task that has made them.
   */
  #fitSoon(): void {
    const fit = (): void => {
      this.#frame = 0;
      if (this.#isNew) this.#restore();
      this.#isNew = false;
      this.#onLook();
      this.#fit();
    };
    if (document.hidden || (!this.#isNew && this.#isBlank)) fit();
    else if (!this.#frame) this.#frame = requestAnimationFrame(fit);
  }

  /** Whether the reader sees a place where a row should be. */
  get #isBlank(): boolean {
    const list = this.#list;
    const scroller = list?.parentElement;
    if (!list || !scroller) return false;
    const top = scroller.scrollTop;
    const bottom = top + scroller.clientHeight;
    return (this.#start > 0 && top < list.offsetTop) || (this.#end < this.#items.length && list.offsetTop + list.offsetHeight < bottom);
  }

  /** Draws more where the viewport comes near the edge of what is drawn; less where that is far away. */
  #fit(): void {
    const list = this.#list;
    const scroller = list?.parentElement;
    if (!list || !scroller || scroller.clientHeight === 0) return;
    const top = scroller.scrollTop;
    const bottom = top + scroller.clientHeight;
    const above = top - list.offsetTop;
    const below = list.offsetTop + list.offsetHeight - bottom;
    if (this.#wasOpen && !this.#isOpen && this.#end === this.#items.length && scroller.scrollHeight - bottom <= END_PX) this.#setPin({ at: 'end' });
    this.#wasOpen = false;
    // Whoever reads the end may never want more.
    if (this.#start === 0 && above < (this.isAway ? EARLY_PX : LEAST_PX)) this.#onNear('older');
    if (this.#isOpen && this.isAway && this.#end === this.#items.length && below < EARLY_PX) this.#onNear('newer');
    let [start, end] = [this.#start, this.#end];
    if (above < NEAR_PX) start = Math.max(0, start - CHUNK);
    else if (above > FAR_PX) start += this.#rowAt(list, top - TRIMMED_PX);
    if (below < NEAR_PX) end = Math.min(this.#items.length, end + CHUNK);
    else if (below > FAR_PX) end = this.#start + this.#rowAt(list, bottom + TRIMMED_PX) + 1;
    if (start === this.#start && end === this.#end) return;
    [this.#start, this.#end] = [start, end];
    this.#host.requestUpdate();
  }
}
