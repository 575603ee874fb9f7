import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { ConnectionController } from '../../controllers/index.js';
import { ago, enBeside, Localize } from '../../locale/index.js';
import { idKey, sameId, type Id, type Room } from '../../protocol/index.js';
import { avatarStyles, baseStyles } from '../../theme/index.js';
import { systemClock } from '../../transport/index.js';
import { ChatRoomSelectEvent } from './room-select-event.js';
import { avatar } from '../avatar.js';
import { brokenRow } from '../broken-row.js';
import { firstName, otherParticipant, roomName } from '../display-name.js';
import { CustomStates } from '../custom-states.js';
import { IntervalController } from '../interval-controller.js';
import { styles } from './chat-rooms.styles.js';
import { readSnapshot, type Snapshot } from './snapshot.js';

const MINUTE_MS = 60_000;
/** More characters of a message are not seen in a list. */
const MAX_PREVIEW = 200;

/**
 * The list of rooms: who, what was said last and when, how much is unread.
 * A room chosen here shows in the `<chat-thread>`s of the same connection that have no `room` of their own.
 *
 * Keyboard: one tab stop; arrow keys, Home and End move, Enter or Space chooses.
 *
 * @tag chat-rooms
 * @cssState unread - Something is unread.
 * @cssState empty - There is no room, or none that the filter leaves.
 * @slot header - Above the filter: a title, a button.
 * @slot empty - Instead of 'No conversations yet'.
 * @fires {ChatRoomSelectEvent} chat-room-select - A room is chosen: `roomId`, `room`. Cancelable.
 * @csspart base - The whole.
 * @csspart header - Around the header slot and the filter.
 * @csspart filter - The filter's input.
 * @csspart list - The scrolling list.
 * @csspart room - One room.
 * @csspart room-selected - The chosen room.
 * @csspart room-unread - A room with unread messages.
 * @csspart avatar - Picture or initials.
 * @csspart name - The room's name.
 * @csspart preview - What was said last.
 * @csspart time - When that was.
 * @csspart badge - The number of unread messages.
 * @csspart note - The sentence where there is no list.
 * @cssprop [--chat-surface=#fff] - Background.
 * @cssprop [--chat-surface-hover=6% text, 94% surface] - Background of the room under the pointer.
 * @cssprop [--chat-surface-selected=13% accent, 87% surface] - Background of the chosen room.
 * @cssprop [--chat-text=#1a1d24] - Text.
 * @cssprop [--chat-text-muted=70% text, 30% surface] - Previews, times, hints.
 * @cssprop [--chat-border=14% text, 86% surface] - Lines.
 * @cssprop [--chat-accent=#2b59d9] - Badges, initials, focus.
 * @cssprop [--chat-on-accent=#fff] - Text on badges.
 * @cssprop [--chat-radius=0.5rem] - Corners of rooms and fields.
 * @cssprop [--chat-avatar-size=2.5rem] - Width and height of avatars.
 * @cssprop [--chat-avatar-radius=50%] - Corners of avatars.
 * @cssprop [--chat-focus-ring=2px solid var(--chat-accent)] - Outline of what has the keyboard.
 * @cssprop [--chat-font=system-ui, …] - Font family.
 * @cssprop [--chat-font-size=0.9375rem] - Font size of names.
 * @cssprop [--chat-font-size-small=0.8125rem] - Font size of previews and times.
 * @cssprop [--chat-line-height=1.4] - Line height.
 * @cssprop [--chat-space=0.5rem] - Unit of all distances.
 * @cssprop [--chat-color-scheme=inherit] - `light`, `dark`, or whatever the page has.
 */
export class ChatRoomsElement extends LitElement {
  static override styles = [...baseStyles, avatarStyles, styles];

  static override properties = {
    selected: { reflect: true },
    filter: {},
    token: {},
    url: {},
    snapshot: {},
    current: { state: true },
  };

  /** The chosen room's id. */
  selected: Id | null = null;

  /** Shows only rooms whose name, people or last message hold this text. */
  filter = '';

  /** A token of its own, for an element without a `<chat-connection>` above it. */
  token: string | undefined;

  /** The backend that `token` is for. Default: the page's origin. */
  url: string | undefined;

  /** What a server has drawn, as `unified-chat/ssr` wrote it down: shown until the connection has a list, or says that somebody else is there. */
  snapshot: string | null | undefined;

  /** The room that has the list's tab stop. */
  private current: Id | null = null;

  #drawn: Snapshot | undefined;

  readonly #finder = new ConnectionController(this, (connection) => {
    // What the page chose before there was a connection counts, once there is one.
    if (connection && this.selected !== null) connection.selectRoom(this.selected);
  });
  readonly #rooms = this.#finder.select((data) => data.rooms);
  readonly #isLoaded = this.#finder.select((data) => data.roomsLoaded);
  readonly #leftOut = this.#finder.select((data) => data.roomsLeftOut);
  readonly #isComplete = this.#finder.select((data) => data.roomsComplete);
  readonly #chosen = this.#finder.select((data) => data.selected);
  readonly #user = this.#finder.select((data) => data.user);
  readonly #state = this.#finder.select((data) => data.phase.is);
  readonly #localize = new Localize(this, enBeside);
  readonly #states = new CustomStates(this);

  constructor() {
    super();
    new IntervalController(this, () => (this.#known.length ? MINUTE_MS : null));
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#localize.prepare();
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('snapshot')) this.#drawn = readSnapshot(this.snapshot);
    const { connection } = this.#finder;
    if (!connection) return;
    // Once it is known who is there, it is for nobody else; and when they are gone, for nobody.
    const user = this.#user.value;
    if (this.#isLoaded.value || this.#state.value === 'unauthorized' || connection.isSignedOut || (user && !sameId(user.id, this.#drawn?.me))) this.#drawn = undefined;
    const chosen = this.#chosen.value ?? null;
    if (sameId(this.selected, chosen) || (this.selected === null && chosen === null)) return;
    // At first there is always a change: from nothing to whatever the page has chosen, or to none.
    if (changed.has('selected') && (this.hasUpdated || this.selected !== null)) connection.selectRoom(this.selected);
    else this.selected = chosen;
  }

  protected override render(): TemplateResult {
    const rooms = this.#shownRooms;
    this.#states.show(rooms.length === 0 && 'empty', this.#known.some(({ unread_count }) => unread_count > 0) && 'unread');
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
        />
      </div>
      ${rooms.length > 0 ? this.#renderList(rooms) : this.#renderNote()} ${this.#renderMissing()}
    </div>`;
  }

  #renderList(rooms: readonly Room[]): TemplateResult {
    const stop = rooms.find(({ id }) => sameId(id, this.current ?? this.selected)) ?? rooms[0]!;
    return html`<div part="list" class="list" role="listbox" aria-label=${this.#localize.term('conversations')} @keydown=${this.#onKeydown}>
      ${repeat(
        rooms,
        ({ id }) => idKey(id),
        (room) => {
          try {
            return this.#renderRoom(room, room === stop);
          } catch (thrown) {
            return html`<div role="option" aria-selected="false" class="room">${brokenRow(this, idKey(room.id), thrown, this.#localize.term('roomNotShown'))}</div>`;
          }
        },
      )}
    </div>`;
  }

  #renderRoom(room: Room, isTabStop: boolean): TemplateResult {
    const me = this.#me;
    const name = roomName(room, me) || this.#localize.term('unnamed');
    const isSelected = sameId(room.id, this.selected);
    const unread = room.unread_count;
    const at = room.last_message?.timestamp;
    const parts = `room${isSelected ? ' room-selected' : ''}${unread > 0 ? ' room-unread' : ''}`;
    return html`<div
      part=${parts}
      class=${unread > 0 ? 'room unread' : 'room'}
      role="option"
      aria-selected=${isSelected}
      tabindex=${isTabStop ? 0 : -1}
      @click=${() => this.#choose(room)}
      @focus=${() => (this.current = room.id)}
    >
      ${avatar(name, otherParticipant(room, me)?.profile_picture, this.#finder.connection?.url ?? this.#drawn?.url ?? '', this.#finder.connection?.mediaHosts)}
      <span class="text">
        <span part="name" class="name" dir="auto">${name}</span>
        <span part="preview" class="preview" dir="auto">${this.#preview(room)}</span>
      </span>
      <span class="aside">
        ${at ? html`<time part="time" class="time" datetime=${at}>${this.#when(room, at)}</time>` : nothing}
        ${unread > 0
          ? html`<span part="badge" class="badge"
              ><span aria-hidden="true">${unread > 99 ? '99+' : unread}</span><span class="hidden-visually">${this.#localize.term('unread', unread)}</span></span
            >`
          : nothing}
      </span>
    </div>`;
  }

  /** Says what the list should show, and does not. */
  #renderMissing(): TemplateResult | typeof nothing {
    const { term } = this.#localize;
    const leftOut = this.#leftOut.value ?? 0;
    const words = [leftOut > 0 && term('unreadable', leftOut), this.#isComplete.value === false && term('notAllConversations')].filter(Boolean);
    return words.length > 0 ? html`<p part="note" class="note" role="status">${words.join(' ')}</p>` : nothing;
  }

  #renderNote(): TemplateResult | typeof nothing {
    const { term } = this.#localize;
    if (this.filter && this.#known.length) return html`<p part="note" class="note" role="status">${term('noMatch', this.filter)}</p>`;
    if (this.#isLoaded.value && (this.#leftOut.value || this.#isComplete.value === false)) return nothing;
    if (this.#isLoaded.value || this.#drawn) return html`<slot name="empty"><p part="note" class="note">${term('noConversations')}</p></slot>`;
    const state = this.#state.value ?? 'idle';
    // Loading is said only while something is on its way.
    if (state === 'idle' || state === 'unauthorized') return html`<p part="note" class="note">${term('signIn')}</p>`;
    return html`<p part="note" class="note loading" role="status">${term('loadingConversations')}</p>`;
  }

  get #known(): readonly Room[] {
    return this.#drawn?.rooms ?? this.#rooms.value ?? [];
  }

  get #me(): Id | undefined {
    return this.#drawn?.me ?? this.#user.value?.id;
  }

  /** Over what a server has drawn, first in the server's words: its zone and its clock may be others. */
  #when(room: Room, at: string): string {
    return (this.hasUpdated ? undefined : this.#drawn?.times.get(idKey(room.id))) ?? ago(this.#localize, at, systemClock.now());
  }

  get #shownRooms(): readonly Room[] {
    const rooms = this.#known;
    const wanted = this.filter.trim().toLocaleLowerCase();
    if (!wanted) return rooms;
    return rooms.filter((room) => {
      const people = room.participants.map((user) => `${user.first_name} ${user.last_name} ${user.username}`);
      return [room.name, ...people, room.last_message?.content ?? ''].some((text) => text.toLocaleLowerCase().includes(wanted));
    });
  }

  #preview({ last_message: last, room_type }: Room): unknown {
    if (!last) return this.#localize.term('noMessagesYet');
    const text = last.content.slice(0, MAX_PREVIEW) || this.#localize.term('attachment');
    if (sameId(last.sender?.id, this.#me)) return `${this.#localize.term('you')}: ${text}`;
    const who = room_type === 'direct' ? '' : firstName(last.sender);
    return who ? html`<bdi>${who}</bdi>: ${text}` : text;
  }

  #choose(room: Room): void {
    if (!this.dispatchEvent(new ChatRoomSelectEvent(room.id, room))) return;
    this.current = room.id;
    this.#finder.connection?.selectRoom(room.id);
  }

  readonly #onFilter = (event: Event): void => {
    this.filter = (event.target as HTMLInputElement).value;
  };

  readonly #onKeydown = (event: KeyboardEvent): void => {
    const options = [...this.renderRoot.querySelectorAll<HTMLElement>('[role=option]')];
    const at = options.indexOf(event.target as HTMLElement);
    const target = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: options.length - 1 }[event.key];
    if (target !== undefined) options[Math.min(Math.max(target, 0), options.length - 1)]?.focus();
    else if (event.key === 'Enter' || event.key === ' ') this.#choose(this.#shownRooms[at]!);
    else return;
    event.preventDefault();
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'chat-rooms': ChatRoomsElement;
  }
}
