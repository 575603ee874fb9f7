import { css, html, LitElement, type PropertyValues, type TemplateResult } from 'lit';
import { provide, registerConnection, setConnectionClass } from '../../controllers/index.js';
import type { Id } from '../../protocol/index.js';
import { ChatConnection, totalUnread } from '../../client/index.js';
import type { AuthMode } from '../../transport/index.js';
import { CustomStates } from '../custom-states.js';
import {
  ChatErrorEvent,
  ChatNotificationEvent,
  ChatStateChangeEvent,
  ChatTokenExpiredEvent,
  ChatUnreadChangeEvent,
} from '../events.js';

setConnectionClass(ChatConnection);

/**
 * Owns a connection to the chat backend and provides it to the chat elements inside it, at any depth and across shadow
 * roots. It connects when it is inserted and disconnects when it is removed. The element itself is invisible.
 *
 * @tag chat-connection
 * @summary Connects the chat elements inside it to a backend.
 * @cssState idle - Not signed in: there is no token.
 * @cssState connecting - Opening the first socket.
 * @cssState connected - The socket is open, and all missed messages are loaded.
 * @cssState reconnecting - The socket was lost and is being reopened.
 * @cssState polling - The socket is unavailable: messages are sent and received over REST.
 * @cssState offline - The device has no network.
 * @cssState unauthorized - The token is missing, expired or refused.
 * @cssState error - The backend cannot be reached or used. Unsent messages are kept and sent later.
 * @cssState unread - There are unread messages.
 * @slot - The chat elements, and any other content.
 * @fires {ChatStateChangeEvent} chat-state-change - The state or its reason has changed: `state`, `previous`, `reason`.
 * @fires {ChatUnreadChangeEvent} chat-unread-change - The number of unread messages in all rooms has changed: `total`.
 * @fires {ChatTokenExpiredEvent} chat-token-expired - A token is needed: there is none, or it was refused. Answer with
 *   `event.respondWith(promise)`.
 * @fires {ChatNotificationEvent} chat-notification - A notification was received, or the unread count has changed:
 *   `notification`, `unread`. Requires `notifications`.
 * @fires {ChatErrorEvent} chat-error - A problem for the page's developer: `code`, `message`. No messages are lost.
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

  /**
   * Address of the backend: its origin, with an optional base path.
   * @default the page's origin
   */
  url: string | undefined;

  /** The access token, usually a JWT. Kept in memory only: never reflected, stored or logged. */
  token: string | undefined;

  /**
   * Path of the chat WebSocket, relative to `url`.
   * @default '/ws/chat/'
   */
  wsPath: string | undefined;

  /**
   * Path of the REST API, relative to `url`.
   * @default '/api/chat/'
   */
  apiPath: string | undefined;

  /**
   * How the socket sends the token: `query`, `subprotocol` or `ticket`. The backend must support it.
   * @default 'query'
   */
  auth: AuthMode | undefined;

  /** `off` gives this tab its own socket. By default, all tabs of a user share one. */
  share: string | undefined;

  /** Also opens the backend's notifications socket, for `chat-notification` events. */
  notifications = false;

  /**
   * Address on the page's own site that returns a token for the visitor's session cookie, as `{"token": "…"}`. Relative
   * to the page. Ignored if there is a `tokenProvider`.
   */
  tokenUrl: string | null | undefined;

  /**
   * Returns a token. Called when there is none, when it was refused, and shortly before a JWT expires. An empty string
   * means that no user is signed in.
   */
  tokenProvider: (() => Promise<string>) | undefined;

  /**
   * Additional origins from which pictures may be loaded, separated by spaces: `https://cdn.example`. The page's and
   * the backend's origins are always allowed.
   */
  mediaHosts: string | undefined;

  /**
   * The user who is signed in to the site: any text, such as the site's own user id. A new value discards the previous
   * user's data and requests a new token. An empty value (`''`, `null`, or `undefined` after another value) signs out.
   * If it is never set, the token alone identifies the user.
   */
  user: Id | null | undefined;

  /** The connection: state, rooms, messages and all operations, usable without any other element. */
  readonly connection = new ChatConnection();

  readonly #states = new CustomStates(this);
  #unregister: (() => void) | undefined;

  constructor() {
    super();
    provide(this, this.connection);
    // The connection belongs to this element and lives as long as it, so these listeners are never removed.
    const updateStates = (): void =>
      this.#states.set(this.connection.state, totalUnread(this.connection.data) > 0 && 'unread');
    updateStates();
    this.connection.on('chat-state-change', ({ state, previous, reason }) => {
      updateStates();
      this.dispatchEvent(new ChatStateChangeEvent(state, previous, reason));
    });
    this.connection.on('chat-unread-change', ({ total }) => {
      updateStates();
      this.dispatchEvent(new ChatUnreadChangeEvent(total));
    });
    this.connection.on('chat-token-expired', ({ respondWith }) =>
      this.dispatchEvent(new ChatTokenExpiredEvent(respondWith)),
    );
    this.connection.on('chat-notification', ({ notification, unread }) =>
      this.dispatchEvent(new ChatNotificationEvent(notification, unread)),
    );
    this.connection.on('chat-error', ({ code, message }) => this.dispatchEvent(new ChatErrorEvent(code, message)));
  }

  /**
   * Asks for a token again when a `chat-token-expired` listener is added late.
   * @internal
   */
  override addEventListener<Name extends keyof HTMLElementEventMap>(
    type: Name,
    listener: (event: HTMLElementEventMap[Name]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  /** @internal */
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  /** @internal */
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener, options);
    if (type === 'chat-token-expired') this.connection.askAgain();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unregister ??= registerConnection(this.connection);
    if (this.hasUpdated) this.connection.connect();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    // An element that was only moved is connected again by the time this runs, and keeps its socket.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#unregister?.();
      this.#unregister = undefined;
      this.connection.disconnect();
    });
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.size === 0) return;
    this.connection.mediaHosts = this.mediaHosts ?? '';
    const { url, token, wsPath, apiPath, auth, share, notifications, tokenUrl, tokenProvider, user } = this;
    this.connection.configure({
      url,
      token,
      wsPath,
      apiPath,
      auth,
      share: share !== 'off',
      notifications,
      tokenUrl,
      tokenProvider,
      user,
    });
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
