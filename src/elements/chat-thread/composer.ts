import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from 'lit';
import type { Localize } from '../../locale/index.js';
import { idKey, type Id } from '../../protocol/index.js';
import { icons } from '../../theme/index.js';

export interface ComposerOptions {
  localize: Localize;
  /** Longest message that the server takes, in characters. */
  longest: () => number | undefined;
  /** @returns whether it was taken; if not, it stays in the field. */
  onSend(text: string): boolean;
  /** What is written in a room has changed. */
  onDraft(text: string): void;
  onTyping(isTyping: boolean): void;
}

/** Where a message is written. Keeps one draft per room; Enter sends, Shift+Enter begins a new line. */
export class Composer implements ReactiveController {
  readonly #host: ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment };
  readonly #options: ComposerOptions;
  #drafts = new Map<string, string>();
  /** The author of these drafts; and the drafts of the author before. */
  #writer: string | undefined;
  #aside: { author: string; drafts: Map<string, string> } | undefined;
  #room = '';

  constructor(host: ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment }, options: ComposerOptions) {
    this.#host = host;
    this.#options = options;
    host.addController(this);
  }

  /** What was written in a room before this page was loaded. What is written now is newer. */
  restore(roomId: Id, text: string): void {
    const room = idKey(roomId);
    if (!text || this.#drafts.has(room)) return;
    this.#drafts.set(room, text);
    this.#host.requestUpdate();
  }

  /**
   * Changes the user, who may be unknown: no text of one user is shown to another. An unfinished text comes back with its author.
   * @param writer `idKey` of the user; undefined: not known.
   */
  change(writer: string | undefined): void {
    if (this.#writer) [this.#aside, this.#drafts] = [{ author: this.#writer, drafts: this.#drafts }, new Map<string, string>()];
    this.#writer = writer;
    if (!writer) return;
    if (writer === this.#aside?.author) for (const [room, text] of this.#aside.drafts) this.#drafts.set(room, text + (this.#drafts.get(room) ?? ''));
    this.#aside = undefined;
  }

  /** Puts the keyboard into the field. */
  focus(): void {
    this.#host.renderRoot.querySelector<HTMLElement>('textarea')?.focus();
  }

  /** Not as a binding: what the reader has typed is not what was drawn last. */
  hostUpdated(): void {
    const field = this.#host.renderRoot.querySelector('textarea');
    const draft = this.#drafts.get(this.#room) ?? '';
    if (field && field.value !== draft) field.value = draft;
  }

  hostDisconnected(): void {
    this.#options.onTyping(false);
  }

  render(roomId: Id, label: string): TemplateResult {
    this.#room = idKey(roomId);
    const draft = this.#drafts.get(this.#room) ?? '';
    const { localize, longest } = this.#options;
    const over = draft.trim().length - (longest() ?? Infinity);
    const isTooLong = over > 0;
    return html`<form part="composer" class="composer" @submit=${this.#onSubmit}>
      <div class="field" data-text=${draft}>
        <textarea
          part="input"
          rows="1"
          dir="auto"
          enterkeyhint="send"
          autocapitalize="sentences"
          placeholder=${localize.term('writeMessage')}
          aria-label=${label}
          aria-invalid=${isTooLong}
          aria-describedby=${isTooLong ? 'too-long' : nothing}
          @input=${this.#onInput}
          @keydown=${this.#onKeydown}
          @blur=${() => this.#options.onTyping(false)}
        ></textarea>
      </div>
      <button part="send" class="send" type="submit" aria-label=${localize.term('send')} ?disabled=${!draft.trim() || isTooLong}>${icons.send}</button>
      ${isTooLong ? html`<p part="hint" class="hint" id="too-long" role="alert">${localize.term('tooLong', over)}</p>` : nothing}
    </form>`;
  }

  readonly #onInput = (event: Event): void => {
    this.#write((event.target as HTMLTextAreaElement).value);
    this.#options.onTyping(this.#drafts.get(this.#room) !== '');
  };

  readonly #onKeydown = (event: KeyboardEvent): void => {
    // While an input method composes (Japanese, Chinese …), Enter only takes over its word; WebKit says so by 229 alone.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- there is no other way to see it there
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#send();
  };

  readonly #onSubmit = (event: Event): void => {
    event.preventDefault();
    this.#send();
    this.focus();
  };

  #send(): void {
    const text = (this.#drafts.get(this.#room) ?? '').trim();
    const { longest } = this.#options;
    if (!text || text.length > (longest() ?? Infinity)) return;
    if (this.#options.onSend(text)) this.#write('');
  }

  #write(text: string): void {
    this.#drafts.set(this.#room, text);
    this.#options.onDraft(text);
    this.#host.requestUpdate();
  }
}
