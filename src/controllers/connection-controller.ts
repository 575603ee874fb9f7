import { isServer, LitElement, type ReactiveController, type ReactiveControllerHost } from 'lit';
import type { ChatConnection, ChatData } from '../client/index.js';
import { request } from './context.js';
import { acquireShared, pageConnection, pageConnectionFor, watchConnections } from './connection-registry.js';

/** An element that shows something of a connection. */
export interface ConnectedHost extends ReactiveControllerHost, HTMLElement {
  token: string | undefined;
  url: string | undefined;
}

/** Whether a server has drawn the element: its styles stand in it then, as text. */
const isDrawn = ({ shadowRoot }: HTMLElement): boolean => shadowRoot?.firstElementChild?.localName === 'style';

/**
 * Finds the connection of an element, wherever it is in the page and wherever it moves:
 * the nearest `<chat-connection>` above it; else one for its own `token`; else the page's.
 */
export class ConnectionController implements ReactiveController {
  readonly #host: ConnectedHost;
  readonly #onChange: (connection: ChatConnection | undefined) => (() => void) | void;
  readonly #slices: StateSelector<unknown>[] = [];
  #connection: ChatConnection | undefined;
  #leave: (() => void) | undefined;
  #joined = '';
  #stopWatching: (() => void) | undefined;
  #stopHost: (() => void) | void = undefined;
  /**
   * On a server; and in the first drawing over what a server has drawn, which has to be the same. The connection is looked for after
   * that.
   */
  isHydrating = isServer;

  /** @param onChange called with each new connection (or none); what it returns is called when that one goes. */
  constructor(host: ConnectedHost, onChange: (connection: ChatConnection | undefined) => (() => void) | void = () => {}) {
    this.#host = host;
    this.#onChange = onChange;
    host.addController(this);
    if (!isDrawn(host)) return;
    // Where Lit cannot take over what stands there, it is drawn anew, before anybody sees it. (With its support for that, it has a property
    // of its own here: see hydrate.ts.)
    if (Object.hasOwn(LitElement, 'observedAttributes')) this.isHydrating = true;
    else host.shadowRoot!.replaceChildren();
  }

  get connection(): ChatConnection | undefined {
    return this.#connection;
  }

  /** Selects a part of the state: the element renders again only when this part changes. */
  select<T>(select: (data: ChatData) => T): StateSelector<T> {
    const slice = new StateSelector(this.#host, select);
    this.#slices.push(slice);
    return slice;
  }

  hostConnected(): void {
    // A `<chat-connection>` that is upgraded or inserted late offers itself then, and everybody asks again.
    this.#stopWatching = watchConnections(() => this.#find());
    this.#find();
  }

  hostDisconnected(): void {
    this.#stopWatching?.();
    this.#use(undefined);
    this.#join('');
  }

  /** The element's own `token` or `url` may have changed. */
  hostUpdate(): void {
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
    const provided = request(this.#host) ?? (token ? pageConnectionFor(url, token) : undefined);
    if (!provided && token) return this.#join(JSON.stringify([url, token]));
    this.#use(provided ?? pageConnection());
    this.#join('');
  }

  /** Joins the connection for the element's own token; the one it was with is left after that, so that it may be the same. */
  #join(wanted: string): void {
    if (wanted === this.#joined) return;
    this.#joined = wanted;
    const leave = this.#leave;
    const joined = wanted ? acquireShared(this.#host.url, this.#host.token!) : undefined;
    if (joined) this.#use(joined.connection);
    else this.#joined = '';
    this.#leave = joined?.leave;
    leave?.();
  }

  #use(connection: ChatConnection | undefined): void {
    if (connection === this.#connection) return;
    this.#stopHost?.();
    this.#connection = connection;
    for (const slice of this.#slices) slice.attach(connection);
    this.#stopHost = this.#onChange(connection);
    this.#host.requestUpdate();
  }
}

/** One part of the state, as an element sees it. */
export class StateSelector<T> {
  readonly #host: ReactiveControllerHost;
  readonly #select: (data: ChatData) => T;
  #connection: ChatConnection | undefined;
  #stop: (() => void) | undefined;
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
    this.#stop?.();
    this.#connection = connection;
    this.#stop = connection?.subscribe(() => this.refresh());
    this.#value = connection && this.#select(connection.data);
  }

  /** Selects anew; needed by hand only where the question itself has changed. */
  refresh(): void {
    const value = this.#connection && this.#select(this.#connection.data);
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    this.#host.requestUpdate();
  }
}
