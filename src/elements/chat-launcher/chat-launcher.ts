import { html, LitElement, nothing, svg, type PropertyValues, type TemplateResult } from 'lit';
import { ConnectionController } from '../../controllers/index.js';
import { Localize, enBeside } from '../../locale/index.js';
import type { Id } from '../../protocol/index.js';
import { roomOf, totalUnread } from '../../client/index.js';
import { baseStyles, icon } from '../../theme/index.js';
import { LAUNCHER_ICON } from '../../theme/launcher-button.js';
import { CustomStates } from '../custom-states.js';
import { ChatLauncherToggleEvent } from './launcher-toggle-event.js';
import { styles } from './chat-launcher.styles.js';
import { ROOMS_PARTS, STATUS_PARTS, THREAD_PARTS } from './exported-parts.js';
import { remember, wasOpen } from './open-state.js';

const BACK = icon(svg`<path d="m15 6-6 6 6 6" />`);
const DOWN = icon(svg`<path d="m6 9 6 6 6-6" />`);
const CLOSE = icon(svg`<path d="m6 6 12 12M18 6 6 18" />`);

/** On a screen like this the panel takes all of it. */
const SMALL = '(max-width: 30rem), (max-height: 26rem)';

/**
 * A button that floats above the page, with the number of unread messages, and the chat in a panel: beside the page on a large screen,
 * over all of it on a small one. Whether it is open is remembered while the tab lives, so that the next page shows it as it was.
 *
 * Keyboard: the button opens it and the focus moves in; Escape closes it and the focus goes back.
 *
 * @tag chat-launcher
 * @cssState open - The panel is there.
 * @cssState unread - Something is unread.
 * @slot - Instead of status, list of rooms and thread.
 * @fires {ChatLauncherToggleEvent} chat-launcher-toggle - It was opened or closed: `open`.
 * @csspart button - The floating button.
 * @csspart badge - The number of unread messages.
 * @csspart panel - What it opens.
 * @csspart header - The panel's first line.
 * @csspart title - What is written there.
 * @csspart back - The button back to the list of rooms.
 * @csspart close - The button that closes the panel.
 * @cssprop [--chat-launcher-size=3.5rem] - Width and height of the button.
 * @cssprop [--chat-launcher-offset=1rem] - Distance from the edges of the window.
 * @cssprop [--chat-launcher-layer=1000] - `z-index` of button and panel.
 * @cssprop [--chat-panel-width=24rem] - Width of the panel, where there is room for it.
 * @cssprop [--chat-panel-height=36rem] - Its height, likewise.
 * @cssprop [--chat-accent=#2b59d9] - Button and first line.
 * @cssprop [--chat-on-accent=#fff] - What stands on them.
 * @cssprop [--chat-danger=#c01f2e] - Background of the number.
 * @cssprop [--chat-surface=#fff] - Background of the panel.
 * @cssprop [--chat-border=14% text, 86% surface] - Its edge.
 * @cssprop [--chat-radius=0.5rem] - Half of its corners.
 * @cssprop [--chat-shadow=0 2px 10px rgb(0 0 0 / 0.18)] - Shadow of button and panel.
 * @cssprop [--chat-text=#1a1d24] - Text of what the page puts into it.
 * @cssprop [--chat-font=system-ui, …] - Font family.
 * @cssprop [--chat-font-size=0.9375rem] - Font size of the first line.
 * @cssprop [--chat-font-size-small=0.8125rem] - Font size of the number.
 * @cssprop [--chat-line-height=1.4] - Line height.
 * @cssprop [--chat-space=0.5rem] - Unit of all distances.
 * @cssprop [--chat-color-scheme=inherit] - `light`, `dark`, or whatever the page has.
 */
export class ChatLauncherElement extends LitElement {
  static override styles = [...baseStyles, ...styles];

  static override properties = {
    open: { type: Boolean, reflect: true },
    side: { reflect: true },
    // Being set counts, even from `undefined` to `undefined`: see `#isGiven`.
    room: { hasChanged: () => true },
    heading: {},
    token: {},
    url: {},
  };

  /** Whether the panel is there. */
  open = false;

  /** `end` (default) or `start`: at which side of the window, in reading direction. */
  side: 'end' | 'start' = 'end';

  /**
   * One room and no list: for a page that has one conversation to offer. Set to `null`, `undefined` or `''`: none yet, and still no list.
   */
  room: Id | null | undefined;

  /** What stands in the panel's first line. Default: 'Chat'. */
  heading: string | undefined;

  /** A token of its own, for an element without a `<chat-connection>` above it. */
  token: string | undefined;

  /** The backend that `token` is for. Default: the page's origin. */
  url: string | undefined;

  readonly #finder = new ConnectionController(this);
  readonly #unread = this.#finder.select((data) => (this.#isGiven ? (roomOf(data, this.room ?? null)?.unread_count ?? 0) : totalUnread(data)));
  readonly #selected = this.#finder.select((data) => data.selected);
  readonly #localize = new Localize(this, enBeside);
  readonly #states = new CustomStates(this);
  /** Whether the screen is small; not asked where there is none. */
  #small: MediaQueryList | undefined;
  /** Its content is made when somebody wants to see it. */
  #wasOpen = false;
  /** `room` was set: from then on there is one room, or none yet, and never the list. */
  #isGiven = false;
  /** It was open on the page before: it is again, and takes the focus from nobody. */
  #isRestored = false;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#small ??= matchMedia(SMALL);
    this.#small.addEventListener('change', this.#onResize);
    // A dialog that is moved within the page is not over all of it any more.
    if (this.hasUpdated && this.#small.matches) this.#onResize();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#small?.removeEventListener('change', this.#onResize);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    this.#isGiven ||= changed.has('room');
    this.#unread.refresh();
    this.#wasOpen ||= this.open;
  }

  protected override render(): TemplateResult {
    const { term } = this.#localize;
    const unread = this.#unread.value ?? 0;
    const isNews = unread > 0 && !this.open;
    this.#states.show(this.open && 'open', unread > 0 && 'unread');
    return html`<button
        part="button"
        class="button"
        type="button"
        aria-haspopup="dialog"
        aria-expanded=${this.open}
        aria-label=${this.open ? term('closeChat') : term('openChat', unread)}
        @click=${() => (this.open = !this.open)}
      >
        ${this.open ? DOWN : icon(svg`<path d=${LAUNCHER_ICON} />`)}
        ${isNews ? html`<span part="badge" class="badge" aria-hidden="true">${unread > 99 ? '99+' : unread}</span>` : nothing}
      </button>
      <span class="hidden-visually" role="status">${isNews ? term('unread', unread) : nothing}</span>
      <dialog part="panel" class="panel" aria-labelledby="title" @close=${this.#onClose} @keydown=${this.#onKey}>${this.#wasOpen ? this.#renderPanel() : nothing}</dialog>`;
  }

  #renderPanel(): TemplateResult {
    const { term } = this.#localize;
    const { token, url } = this;
    const hasList = !this.#isGiven;
    const room = hasList ? this.#selected.value : this.room;
    const isList = hasList && this.#selected.value == null;
    return html`<header part="header" class="header">
        ${hasList && !isList ? html`<button part="back" class="back" type="button" aria-label=${term('backToConversations')} @click=${this.#back}>${BACK}</button>` : nothing}
        <h2 part="title" class="title" id="title" tabindex="-1">${this.heading || term('chat')}</h2>
        <button part="close" type="button" aria-label=${term('closeChat')} @click=${() => (this.open = false)}>${CLOSE}</button>
      </header>
      <div class="content">
        <slot>
          <chat-status exportparts=${STATUS_PARTS} .token=${token} .url=${url}></chat-status>
          ${hasList ? html`<chat-rooms exportparts=${ROOMS_PARTS} ?hidden=${!isList} .token=${token} .url=${url}></chat-rooms>` : nothing}
          <chat-thread exportparts=${THREAD_PARTS} ?hidden=${isList} .room=${room} .token=${token} .url=${url}></chat-thread>
        </slot>
      </div>`;
  }

  protected override firstUpdated(): void {
    // loader.js has drawn one before us, in the same place.
    const before = this.renderRoot.querySelector<HTMLElement>('[data-loader]');
    const hadFocus = before !== null && before === this.shadowRoot!.activeElement;
    before?.remove();
    if (hadFocus) this.#button.focus();
    // Not before the first drawing, which may be over what a server has drawn. Over a whole small screen nobody wants to find it again.
    if (!this.open && !this.#small?.matches && wasOpen(this.#name)) this.open = this.#isRestored = true;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has('open') || this.open === this.#dialog.open) return;
    const isFirst = changed.get('open') === undefined || this.#isRestored;
    this.#isRestored = false;
    if (this.open) {
      // Open from the start: the focus stays where the reader is.
      if (isFirst && !this.#small?.matches) this.#dialog.open = true;
      else this.#show();
    } else {
      const hadFocus = this.#dialog.contains(this.shadowRoot!.activeElement);
      this.#dialog.close();
      if (hadFocus) this.#button.focus();
    }
    remember(this.#name, this.open);
    if (!isFirst) this.dispatchEvent(new ChatLauncherToggleEvent(this.open));
  }

  #show(): void {
    const isSmall = this.#small?.matches === true;
    this.#dialog.classList.toggle('full', isSmall);
    if (isSmall) this.#dialog.showModal();
    else this.#dialog.show();
    this.#focusTitle();
  }

  /** Over all of the screen, or not any more: whoever is at something, inside or outside, stays there. */
  readonly #onResize = (): void => {
    if (!this.#dialog?.open) return;
    const wasInside = this.#dialog.contains(this.shadowRoot!.activeElement);
    const focused = deepActiveElement();
    this.#dialog.close();
    this.#show();
    if (!wasInside && this.#small?.matches) return;
    if (focused === document.body) (this.shadowRoot!.activeElement as HTMLElement | null)?.blur();
    else focused?.focus();
  };

  /** Closed by the browser: Escape or the back gesture on a small screen. */
  #onClose(): void {
    if (!this.#dialog.open) this.open = false;
  }

  #onKey(event: KeyboardEvent): void {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    event.preventDefault();
    event.stopPropagation();
    this.open = false;
  }

  #back(): void {
    this.#finder.connection?.selectRoom(null);
    // The button goes, and the keyboard with it.
    this.#focusTitle();
  }

  /** Not by `autofocus`: a page that is loaded with an open panel would give it the keyboard. */
  #focusTitle(): void {
    this.#dialog.querySelector<HTMLElement>('#title')?.focus();
  }

  get #button(): HTMLElement {
    return this.renderRoot.querySelector('.button')!;
  }

  get #dialog(): HTMLDialogElement {
    return this.renderRoot.querySelector('dialog')!;
  }

  /** Several launchers are told apart by their `id`. */
  get #name(): string {
    return `unified-chat launcher ${this.id}`;
  }
}

/** What has the keyboard, in whichever shadow root. */
function deepActiveElement(): HTMLElement | null {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
  return active as HTMLElement | null;
}

declare global {
  interface HTMLElementTagNameMap {
    'chat-launcher': ChatLauncherElement;
  }
}
