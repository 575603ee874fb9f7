import { html, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from 'lit';
import type { Localize } from '../../locale/index.js';
import type { ChatMessage } from '../../client/index.js';
import { systemClock } from '../../transport/index.js';
import { firstName } from '../display-name.js';

/** Messages received within this time are announced together, in milliseconds. */
const BATCH_MS = 1_000;
/** Larger batches are announced as a count. */
const MAX_BATCH = 3;
/** Longest announcement of one message, in characters. */
const MAX_CHARS = 500;

/** A polite live region that announces new messages to screen readers. The list itself is not live. */
export class LiveRegion implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  #batch: string[] = [];
  #announcement = '';
  #cancel: (() => void) | undefined;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  announce({ sender, content }: ChatMessage, { term }: Localize): void {
    this.#batch.push(term('announce', firstName(sender), content || term('attachment')).slice(0, MAX_CHARS));
    this.#cancel ??= systemClock.after(BATCH_MS, () => {
      this.#cancel = undefined;
      const batch = this.#batch.splice(0);
      const text = batch.length > MAX_BATCH ? term('newMessages', batch.length) : batch.join('\n');
      // Unchanged text would not be announced, so vary a repeated text by an invisible character.
      this.#announcement = text === this.#announcement ? `${text}\u00a0` : text;
      this.#host.requestUpdate();
    });
  }

  hostDisconnected(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#batch = [];
    this.#announcement = '';
  }

  render(): TemplateResult {
    return html`<div class="hidden-visually" role="log" aria-live="polite">${this.#announcement}</div>`;
  }
}
