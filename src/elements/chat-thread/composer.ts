import { html, nothing, type ReactiveController, type ReactiveControllerHost, type TemplateResult } from 'lit';
import { countCharacters, sendableText } from '../../client/index.js';
import type { Localize } from '../../locale/index.js';
import { idKey, type Id } from '../../protocol/index.js';
import { icons } from '../../theme/index.js';

export interface ComposerOptions {
  localize: Localize;
  /** Maximum length of a message, in characters; undefined: no limit. */
  charLimit: () => number | undefined;
  /**
   * Sends the text.
   * @returns whether it was accepted; otherwise it stays in the field.
   */
  onSend(text: string): boolean;
  /** The text for the current room has changed. */
  onDraft(text: string): void;
  onTyping(isTyping: boolean): void;
  /** Called for every keyboard event of the field. */
  onKey(event: Event): void;
  /** Whether Enter starts a new line. Otherwise it sends. */
  entersLine: () => boolean;
  /** The files of the next message; undefined until their code is loaded. */
  files: () => ComposerFiles | undefined;
}

/** What files add to the form: see attach-files.ts. */
export interface ComposerFiles {
  /** Whether the next message has no files. One with files needs no text. */
  readonly isEmpty: boolean;
  onPaste(event: ClipboardEvent): void;
  button(): unknown;
  list(): unknown;
}

type Drafts = Map<string, string>;

/** The form in which a message is written. Keeps a draft for each room. */
export class Composer implements ReactiveController {
  readonly #host: ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment };
  readonly #options: ComposerOptions;
  /** The current author's drafts, by `idKey` of the room. */
  #drafts: Drafts = new Map();
  /** `idKey` of the current user; undefined: not known. */
  #author: string | undefined;
  #previous: { author: string; drafts: Drafts } | undefined;
  /** `idKey` of the current room. */
  #room = '';
  #isSignedOut = false;

  constructor(
    host: ReactiveControllerHost & { readonly renderRoot: HTMLElement | DocumentFragment },
    options: ComposerOptions,
  ) {
    this.#host = host;
    this.#options = options;
    host.addController(this);
  }

  /** Restores a stored draft, unless there is a newer one. */
  restore(roomId: Id, text: string): void {
    const room = idKey(roomId);
    if (!text || this.#drafts.has(room)) return;
    this.#drafts.set(room, text);
    this.#host.requestUpdate();
  }

  /**
   * Changes the user. Drafts are never shown to another user, and come back when their author does.
   * @param author `idKey` of the user; undefined: not known.
   */
  setAuthor(author: string | undefined): void {
    if (this.#author)
      [this.#previous, this.#drafts] = [{ author: this.#author, drafts: this.#drafts }, new Map<string, string>()];
    this.#author = author;
    if (!author) return;
    // Text written while the user was unknown is appended to the draft.
    if (author === this.#previous?.author) {
      for (const [room, text] of this.#previous.drafts) this.#drafts.set(room, text + (this.#drafts.get(room) ?? ''));
    }
    this.#previous = undefined;
  }

  get hasFocus(): boolean {
    return this.#host.renderRoot.querySelector('textarea:focus') !== null;
  }

  /** Focuses the field, or the messages if there is no field. */
  focus(options?: FocusOptions): void {
    const { renderRoot } = this.#host;
    (renderRoot.querySelector('textarea') ?? renderRoot.querySelector<HTMLElement>('.messages'))?.focus(options);
  }

  /** Sets the field's value. Not bound in the template, which would not notice that the user has changed the value. */
  hostUpdated(): void {
    const field = this.#host.renderRoot.querySelector('textarea');
    if (field && field.value !== this.#draft) field.value = this.#draft;
  }

  hostDisconnected(): void {
    this.#options.onTyping(false);
  }

  readonly #onInput = (event: Event): void => {
    this.#setDraft((event.target as HTMLTextAreaElement).value);
    this.#options.onTyping(this.#draft !== '');
  };

  readonly #onKeydown = (event: KeyboardEvent): void => {
    // While an input method composes text, Enter accepts its suggestion. WebKit indicates that only by key code 229.
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- WebKit has no alternative
    if (event.key !== 'Enter' || event.isComposing || event.keyCode === 229) return;
    if (event.shiftKey || (this.#options.entersLine() && !event.ctrlKey && !event.metaKey)) return;
    event.preventDefault();
    this.#send();
  };

  readonly #onSubmit = (event: Event): void => {
    event.preventDefault();
    this.#send();
    this.focus();
  };

  #send(): void {
    const text = sendableText(this.#draft);
    if (this.#isSignedOut || this.#isEmpty(text) || this.#excess(text) > 0) return;
    if (this.#options.onSend(text)) this.#setDraft('');
  }

  #isEmpty(text: string): boolean {
    return !text && this.#options.files()?.isEmpty !== false;
  }

  get #draft(): string {
    return this.#drafts.get(this.#room) ?? '';
  }

  /** Number of characters above the limit, in code points, as servers count them. */
  #excess(text: string): number {
    return countCharacters(text) - (this.#options.charLimit() ?? Infinity);
  }

  #setDraft(text: string): void {
    this.#drafts.set(this.#room, text);
    this.#options.onDraft(text);
    this.#host.requestUpdate();
  }

  /** @param isSignedOut whether a message could not be sent: the draft is kept until the user signs in again. */
  render(roomId: Id, label: string, isSignedOut: boolean): TemplateResult {
    this.#room = idKey(roomId);
    this.#isSignedOut = isSignedOut;
    const draft = this.#draft;
    const { localize, onKey } = this.#options;
    const files = this.#options.files();
    const text = sendableText(draft);
    const over = this.#excess(text);
    const isTooLong = over > 0;
    const limit = this.#options.charLimit()!;
    return html`<form part="composer" class="composer" @submit=${this.#onSubmit} @paste=${files?.onPaste}>
      ${files?.list()}${files?.button()}
      <div class="field" data-text=${draft} @keydown=${onKey} @keypress=${onKey} @keyup=${onKey}>
        <textarea
          part="input"
          rows="1"
          dir="auto"
          enterkeyhint=${this.#options.entersLine() ? 'enter' : 'send'}
          autocapitalize="sentences"
          ?readonly=${isSignedOut}
          placeholder=${localize.term(isSignedOut ? 'signIn' : 'writeMessage')}
          aria-label=${label}
          aria-invalid=${isTooLong}
          aria-describedby=${isTooLong ? 'too-long' : nothing}
          @input=${this.#onInput}
          @keydown=${this.#onKeydown}
          @blur=${() => this.#options.onTyping(false)}
        ></textarea>
      </div>
      <button part="send" class="send" type="submit" aria-label=${localize.term('send')} ?disabled=${this.#isEmpty(text) || isTooLong || isSignedOut}>${icons.send}</button>
      ${isTooLong ? html`<p part="hint" class="hint" id="too-long" data-announce="too-long:">${localize.term('tooLong', over, limit)}</p>` : -over <= limit / 10 ? html`<p part="counter" class="hint counter" data-announce="counter:">${localize.term('charactersLeft', -over)}</p>` : nothing}
    </form>`;
  }
}
