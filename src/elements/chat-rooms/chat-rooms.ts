import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { ConnectionController } from '../../controllers/index.js';
import { enSecondary, Localize, relativeTime } from '../../locale/index.js';
import { idKey, sameId, type Id, type Room } from '../../protocol/index.js';
import { avatarStyles, baseStyles, contrastTokens, fillStyles } from '../../theme/index.js';
import { systemClock } from '../../transport/index.js';
import { ChatRoomSelectEvent } from './room-select-event.js';
import { CustomStates } from '../custom-states.js';
import { DocumentStyles } from '../document-styles.js';
import { LiveRegion } from '../live-region.js';
import { stopTyped } from '../typed-keys.js';
import { IntervalController } from '../interval-controller.js';
import { styles } from './chat-rooms.styles.js';
import { FilterResults } from './filter-results.js';
import { filterRooms } from './room-filter.js';
import { roomRow, type RoomRowContext } from './room-row.js';
import { RowWindow } from './row-window.js';
import { readSnapshot, type Snapshot } from './snapshot.js';

const MINUTE_MS = 60_000;

/**
 * The list of rooms, each with its name, last message and number of unread messages. Selecting a room shows it in every
 * `<chat-thread>` of the same connection whose `room` is not set.
 *
 * Keyboard: the list is a single tab stop; arrow keys, Page Up, Page Down, Home and End move the focus, Enter and Space
 * select a room.
 *
 * Only the rows in and near the visible part of the list are rendered. Rows should have the same height.
 *
 * @tag chat-rooms
 * @summary The list of rooms, with search.
 * @cssState unread - There are unread messages.
 * @cssState empty - There are no rooms, or the filter has no results.
 * @slot header - Content above the filter, such as a title or a button.
 * @slot empty - Replaces 'No conversations yet'.
 * @fires {ChatRoomSelectEvent} chat-room-select - The user selects a room: `roomId`, `room`. `preventDefault()` keeps
 * the current selection.
 * @csspart base - The container of everything.
 * @csspart header - The container of the header slot and the filter.
 * @csspart filter - The filter field.
 * @csspart list - The scrolling list.
 * @csspart room - A room.
 * @csspart room-selected - The selected room.
 * @csspart room-unread - A room with unread messages.
 * @csspart avatar - The picture or initials of a room.
 * @csspart name - The name of a room.
 * @csspart preview - The last message of a room.
 * @csspart time - The time of the last message.
 * @csspart badge - The number of unread messages.
 * @csspart note - A text in place of the list, or about rooms that are missing from it.
 * @cssprop [--chat-surface=#fff] - Background.
 * @cssprop [--chat-surface-hover=6% text, 94% surface] - Background of a hovered room.
 * @cssprop [--chat-surface-selected=13% accent, 87% surface] - Background of the selected room.
 * @cssprop [--chat-text=#1a1d24] - Text colour.
 * @cssprop [--chat-text-muted=70% text, 30% surface] - Previews, times and notes.
 * @cssprop [--chat-border=14% text, 86% surface] - Borders.
 * @cssprop [--chat-accent=#2b59d9] - Badges, initials and focus outlines.
 * @cssprop [--chat-on-accent=white or black] - Text on badges.
 * @cssprop [--chat-radius=0.5rem] - Corner radius of rooms and fields.
 * @cssprop [--chat-avatar-size=2.5rem] - Width and height of avatars.
 * @cssprop [--chat-avatar-radius=50%] - Corner radius of avatars.
 * @cssprop [--chat-focus-ring=2px solid accent] - Outline of the focused control.
 * @cssprop [--chat-font=system-ui, …] - Font family.
 * @cssprop [--chat-font-size=0.9375rem] - Font size of names.
 * @cssprop [--chat-font-size-small=0.8125rem] - Font size of previews and times.
 * @cssprop [--chat-line-height=1.4] - Line height.
 * @cssprop [--chat-space=0.5rem] - Base unit of all spacing.
 * @cssprop [--chat-color-scheme=inherit] - `light` or `dark`. By default, the page's colour scheme.
 */
export class ChatRoomsElement extends LitElement {
  static override styles = [...baseStyles, contrastTokens, fillStyles, avatarStyles, styles];

  static override properties = {
    selected: { reflect: true },
    filter: {},
    token: {},
    url: {},
    snapshot: {},
    focused: { state: true },
  };

  /** Id of the selected room; null: none. */
  selected: Id | null = null;

  /** Shows only rooms whose name, participants or last message contain this text. Case-insensitive. */
  filter = '';

  /** Own access token, for an element outside a `<chat-connection>`. */
  token: string | undefined;

  /**
   * Address of the backend for `token`.
   * @default the page's origin
   */
  url: string | undefined;

  /**
   * Server-rendered room list, from `snapshot()` of `unified-chat/ssr`. Shown until the connection has loaded the list,
   * or has a different user.
   */
  snapshot: string | null | undefined;

  /** Id of the room that is the list's tab stop. */
  private focused: Id | null = null;

  #snapshot: Snapshot | undefined;
  /** The rendered rooms that the filter leaves. */
  #shownRooms: readonly Room[] = [];

  readonly #finder = new ConnectionController(this, (connection) => {
    // Applies a selection that the page made before there was a connection.
    if (connection && this.selected !== null) connection.selectRoom(this.selected);
  });
  readonly #rooms = this.#finder.select((data) => data.rooms);
  readonly #isLoaded = this.#finder.select((data) => data.roomsLoaded);
  readonly #unreadableCount = this.#finder.select((data) => data.roomsLeftOut);
  readonly #isComplete = this.#finder.select((data) => data.roomsComplete);
  readonly #selected = this.#finder.select((data) => data.selected);
  readonly #user = this.#finder.select((data) => data.user);
  readonly #state = this.#finder.select((data) => data.phase.is);
  readonly #localize = new Localize(this, enSecondary);
  readonly #states = new CustomStates(this);
  readonly #window = new RowWindow(this);
  readonly #liveRegion = new LiveRegion(this, this.#localize, this.#finder);
  readonly #results = new FilterResults(systemClock, (text) => this.#liveRegion.announce('filter', text));

  constructor() {
    super();
    new DocumentStyles(this);
    new IntervalController(this, () => (this.#allRooms.length ? MINUTE_MS : null));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#localize.prepare();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#results.stop();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('snapshot')) this.#snapshot = readSnapshot(this.snapshot);
    const { connection } = this.#finder;
    if (!connection) return;
    // The snapshot belongs to one user: drop it for another user, and after a sign-out.
    const user = this.#user.value;
    const isOtherUser = user && !sameId(user.id, this.#snapshot?.me);
    const isSignedOut = this.#state.value === 'unauthorized' || connection.isSignedOut;
    if (this.#isLoaded.value || isSignedOut || isOtherUser) this.#snapshot = undefined;
    const selected = this.#selected.value ?? null;
    if (sameId(this.selected, selected) || (this.selected === null && selected === null)) return;
    // The first update always reports `selected` as changed, even if the page has not set it.
    if (changed.has('selected') && (this.hasUpdated || this.selected !== null)) connection.selectRoom(this.selected);
    else this.selected = selected;
    // The tab stop stays there when the room is left.
    if (this.selected !== null) this.focused = this.selected;
  }

  protected override update(changed: PropertyValues<this>): void {
    const focused = this.shadowRoot?.activeElement as HTMLElement | null | undefined;
    // The filter that the list starts with is no change.
    if (this.hasUpdated && changed.has('filter')) this.#results.changed(() => this.#resultText);
    super.update(changed);
    // A row that moves within the list loses the focus.
    if (focused?.isConnected && this.shadowRoot!.activeElement !== focused) focused.focus({ preventScroll: true });
  }

  /** Focuses the list's tab stop, or the filter if the list is empty. */
  override focus(options?: FocusOptions): void {
    const tabStop = this.renderRoot.querySelector<HTMLElement>('[role=option][tabindex="0"]');
    (tabStop ?? this.renderRoot.querySelector<HTMLElement>('.filter'))?.focus(options);
  }

  get #allRooms(): readonly Room[] {
    return this.#snapshot?.rooms ?? this.#rooms.value ?? [];
  }

  get #me(): Id | undefined {
    return this.#snapshot?.me ?? this.#user.value?.id;
  }

  #select(room: Room): void {
    if (!this.dispatchEvent(new ChatRoomSelectEvent(room.id, room))) return;
    this.focused = room.id;
    this.#finder.connection?.selectRoom(room.id);
  }

  readonly #onFilter = (event: Event): void => {
    this.filter = (event.target as HTMLInputElement).value;
    this.#window.toStart();
  };

  /** Escape clears the filter first. A panel around the list, such as the launcher's, closes with the next one. */
  readonly #onFilterKeydown = (event: KeyboardEvent): void => {
    stopTyped(event);
    if (event.key !== 'Escape' || !this.filter) return;
    this.filter = '';
    event.preventDefault();
    event.stopPropagation();
  };

  readonly #onKeydown = (event: KeyboardEvent): void => {
    // -1 in the list itself, which takes the focus in some browsers because it scrolls.
    const index = Number((event.target as HTMLElement).ariaPosInSet) - 1;
    const room = this.#shownRooms[index];
    const last = this.#shownRooms.length - 1;
    const { pageRows } = this.#window;
    const target = {
      ArrowDown: index + 1,
      ArrowUp: index - 1,
      PageDown: index + pageRows,
      PageUp: index - pageRows,
      Home: 0,
      End: last,
    }[event.key];
    if (target !== undefined) this.#focusRow(Math.min(Math.max(target, 0), last));
    else if (room && (event.key === 'Enter' || event.key === ' ')) this.#select(room);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  #focusRow(index: number): void {
    this.focused = this.#shownRooms[index]!.id;
    this.#window.reveal(index);
    // At once, so that no key is lost.
    this.performUpdate();
    this.renderRoot.querySelector<HTMLElement>(`[aria-posinset="${index + 1}"]`)?.focus();
  }

  protected override render(): TemplateResult {
    const rooms = (this.#shownRooms = filterRooms(this.#allRooms, this.filter));
    this.#states.set(
      rooms.length === 0 && 'empty',
      this.#allRooms.some(({ unread_count }) => unread_count > 0) && 'unread',
    );
    return html`<div part="base" class="base">
      <div part="header" class="header">
        <slot name="header"></slot>
        <input
          part="filter"
          class="filter"
          type="search"
          autocomplete="off"
          .value=${this.filter}
          placeholder=${this.#localize.term('filterConversations')}
          aria-label=${this.#localize.term('filterConversations')}
          @input=${this.#onFilter}
          @keydown=${this.#onFilterKeydown}
          @keypress=${stopTyped}
          @keyup=${stopTyped}
        />
      </div>
      ${rooms.length > 0 ? this.#renderList(rooms) : this.#renderNote()} ${this.#renderMissing()}
    </div>`;
  }

  #renderList(rooms: readonly Room[]): TemplateResult {
    const tabStop = Math.max(
      0,
      rooms.findIndex(({ id }) => sameId(id, this.focused ?? this.selected)),
    );
    this.#window.update(
      rooms.map(({ id }) => idKey(id)),
      tabStop,
    );
    const { connection } = this.#finder;
    const context: RoomRowContext = {
      host: this,
      localize: this.#localize,
      me: this.#me,
      base: connection?.url ?? this.#snapshot?.url ?? '',
      mediaHosts: connection?.mediaHosts,
      count: rooms.length,
      selected: this.selected,
      tabStop,
      timeOf: (room, at) => this.#timeOf(room, at),
      onSelect: (room) => this.#select(room),
      onFocus: ({ id }) => (this.focused = id),
    };
    return html`<div part="list" class="list" role="listbox" aria-label=${this.#localize.term('conversations')} @keydown=${this.#onKeydown} @scroll=${this.#window.onScroll}>
      <div class="rows" role="presentation">${repeat(
        this.#window.indexes,
        (index) => idKey(rooms[index]!.id),
        (index) => roomRow(rooms[index]!, index, context),
      )}</div>
    </div>`;
  }

  /** Explains which rooms are missing from the list. */
  #renderMissing(): TemplateResult | typeof nothing {
    const { term } = this.#localize;
    const unreadable = this.#unreadableCount.value ?? 0;
    const sentences = [
      unreadable > 0 && term('unreadable', unreadable),
      this.#isComplete.value === false && term('notAllConversations'),
    ].filter(Boolean);
    if (sentences.length === 0) return nothing;
    return html`<p part="note" class="note">${sentences.join(' ')}</p>`;
  }

  /** What the filter leaves; empty without a filter, or while there are no rooms. */
  get #resultText(): string {
    if (!this.filter.trim() || !this.#allRooms.length) return '';
    const { length } = this.#shownRooms;
    return length > 0 ? this.#localize.term('matches', length) : this.#localize.term('noMatch', this.filter);
  }

  #renderNote(): TemplateResult | typeof nothing {
    const { term } = this.#localize;
    if (this.filter && this.#allRooms.length)
      return html`<p part="note" class="note">${term('noMatch', this.filter)}</p>`;
    if (this.#isLoaded.value && (this.#unreadableCount.value || this.#isComplete.value === false)) return nothing;
    if (this.#isLoaded.value || this.#snapshot)
      return html`<slot name="empty"><p part="note" class="note">${term('noConversations')}</p></slot>`;
    const state = this.#state.value ?? 'idle';
    // 'Loading' only while something is being loaded.
    if (state === 'idle' || state === 'unauthorized') return html`<p part="note" class="note">${term('signIn')}</p>`;
    if (state === 'offline' || state === 'error') return html`<p part="note" class="note">${term('waiting')}</p>`;
    return html`<p part="note" class="note loading">${term('loadingConversations')}</p>`;
  }

  /** The first render repeats the server's text, because its clock and time zone may differ: hydration must match. */
  #timeOf(room: Room, at: string): string {
    return (
      (this.hasUpdated ? undefined : this.#snapshot?.times.get(idKey(room.id))) ??
      relativeTime(this.#localize, at, systemClock.now())
    );
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'chat-rooms': ChatRoomsElement;
  }
}
