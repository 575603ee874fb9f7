import type { LitElement, ReactiveController } from 'lit';
import { systemClock } from '../../transport/index.js';

/** Interval at which the styles of the page are checked, which can hide the thread without an event, in milliseconds. */
const CHECK_INTERVAL_MS = 1_000;
/** Inside a frame, which may never have the focus, a user is present for this time after using it, in milliseconds. */
const PRESENCE_MS = 30_000;
/** Signs of a user inside a frame. */
const USES = ['pointermove', 'pointerdown', 'wheel', 'scroll', 'keydown'];

/**
 * Finds out whether the user is reading the end of a thread: it is on the screen, not hidden by a style, the page is
 * visible, and its window has the focus.
 */
export class ReadingDetector implements ReactiveController {
  /** Whether the window has the focus. Tests replace it. */
  static hasFocus = (page: Document): boolean => page.hasFocus();

  readonly #host: LitElement;
  readonly #onChange: () => void;
  readonly #observer = new IntersectionObserver(
    (entries) => {
      // A target that only touches an edge intersects it: that of a closed accordion, or of the screen.
      this.#isInView = entries.at(-1)!.intersectionRatio > 0;
      this.#check();
    },
    // Both, or a target that first touches the edge and then enters would not be reported again.
    { threshold: [0, 0.01] },
  );
  /** The page in which the thread is. It may be moved to another one. */
  #page: Document | undefined;
  #listeners: AbortController | undefined;
  #observed: Element | null = null;
  #isInView = false;
  #usedAt = -Infinity;
  #cancelCheck: (() => void) | undefined;
  isReading = false;

  /** @param onChange called when `isReading` changes. */
  constructor(host: LitElement, onChange: () => void) {
    this.#host = host;
    this.#onChange = onChange;
    host.addController(this);
  }

  hostConnected(): void {
    const page = (this.#page = this.#host.ownerDocument);
    const view = page.defaultView;
    const { signal } = (this.#listeners = new AbortController());
    page.addEventListener('visibilitychange', this.#check, { signal });
    view?.addEventListener('focus', this.#check, { signal });
    view?.addEventListener('blur', this.#check, { signal });
    if (view === view?.parent) return;
    for (const name of USES) view?.addEventListener(name, this.#onUse, { capture: true, passive: true, signal });
  }

  hostUpdated(): void {
    // An element may be updated once more after it was removed.
    if (!this.#page) return;
    const end = this.#host.renderRoot.querySelector('.end');
    if (end === this.#observed) return;
    this.#observer.disconnect();
    this.#observed = end;
    this.#isInView = false;
    if (end) this.#observer.observe(end);
    this.#check();
  }

  hostDisconnected(): void {
    this.#listeners?.abort();
    this.#observer.disconnect();
    this.#observed = null;
    this.#page = undefined;
    this.#isInView = false;
    this.#check();
  }

  readonly #onUse = (): void => {
    this.#usedAt = systemClock.now();
    if (!this.isReading) this.#check();
  };

  readonly #check = (): void => {
    this.#cancelCheck?.();
    this.#cancelCheck = undefined;
    const page = this.#page;
    const mayBeSeen = this.#isInView && page?.visibilityState === 'visible';
    if (mayBeSeen) this.#cancelCheck = systemClock.after(CHECK_INTERVAL_MS, this.#check);
    const isPresent = mayBeSeen && (ReadingDetector.hasFocus(page) || systemClock.now() - this.#usedAt < PRESENCE_MS);
    // Computes styles, so it comes last.
    const isReading =
      isPresent &&
      this.#observed!.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true });
    if (isReading === this.isReading) return;
    this.isReading = isReading;
    this.#onChange();
  };
}
