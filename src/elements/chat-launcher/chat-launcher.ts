import { html, LitElement, nothing, svg, type PropertyValues, type TemplateResult } from 'lit';
import { ConnectionController } from '../../controllers/index.js';
import { Localize, enSecondary } from '../../locale/index.js';
import type { Id } from '../../protocol/index.js';
import { roomOf, totalUnread } from '../../client/index.js';
import { baseStyles, contrastTokens, icon } from '../../theme/index.js';
import { LAUNCHER_ICON } from '../../theme/launcher-button.js';
import { CustomStates } from '../custom-states.js';
import { roomName } from '../display-name.js';
import { DocumentStyles } from '../document-styles.js';
import { LiveRegion } from '../live-region.js';
import { ChatLauncherToggleEvent } from './launcher-toggle-event.js';
import { styles } from './chat-launcher.styles.js';
import { ROOMS_PARTS, STATUS_PARTS, THREAD_PARTS } from './exported-parts.js';
import { remember, wasOpen } from './open-state.js';

const BACK = icon(svg`<path d="m15 6-6 6 6 6" />`);
const DOWN = icon(svg`<path d="m6 9 6 6 6-6" />`);
const CLOSE = icon(svg`<path d="m6 6 12 12M18 6 6 18" />`);

/** On these screens the panel is a modal dialog that covers the page. */
const SMALL_SCREEN = '(max-width: 30rem), (max-height: 26rem)';

/** The events of `visualViewport` after which an on-screen keyboard may cover another part of the page. */
const VIEWPORT_CHANGES = ['resize', 'scroll'];

/**
 * A floating button with the number of unread messages, which opens the chat in a panel: next to the page on a large
 * screen, full-screen on a small one. Whether the panel is open is remembered for the lifetime of the tab, so it stays
 * open on the next page.
 *
 * Keyboard: the button opens the panel and moves the focus into it; selecting a room moves it to the message field, and
 * the back button returns it to the room; Escape closes the panel and returns the focus to the button.
 *
 * @tag chat-launcher
 * @summary A floating button that opens the chat in a panel.
 * @cssState open - The panel is open.
 * @cssState unread - There are unread messages.
 * @slot - Replaces the panel's content: status, room list and thread.
 * @fires {ChatLauncherToggleEvent} chat-launcher-toggle - The panel was opened or closed, or opened again because it was
 * open on the previous page: `open`.
 * @csspart button - The floating button.
 * @csspart badge - The number of unread messages.
 * @csspart panel - The panel.
 * @csspart header - The panel's header.
 * @csspart title - The panel's heading.
 * @csspart back - The button that returns to the room list.
 * @csspart close - The button that closes the panel.
 * @cssprop [--chat-launcher-size=3.5rem] - Width and height of the button.
 * @cssprop [--chat-launcher-offset=1rem] - Distance from the edges of the window.
 * @cssprop [--chat-launcher-layer=1000] - `z-index` of the button and the panel.
 * @cssprop [--chat-panel-width=24rem] - Preferred width of the panel.
 * @cssprop [--chat-panel-height=36rem] - Preferred height of the panel.
 * @cssprop [--chat-accent=#2b59d9] - Background of the button and the header.
 * @cssprop [--chat-on-accent=white or black] - Icon and text on the accent colour.
 * @cssprop [--chat-danger=#c01f2e] - Background of the badge.
 * @cssprop [--chat-surface=#fff] - Background of the panel.
 * @cssprop [--chat-border=14% text, 86% surface] - Border of the panel.
 * @cssprop [--chat-radius=0.5rem] - Half of the panel's corner radius.
 * @cssprop [--chat-shadow=0 2px 10px rgb(0 0 0 / 0.18)] - Shadow of the button and the panel.
 * @cssprop [--chat-text=#1a1d24] - Text colour of slotted content.
 * @cssprop [--chat-font=system-ui, …] - Font family.
 * @cssprop [--chat-font-size=0.9375rem] - Font size of the heading.
 * @cssprop [--chat-font-size-small=0.8125rem] - Font size of the badge.
 * @cssprop [--chat-line-height=1.4] - Line height.
 * @cssprop [--chat-space=0.5rem] - Base unit of all spacing.
 * @cssprop [--chat-color-scheme=inherit] - `light` or `dark`. By default, the page's colour scheme.
 */
export class ChatLauncherElement extends LitElement {
  static override styles = [...baseStyles, contrastTokens, ...styles];

  static override properties = {
    open: { type: Boolean, reflect: true },
    side: { reflect: true },
    // Every assignment counts, even from `undefined` to `undefined`: see `#isRoomSet`.
    room: { hasChanged: () => true },
    heading: {},
    token: {},
    url: {},
  };

  /** Whether the panel is open. */
  open = false;

  /** Side of the window, in reading direction. */
  side: 'end' | 'start' = 'end';

  /**
   * The only room to show, without the room list: for a page with a single conversation. `null`, `undefined` or `''`:
   * the room is not known yet, and there is still no list.
   */
  room: Id | null | undefined;

  /**
   * Heading of the panel, above the room's name.
   * @default the name of the room that is shown; above the list, 'Chat', localized
   */
  heading: string | undefined;

  /** Own access token, for an element outside a `<chat-connection>`. */
  token: string | undefined;

  /**
   * Address of the backend for `token`.
   * @default the page's origin
   */
  url: string | undefined;

  readonly #finder = new ConnectionController(this);
  readonly #unread = this.#finder.select((data) =>
    this.#isRoomSet ? (roomOf(data, this.room ?? null)?.unread_count ?? 0) : totalUnread(data),
  );
  /** Name of the room that the panel shows. */
  readonly #roomName = this.#finder.select((data) => {
    const room = roomOf(data, this.#isRoomSet ? (this.room ?? null) : data.selected);
    return room && roomName(room, data.user?.id);
  });
  readonly #selected = this.#finder.select((data) => data.selected);
  readonly #localize = new Localize(this, enSecondary);
  readonly #states = new CustomStates(this);
  /** Undefined on a server, where there is no screen. */
  #smallScreen: MediaQueryList | undefined;
  /** The panel's content is rendered from the first time it is open. */
  #hasBeenOpen = false;
  /** `room` was set at least once: the launcher never shows the list again. */
  #isRoomSet = false;
  /** The panel is open because it was open on the previous page, so it does not take the focus. */
  #isRestored = false;
  /** A room was just selected in the list, which had the focus. */
  #leavesList = false;

  constructor() {
    super();
    new LiveRegion(this, this.#localize, this.#finder);
    new DocumentStyles(this);
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#smallScreen ??= matchMedia(SMALL_SCREEN);
    this.#smallScreen.addEventListener('change', this.#onResize);
    for (const change of VIEWPORT_CHANGES) visualViewport?.addEventListener(change, this.#fitViewport);
    // Moving the element takes its modal dialog out of the top layer, so open it again.
    if (this.hasUpdated && this.#smallScreen.matches) this.#onResize();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#smallScreen?.removeEventListener('change', this.#onResize);
    for (const change of VIEWPORT_CHANGES) visualViewport?.removeEventListener(change, this.#fitViewport);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    this.#isRoomSet ||= changed.has('room');
    this.#unread.refresh();
    this.#roomName.refresh();
    this.#hasBeenOpen ||= this.open;
    // A hidden list loses the focus to the document, where Escape would no longer close the panel.
    this.#leavesList = this.#selected.value != null && this.shadowRoot?.activeElement?.localName === 'chat-rooms';
  }

  protected override firstUpdated(): void {
    // loader.js has already rendered a button into the shadow root, in the same place: replace it.
    const loaderButton = this.renderRoot.querySelector<HTMLElement>('[data-loader]');
    const hadFocus = loaderButton !== null && loaderButton === this.shadowRoot!.activeElement;
    loaderButton?.remove();
    if (hadFocus) this.#button.focus();
    // Restore the open state after the first render, which may be a hydration. Not on a small screen, where the panel
    // would cover the new page.
    if (!this.open && !this.#smallScreen?.matches && wasOpen(this.#storageKey)) this.open = this.#isRestored = true;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (this.#leavesList) void this.#focusContent('chat-thread');
    if (!changed.has('open') || this.open === this.#dialog.open) return;
    const isRestored = this.#isRestored;
    const isInitial = !isRestored && changed.get('open') === undefined;
    this.#isRestored = false;
    if (this.open) {
      // A panel that is open from the start does not take the focus.
      if ((isInitial || isRestored) && !this.#smallScreen?.matches) this.#dialog.open = true;
      else this.#openDialog();
    } else {
      const hadFocus = this.#dialog.contains(this.shadowRoot!.activeElement);
      this.#dialog.close();
      if (hadFocus) this.#button.focus();
    }
    remember(this.#storageKey, this.open);
    // Also if it was open on the previous page: the page may control `open`.
    if (!isInitial) this.dispatchEvent(new ChatLauncherToggleEvent(this.open));
  }

  #openDialog(): void {
    const isSmall = this.#smallScreen?.matches === true;
    this.#dialog.classList.toggle('full', isSmall);
    if (isSmall) this.#dialog.showModal();
    else this.#dialog.show();
    this.#fitViewport();
    this.#focusTitle();
  }

  /**
   * Keeps the field of a full-screen panel above an on-screen keyboard, which covers a part of the page on iOS. A page
   * that the user has zoomed is left alone.
   */
  readonly #fitViewport = (): void => {
    const dialog = this.#dialog as HTMLDialogElement | null;
    if (!dialog) return;
    const { style, classList } = dialog;
    const { scale, offsetTop, height } = visualViewport!;
    const isCovered = classList.contains('full') && scale === 1 && height < document.documentElement.clientHeight;
    style.insetBlock = isCovered ? `${offsetTop}px auto` : '';
    style.blockSize = isCovered ? `${height}px` : '';
  };

  /** Switches between a modal and a non-modal dialog. The focus stays where it was, inside or outside. */
  readonly #onResize = (): void => {
    if (!this.#dialog?.open) return;
    const wasInside = this.#dialog.contains(this.shadowRoot!.activeElement);
    const focused = deepActiveElement();
    this.#dialog.close();
    this.#openDialog();
    if (!wasInside && this.#smallScreen?.matches) return;
    if (focused === document.body) (this.shadowRoot!.activeElement as HTMLElement | null)?.blur();
    else focused?.focus();
  };

  /** Also called when the browser closes the dialog: on Escape, or on the back gesture on a small screen. */
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
    // The button is removed, so move the focus.
    void this.#focusContent('chat-rooms');
  }

  /** Focuses the visible content of the open panel, otherwise the button. */
  override focus(options?: FocusOptions): void {
    if (!this.open) return this.#button.focus(options);
    void this.#focusContent(this.#isList ? 'chat-rooms' : 'chat-thread');
  }

  /**
   * Focuses the selected room, or the message field. Not the field of a touch screen, where the keyboard would cover
   * half of the messages.
   */
  async #focusContent(name: 'chat-rooms' | 'chat-thread'): Promise<void> {
    this.#focusTitle();
    await this.updateComplete;
    const content = this.#dialog.querySelector<LitElement>(name);
    await content?.updateComplete;
    if (name === 'chat-rooms' || !matchMedia('(pointer: coarse)').matches) content?.focus();
  }

  /** Not done with `autofocus`, which would also take the focus when a page loads with an open panel. */
  #focusTitle(): void {
    this.#dialog.querySelector<HTMLElement>('#title')?.focus();
  }

  /** Whether the panel shows the room list. */
  get #isList(): boolean {
    return !this.#isRoomSet && this.#selected.value == null;
  }

  get #button(): HTMLElement {
    return this.renderRoot.querySelector('.button')!;
  }

  get #dialog(): HTMLDialogElement {
    return this.renderRoot.querySelector('dialog')!;
  }

  /** Includes the `id`, for pages with several launchers. */
  get #storageKey(): string {
    return `unified-chat launcher ${this.id}`;
  }

  protected override render(): TemplateResult {
    const { term } = this.#localize;
    const unread = this.#unread.value ?? 0;
    const hasBadge = unread > 0 && !this.open;
    this.#states.set(this.open && 'open', unread > 0 && 'unread');
    return html`<button
        part="button"
        class="button"
        type="button"
        aria-haspopup="dialog"
        aria-expanded=${this.open}
        aria-label=${this.open ? this.heading || term('chat') : term('openChat', unread)}
        @click=${() => (this.open = !this.open)}
      >
        ${this.open ? DOWN : icon(svg`<path d=${LAUNCHER_ICON} />`)}
        ${hasBadge ? html`<span part="badge" class="badge" aria-hidden="true">${unread > 99 ? '99+' : unread}</span>` : nothing}
      </button>
      <dialog part="panel" class="panel" aria-labelledby="title" @close=${this.#onClose} @keydown=${this.#onKey}>${this.#hasBeenOpen ? this.#renderPanel() : nothing}</dialog>`;
  }

  #renderPanel(): TemplateResult {
    const { term } = this.#localize;
    const { token, url } = this;
    const hasList = !this.#isRoomSet;
    const room = hasList ? this.#selected.value : this.room;
    const isList = this.#isList;
    return html`<header part="header" class="header">
        ${hasList && !isList ? html`<button part="back" class="back" type="button" aria-label=${term('backToConversations')} @click=${this.#back}>${BACK}</button>` : nothing}
        <h2 part="title" class="title" id="title" tabindex="-1" dir="auto">${this.heading || (!isList && this.#roomName.value) || term('chat')}</h2>
        <button part="close" type="button" aria-label=${term('closeChat')} @click=${() => (this.open = false)}>${CLOSE}</button>
      </header>
      <div class="content">
        <slot>
          <chat-status exportparts=${STATUS_PARTS} .token=${token} .url=${url}></chat-status>
          ${hasList ? html`<chat-rooms exportparts=${ROOMS_PARTS} ?hidden=${!isList} .token=${token} .url=${url}></chat-rooms>` : nothing}
          <chat-thread exportparts=${THREAD_PARTS} ?hidden=${isList} .room=${room} .token=${token} .url=${url}>${this.heading ? nothing : html`<span slot="header"></span>`}</chat-thread>
        </slot>
      </div>`;
  }
}

/** The focused element, across shadow roots. */
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
