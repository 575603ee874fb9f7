import { isServer, LitElement, type ReactiveController, type ReactiveControllerHost } from 'lit';
import type { ChatConnection, ChatData } from '../client/index.js';
import { requestConnection } from './context.js';
import { acquireShared, pageConnection, pageConnectionFor, watchConnections } from './connection-registry.js';

/** An element that uses a connection. */
export interface ConnectedHost extends ReactiveControllerHost, HTMLElement {
  token: string | undefined;
  url: string | undefined;
}

/** Whether the element was rendered on a server: only then does its shadow root start with a `<style>`. */
const isServerRendered = ({ shadowRoot }: HTMLElement): boolean => shadowRoot?.firstElementChild?.localName === 'style';

/**
 * Finds an element's connection, and follows it when the element moves: the nearest `<chat-connection>` ancestor,
 * otherwise a connection for the element's own `token`, otherwise the page's default connection.
 */
export class ConnectionController implements ReactiveController {
  readonly #host: ConnectedHost;
  readonly #onChange: (connection: ChatConnection | undefined) => (() => void) | void;
  readonly #selectors: StateSelector<unknown>[] = [];
  #connection: ChatConnection | undefined;
  /** Key of the shared connection in use; empty: none. */
  #sharedKey = '';
  #releaseShared: (() => void) | undefined;
  #stopWatching: (() => void) | undefined;
  #cleanUp: (() => void) | void = undefined;
  /**
   * True on a server, and until the first render over server-rendered content, which must produce the same output. The
   * connection is looked up after that.
   */
  isHydrating = isServer;

  /** @param onChange called with each new connection (or none). May return a clean-up function for that connection. */
  constructor(
    host: ConnectedHost,
    onChange: (connection: ChatConnection | undefined) => (() => void) | void = () => {},
  ) {
    this.#host = host;
    this.#onChange = onChange;
    host.addController(this);
    if (!isServerRendered(host)) return;
    // Without Lit's hydration support, discard the server's markup and render normally. The support is detected by the
    // property that it defines: see hydrate.ts.
    if (Object.hasOwn(LitElement, 'observedAttributes')) this.isHydrating = true;
    else host.shadowRoot!.replaceChildren();
  }

  get connection(): ChatConnection | undefined {
    return this.#connection;
  }

  /** Selects a part of the state. The element is updated only when this part changes. */
  select<T>(select: (data: ChatData) => T): StateSelector<T> {
    const selector = new StateSelector(this.#host, select);
    this.#selectors.push(selector);
    return selector;
  }

  hostConnected(): void {
    // A `<chat-connection>` may be upgraded or inserted later.
    this.#stopWatching = watchConnections(() => this.#find());
    this.#find();
  }

  hostDisconnected(): void {
    this.#stopWatching?.();
    this.#use(undefined);
    this.#useShared('');
  }

  hostUpdate(): void {
    // The element's own `token` or `url` may have changed.
    if (this.#host.isConnected) this.#find();
  }

  hostUpdated(): void {
    if (!this.isHydrating) return;
    this.isHydrating = false;
    this.#host.requestUpdate();
  }

  #find(): void {
    if (this.isHydrating) return;
    const { token, url } = this.#host;
    const provided = requestConnection(this.#host) ?? (token ? pageConnectionFor(url, token) : undefined);
    if (!provided && token) return this.#useShared(JSON.stringify([url, token]));
    this.#use(provided ?? pageConnection());
    this.#useShared('');
  }

  /**
   * Uses the shared connection for the element's own token, or none. The previous one is released last: it may be the
   * same connection, and must stay open.
   */
  #useShared(key: string): void {
    if (key === this.#sharedKey) return;
    this.#sharedKey = key;
    const releasePrevious = this.#releaseShared;
    const shared = key ? acquireShared(this.#host.url, this.#host.token!) : undefined;
    if (shared) this.#use(shared.connection);
    else this.#sharedKey = '';
    this.#releaseShared = shared?.release;
    releasePrevious?.();
  }

  #use(connection: ChatConnection | undefined): void {
    if (connection === this.#connection) return;
    this.#cleanUp?.();
    this.#connection = connection;
    for (const selector of this.#selectors) selector.attach(connection);
    this.#cleanUp = this.#onChange(connection);
    this.#host.requestUpdate();
  }
}

/** A selected part of the state, for one element. */
export class StateSelector<T> {
  readonly #host: ReactiveControllerHost;
  readonly #select: (data: ChatData) => T;
  #connection: ChatConnection | undefined;
  #unsubscribe: (() => void) | undefined;
  #value: T | undefined;

  constructor(host: ReactiveControllerHost, select: (data: ChatData) => T) {
    this.#host = host;
    this.#select = select;
  }

  /** Undefined without a connection. */
  get value(): T | undefined {
    return this.#value;
  }

  attach(connection: ChatConnection | undefined): void {
    this.#unsubscribe?.();
    this.#connection = connection;
    this.#unsubscribe = connection?.subscribe(() => this.refresh());
    this.#value = connection && this.#select(connection.data);
  }

  /**
   * Runs the selector again. Call it when the selector's result depends on more than the state, and that has changed.
   */
  refresh(): void {
    const value = this.#connection && this.#select(this.#connection.data);
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    this.#host.requestUpdate();
  }
}
