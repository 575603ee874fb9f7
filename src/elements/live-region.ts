/**
 * Announcements to screen readers. A connection has a single polite live region, in one of the elements that use the
 * connection, however many there are: each change is announced once. The elements' content is not live.
 */
import type { LitElement, ReactiveController } from 'lit';
import { roomOf, totalUnread, type ChatConnection, type ChatData, type ConnectionEvents } from '../client/index.js';
import type { Localize } from '../locale/index.js';
import { evictOldest } from '../internal/evict-oldest.js';
import { idKey } from '../protocol/index.js';
import { systemClock } from '../transport/index.js';
import { isNotice } from './chat-thread/is-notice.js';
import { firstName, fullName, roomName } from './display-name.js';
import { unnamedUser } from './unnamed-user.js';
import { SettledState } from './settled-state.js';
import { stateTerm } from './state-terms.js';

/** Changes within this time are announced together, in milliseconds. */
const BATCH_MS = 1_000;
/** An announced text is removed after this time, or it would be found while the page is read, in milliseconds. */
const REMOVE_MS = 10_000;
/** More messages are announced as a count. */
const MAX_MESSAGES = 3;
/** More notices replace the oldest ones. */
const MAX_NOTICES = 10;
/** Longest announcement of one message, in characters. */
const MAX_CHARS = 500;

/** The announcements of one connection. */
class Announcer {
  readonly #connection: ChatConnection;
  readonly #elements = new Set<LiveRegion>();
  readonly #region = document.createElement('div');
  readonly #state = new SettledState(systemClock, () => this.#onState());
  readonly #unsubscribe: (() => void)[] = [];
  /** Rooms whose messages could not be loaded. Not announced again after each retry. */
  #failedRooms: readonly string[] = [];
  #announcedState = this.#state.value;
  /** Undefined until the rooms are loaded. */
  #unread: number | undefined;
  #rooms: ChatData['rooms'] = [];
  #messages: string[] = [];
  /** Received since the last announcement. */
  #messageCount = 0;
  /** By kind: a newer notice replaces an older one. */
  readonly #notices = new Map<string, string>();
  #cancelPlacement: (() => void) | undefined;
  #cancelFlush: (() => void) | undefined;
  #cancelRemoval: (() => void) | undefined;

  constructor(connection: ChatConnection) {
    this.#connection = connection;
    this.#region.className = 'hidden-visually';
    this.#region.role = 'status';
  }

  add(element: LiveRegion): void {
    this.#elements.add(element);
    // Later, because the question which elements are visible forces the page to compute its styles.
    this.#cancelPlacement ??= systemClock.after(0, () => {
      this.#cancelPlacement = undefined;
      this.#place();
    });
    if (this.#unsubscribe.length > 0) return;
    const connection = this.#connection;
    this.#unread = connection.data.roomsLoaded ? totalUnread(connection.data) : undefined;
    this.#unsubscribe.push(
      connection.subscribe(() => this.#onChange(connection.data)),
      connection.on('chat-message', (event) => this.#onMessage(event)),
      connection.on('chat-send-failed', ({ localId, error }) =>
        this.announce(localId, `${this.#term('notSent')}: ${error.message}`),
      ),
      () => this.#state.stop(),
    );
    this.#onChange(connection.data);
  }

  remove(element: LiveRegion): void {
    this.#elements.delete(element);
    if (this.#region.getRootNode() === element.host.shadowRoot) this.#region.remove();
    if (this.#elements.size > 0) return;
    for (const unsubscribe of this.#unsubscribe.splice(0)) unsubscribe();
    this.#cancelPlacement?.();
    this.#cancelFlush?.();
    this.#cancelRemoval?.();
    this.#cancelPlacement = this.#cancelFlush = this.#cancelRemoval = undefined;
    this.#reset();
  }

  #reset(): void {
    this.#messages = [];
    this.#messageCount = 0;
    this.#notices.clear();
  }

  /**
   * @param kind replaces an unannounced notice of the same kind; two elements may show the same problem.
   * @param text empty: only withdraws that notice.
   */
  announce(kind: string, text: string): void {
    this.#notices.delete(kind);
    if (!text) return;
    this.#notices.set(kind, text);
    evictOldest(this.#notices, MAX_NOTICES);
    this.#schedule();
  }

  #onMessage({ roomId, message }: ConnectionEvents['chat-message']): void {
    const { data } = this.#connection;
    const { sender: author, content, attachment } = message;
    const sender = firstName(author) || fullName(author) || unnamedUser(author, this.#term);
    const text = content || this.#term(attachment ? 'attachment' : 'noText');
    const room = roomOf(data, roomId);
    const other = data.reading.includes(idKey(roomId)) ? undefined : room;
    let announcement = this.#term('announce', sender, text);
    if (isNotice(message)) announcement = text;
    else if (other?.room_type === 'direct') announcement = this.#term('announceDirect', sender, text);
    else if (other) announcement = this.#term('announceIn', sender, roomName(other, data.user?.id), text);
    // More than these are only counted.
    if (++this.#messageCount <= MAX_MESSAGES) this.#messages.push(announcement.slice(0, MAX_CHARS));
    this.#schedule();
  }

  #onChange(data: ChatData): void {
    const { phase, threads, rooms } = data;
    this.#state.update(phase.is);
    this.#onState();
    const failedRooms = [...threads].flatMap(([key, { open, error, loading }]) =>
      open && (error || (loading && this.#failedRooms.includes(key))) ? key : [],
    );
    if (failedRooms.some((key) => !this.#failedRooms.includes(key))) this.announce('load', this.#term('loadFailed'));
    this.#failedRooms = failedRooms;
    // Of a message in another room, some backends only tell the number of unread messages.
    if (rooms !== this.#rooms) this.#schedule();
    this.#rooms = rooms;
  }

  #onState(): void {
    const { value } = this.#state;
    if (value === this.#announcedState) return;
    const isFirst = this.#announcedState === 'idle' && value === 'connected';
    this.#announcedState = value;
    if (value !== 'idle' && !isFirst) this.announce('state', this.#term(stateTerm(value, this.#connection.data.phase)));
  }

  #schedule(): void {
    this.#cancelFlush ??= systemClock.after(BATCH_MS, () => {
      this.#cancelFlush = undefined;
      this.#flush();
    });
  }

  #flush(): void {
    const { data } = this.#connection;
    const [unread, before] = [totalUnread(data), this.#unread];
    this.#unread = data.roomsLoaded ? unread : undefined;
    if (before !== undefined && unread > before && this.#messageCount === 0)
      this.announce('unread', this.#term('unread', unread));
    const count = this.#messageCount;
    const messages = count > MAX_MESSAGES ? [this.#term('newMessages', count)] : this.#messages;
    const text = [...this.#notices.values(), ...messages].join('\n');
    if (!text) return;
    // A text in a new region would not be announced.
    if (!this.#place()) return this.#schedule();
    this.#reset();
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    // Nor would an unchanged text, so vary it by an invisible character.
    this.#region.textContent = text === this.#region.textContent ? `${text}\u00a0` : text;
    this.#cancelRemoval?.();
    this.#cancelRemoval = systemClock.after(REMOVE_MS, () => (this.#region.textContent = ''));
  }

  /** Moves the region into the best element. @returns whether it already was there. */
  #place(): boolean {
    const shadowRoot = this.#bestElement?.host.shadowRoot;
    const root = shadowRoot?.querySelector(':modal') ?? shadowRoot;
    if (!root || this.#region.parentNode === root) return true;
    this.#region.textContent = '';
    // Before the content, which Lit may replace.
    root.prepend(this.#region);
    return false;
  }

  /** A modal dialog hides elements outside it from screen readers. The focus is inside it. */
  get #bestElement(): LiveRegion | undefined {
    const elements = [...this.#elements];
    const visible = elements.filter(({ host }) =>
      // The launcher has no box of its own.
      (host.renderRoot.querySelector('.base, .button') ?? host).checkVisibility({ visibilityProperty: true }),
    );
    return visible.find(({ host }) => host.matches(':focus-within')) ?? visible[0] ?? elements[0];
  }

  get #term(): Localize['term'] {
    const [element] = this.#elements;
    return element!.localize.term;
  }
}

const announcers = new WeakMap<ChatConnection, Announcer>();

function announcerOf(connection: ChatConnection): Announcer {
  const announcer = announcers.get(connection) ?? new Announcer(connection);
  announcers.set(connection, announcer);
  return announcer;
}

/**
 * Lets an element announce changes, and hold the live region of its connection. Rendered elements with the attribute
 * `data-announce` (`<kind>:<what>`) are announced when they appear.
 */
export class LiveRegion implements ReactiveController {
  readonly host: LitElement;
  readonly localize: Localize;
  readonly #finder: { readonly connection: ChatConnection | undefined };
  #announcer: Announcer | undefined;
  /** The `data-announce` of the rendered elements that were announced. */
  #announced: readonly string[] = [];

  constructor(host: LitElement, localize: Localize, finder: { readonly connection: ChatConnection | undefined }) {
    this.host = host;
    this.localize = localize;
    this.#finder = finder;
    host.addController(this);
  }

  hostUpdated(): void {
    // An element may be updated once more after it was removed.
    if (!this.host.isConnected) return;
    const { connection } = this.#finder;
    const announcer = connection && announcerOf(connection);
    if (announcer !== this.#announcer) {
      this.hostDisconnected();
      this.#announcer = announcer;
      announcer?.add(this);
    }
    const rendered = [...this.host.renderRoot.querySelectorAll<HTMLElement>('[data-announce]')];
    if (rendered.length > 0 && !this.host.checkVisibility()) return;
    for (const element of rendered) {
      const { announce } = element.dataset;
      if (!this.#announced.includes(announce!)) this.announce(announce!.split(':')[0]!, element.innerText.trim());
    }
    this.#announced = rendered.map(({ dataset }) => dataset.announce!);
  }

  hostDisconnected(): void {
    this.#announcer?.remove(this);
    this.#announcer = undefined;
  }

  /** See {@link Announcer.announce}. */
  announce(kind: string, text: string): void {
    this.#announcer?.announce(kind, text);
  }
}
