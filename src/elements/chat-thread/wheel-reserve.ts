import type { LitElement, ReactiveController } from 'lit';
import { systemClock } from '../../transport/index.js';
import type { Keyed, VirtualScroller } from './virtual-scroller.js';

/** Space above the rows while the wheel turns, in px: more than one turn can scroll. */
const RESERVE_PX = 20_000;
/** The wheel has come to rest if nothing was scrolled for this time, in milliseconds. */
const REST_MS = 200;

/**
 * Keeps the momentum of the wheel in WebKit, which ends it with every scroll by a script. While the wheel turns, there
 * is a reserve of space above the rows. Rows that are added above take their space from it, so that nothing has to be
 * scrolled. What is left of it is removed when the wheel has come to rest.
 */
export class WheelReserve<Item extends Keyed> implements ReactiveController {
  readonly #host: LitElement;
  readonly #shift: VirtualScroller<Item>['shift'];
  #box: HTMLElement | undefined;
  #px = 0;
  #cancel: () => void = () => {};

  constructor(host: LitElement, scroller: VirtualScroller<Item>) {
    this.#host = host;
    this.#shift = scroller.shift;
    scroller.shift = (box, px) => {
      if (this.#px && this.#px > px) this.#set(this.#px - px);
      else this.#shift(box, px);
    };
    host.addController(this);
  }

  hostConnected(): void {
    // Not to the shadow root, where WebKit does not report the wheel.
    this.#host.addEventListener('wheel', this.#onWheel, { passive: true });
    this.#host.renderRoot.addEventListener('scroll', this.#onScroll, { capture: true, passive: true });
  }

  hostDisconnected(): void {
    this.#release();
    this.#host.removeEventListener('wheel', this.#onWheel);
    this.#host.renderRoot.removeEventListener('scroll', this.#onScroll, { capture: true });
  }

  readonly #onWheel = (event: WheelEvent): void => {
    const box = this.#host.renderRoot.querySelector<HTMLElement>('.messages');
    if (!box || event.deltaY >= 0 || box.scrollTop <= 0 || !event.composedPath().includes(box)) return;
    if (!this.#px) {
      this.#box = box;
      this.#set(RESERVE_PX);
      box.scrollBy(0, RESERVE_PX);
    }
    this.#waitForRest();
  };

  readonly #onScroll = (): void => {
    if (!this.#px) return;
    // At the first rendered row: the reserve must not be seen.
    if (this.#box!.scrollTop < this.#px) this.#release();
    else this.#waitForRest();
  };

  #waitForRest(): void {
    this.#cancel();
    this.#cancel = systemClock.after(REST_MS, () => this.#release());
  }

  #set(px: number): void {
    this.#px = px;
    this.#box!.style.setProperty('--_reserve', `${px}px`);
  }

  #release(): void {
    this.#cancel();
    const px = this.#px;
    if (!px) return;
    const box = this.#box!;
    // First, or the browser would limit the position to the shorter content.
    const top = Math.max(0, box.scrollTop - px);
    this.#set(0);
    box.scrollTop = top;
  }
}
