import { css, html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { connectWith, registerConnection, provide } from '../../controllers/index.js';
import type { Id } from '../../protocol/index.js';
import { ChatConnection, totalUnread } from '../../client/index.js';
import type { AuthMode } from '../../transport/index.js';
import { CustomStates } from '../custom-states.js';
import { ChatErrorEvent, ChatNotificationEvent, ChatStateChangeEvent, ChatTokenExpiredEvent, ChatUnreadChangeEvent } from '../events.js';

connectWith(ChatConnection);

/**
 * Owns one connection and provides it to the chat elements inside, wherever they stand. It has no look of its own.
 *
 * @tag chat-connection
 * @cssState idle - No token yet.
 * @cssState connecting - The first socket is on its way.
 * @cssState connected - All is well.
 * @cssState reconnecting - The socket is lost, and tried again.
 * @cssState polling - Messages go over REST.
 * @cssState offline - The device has no network.
 * @cssState unauthorized - The token is missing, expired or refused.
 * @cssState error - Nothing works; messages wait.
 * @cssState unread - Something is unread.
 * @slot - The chat elements, and anything else.
 * @fires {ChatStateChangeEvent} chat-state-change - The state, or the reason for it, has changed: `state`, `previous`, `reason`.
 * @fires {ChatUnreadChangeEvent} chat-unread-change - The number of unread messages over all rooms: `total`.
 * @fires {ChatTokenExpiredEvent} chat-token-expired - There is no token, or it was refused; answer with `event.respondWith(promise)`.
 * @fires {ChatNotificationEvent} chat-notification - A notification came in, or was read: `notification`, `unread`. Needs `notifications`.
 * @fires {ChatErrorEvent} chat-error - Something was not as agreed: `code`, `message`.
 */
export class ChatConnectionElement extends LitElement {
  static override styles = css`
    :host {
      display: contents;
    }
    :host([hidden]) {
      display: none;
    }
  `;

  static override properties = {
    url: {},
    token: {},
    wsPath: { attribute: 'ws-path' },
    apiPath: { attribute: 'api-path' },
    auth: {},
    share: {},
    notifications: { type: Boolean },
    tokenUrl: { attribute: 'token-url' },
    tokenProvider: { attribute: false },
    mediaHosts: { attribute: 'media-hosts' },
    user: {},
  };

  /** Origin of the backend, with an optional base path. Default: the page's origin. */
  url: string | undefined;

  /** The JWT. Kept in memory; never reflected, stored or logged. */
  token: string | undefined;

  /** Path of the chat socket. Default `/ws/chat/`. */
  wsPath: string | undefined;

  /** Path of the REST routes. Default `/api/chat/`. */
  apiPath: string | undefined;

  /** How the token travels on the socket: `query` (default), `subprotocol` or `ticket`. The backend has to agree. */
  auth: AuthMode | undefined;

  /** `off`: this tab has a socket of its own. Otherwise the tabs of one person share one. */
  share: string | undefined;

  /** Listens to the backend's notifications socket too: `chat-notification`. */
  notifications = false;

  /** An address of the site's own server that gives a token, by the visitor's cookie: `{"token": "…"}`. Relative to the page. */
  tokenUrl: string | null | undefined;

  /** Asked for a token when there is none, and when the present one was refused. */
  tokenProvider: (() => Promise<string>) | undefined;

  /** Other origins that pictures may be loaded from, with spaces between: `https://cdn.example`. Default: the page's and the backend's alone. */
  mediaHosts: string | undefined;

  /**
   * The user who is signed in at the site: any text, such as the site's own user id. Another value forgets the last user and asks for a new token;
   * an empty one (or `null`, or `undefined` after a value) signs out. Never set: the token alone counts.
   */
  user: Id | null | undefined;

  /** The connection itself: state, rooms, messages and everything one can do, without any element. */
  readonly connection = new ChatConnection();

  readonly #states = new CustomStates(this);
  #withdraw: (() => void) | undefined;

  constructor() {
    super();
    provide(this, this.connection);
    // Of the element's own making, so they go when it goes: nothing to take back.
    const show = (): void => this.#states.show(this.connection.state, totalUnread(this.connection.data) > 0 && 'unread');
    show();
    this.connection.on('chat-state-change', ({ state, previous, reason }) => {
      show();
      this.dispatchEvent(new ChatStateChangeEvent(state, previous, reason));
    });
    this.connection.on('chat-unread-change', ({ total }) => {
      show();
      this.dispatchEvent(new ChatUnreadChangeEvent(total));
    });
    this.connection.on('chat-token-expired', ({ respondWith }) => this.dispatchEvent(new ChatTokenExpiredEvent(respondWith)));
    this.connection.on('chat-notification', ({ notification, unread }) => this.dispatchEvent(new ChatNotificationEvent(notification, unread)));
    this.connection.on('chat-error', ({ code, message }) => this.dispatchEvent(new ChatErrorEvent(code, message)));
  }

  /** A listener for `chat-token-expired` that is added late is asked for a token too. @internal */
  override addEventListener<Name extends keyof HTMLElementEventMap>(type: Name, listener: (event: HTMLElementEventMap[Name]) => void, options?: boolean | AddEventListenerOptions): void;
  /** @internal */
  override addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
  /** @internal */
  override addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void {
    super.addEventListener(type, listener, options);
    if (type === 'chat-token-expired') this.connection.askAgain();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#withdraw ??= registerConnection(this.connection);
    if (this.hasUpdated) this.connection.connect();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    // Moved within the page, it is back before this runs, and the socket stays.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#withdraw?.();
      this.#withdraw = undefined;
      this.connection.disconnect();
    });
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.size === 0) return;
    this.connection.mediaHosts = this.mediaHosts ?? '';
    const { url, token, wsPath, apiPath, auth, share, notifications, tokenUrl, tokenProvider, user } = this;
    this.connection.configure({ url, token, wsPath, apiPath, auth, share: share !== 'off', notifications, tokenUrl, tokenProvider, user });
  }

  protected override firstUpdated(): void {
    if (this.isConnected) this.connection.connect();
  }

  protected override render(): TemplateResult {
    return html`<slot></slot>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'chat-connection': ChatConnectionElement;
  }
}
