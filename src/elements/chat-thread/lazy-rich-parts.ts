import type { LitElement, ReactiveController } from 'lit';
import { lazyImport } from '../../internal/lazy-import.js';
import { systemClock } from '../../transport/index.js';
import type * as RichParts from './rich-parts.js';

/** Delay before a failed load is retried, in milliseconds. */
const RETRY_MS = 5_000;

const load = lazyImport(() => import('./rich-parts.js'));

/** Loads the deferred parts of a thread (rich-parts.ts) and then renders the thread again. */
export class LazyRichParts implements ReactiveController {
  readonly #host: LitElement;
  readonly #onLoad: (parts: typeof RichParts) => void;
  /** Undefined until they are loaded. */
  parts: typeof RichParts | undefined;

  constructor(host: LitElement, onLoad: (parts: typeof RichParts) => void) {
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
        this.#onLoad(parts);
        this.#host.requestUpdate();
      },
      () => systemClock.after(RETRY_MS, () => this.hostConnected()),
    );
  }
}
