import { html, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from 'lit';
import type { Localize } from '../../locale/index.js';
import type { ChatMessage } from '../../client/index.js';
import { systemClock } from '../../transport/index.js';
import { firstName } from '../display-name.js';

/** Milliseconds in which what comes in is said together. */
const GATHER_MS = 1_000;
/** More than so many at once are counted instead of read out. */
const MANY = 3;
/** Longest announcement of one message, in characters. */
const MAX_CHARS = 500;

/** Says new messages, and only those, to screen readers: politely, and never the whole list. */
export class LiveRegion implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  #gathered: string[] = [];
  #said = '';
  #cancel: (() => void) | undefined;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  announce({ sender, content }: ChatMessage, { term }: Localize): void {
    this.#gathered.push(term('announce', firstName(sender), content || term('attachment')).slice(0, MAX_CHARS));
    this.#cancel ??= systemClock.after(GATHER_MS, () => {
      this.#cancel = undefined;
      const words = this.#gathered.splice(0);
      const said = words.length > MANY ? term('newMessages', words.length) : words.join('\n');
      // The same words again are no change, and would not be read out.
      this.#said = said === this.#said ? `${said}\u00a0` : said;
      this.#host.requestUpdate();
    });
  }

  hostDisconnected(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#gathered = [];
    this.#said = '';
  }

  render(): TemplateResult {
    return html`<div class="hidden-visually" role="log" aria-live="polite">${this.#said}</div>`;
  }
}
