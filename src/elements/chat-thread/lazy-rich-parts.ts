import type { LitElement, ReactiveController } from 'lit';
import { lazyImport } from '../../internal/lazy-import.js';
import { systemClock } from '../../transport/index.js';
import type * as Extras from './rich-parts.js';

/** How long until they are asked for again where they could not be loaded, in milliseconds. */
const AGAIN_MS = 5_000;

const load = lazyImport(() => import('./rich-parts.js'));

/** Loads the deferred parts of a thread (rich-parts.ts), and renders the thread again with them. */
export class LazyExtras implements ReactiveController {
  readonly #host: LitElement;
  readonly #onLoad: (parts: typeof Extras) => void;
  /** Nothing until they are there. */
  parts: typeof Extras | undefined;

  constructor(host: LitElement, onLoad: (parts: typeof Extras) => void) {
    this.#host = host;
    this.#onLoad = onLoad;
    host.addController(this);
  }

  hostConnected(): void {
    if (this.parts || !this.#host.isConnected) return;
    load().then(
      (parts) => {
        if (this.parts) return;
        this.parts = parts;
        this.#host.shadowRoot!.adoptedStyleSheets.push(...parts.styles);
        this.#onLoad(parts);
        this.#host.requestUpdate();
      },
      () => systemClock.after(AGAIN_MS, () => this.hostConnected()),
    );
  }
}
