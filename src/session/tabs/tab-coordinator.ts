/**
 * Divides the work between the tabs of a scope: one tab owns the socket, and one sends the waiting messages. Web Locks
 * decide which.
 */
import { CloseCode, type Id } from '../../protocol/index.js';
import { throwIfAborted, type Address, type Clock, type Transport } from '../../transport/index.js';
import { noop } from '../../internal/noop.js';
import { loadDeferred } from '../load-deferred.js';
import type { Outbox } from '../outbox/outbox.js';
import type { OutboxRegistry } from '../outbox/outbox-registry.js';
import { scopeOf } from '../scope.js';
import type { ConnectActions, SessionConfig, TokenActions } from '../session-context.js';
import type { SocketConnection } from '../socket-connection.js';
import type { SharedSocket, SharedSocketHost } from './shared-socket.js';
import { acquireLock, TabChannel, type TabApis, type TabMessage } from './tab-channel.js';

/** The interface of a session for the tab coordinator. */
export interface TabHost extends SharedSocketHost {
  readonly clock: Clock;
  readonly outboxes: OutboxRegistry;
  readonly address: Address | undefined;
  readonly config: SessionConfig | undefined;
  readonly transport: Transport;
  readonly auth: TokenActions & { readonly tokens: { readonly owner: Id | null } };
  /** Includes a socket that is still being opened. */
  readonly loop: ConnectActions & { readonly socket: SocketConnection | undefined };
}

export class TabCoordinator {
  readonly #session: TabHost;
  readonly #tabs: TabApis;
  #channel: TabChannel | undefined;
  sharedSocket: SharedSocket | undefined;
  /** Whether another tab owns the socket. */
  isFollower = false;

  constructor(session: TabHost, tabs: TabApis) {
    this.#session = session;
    this.#tabs = tabs;
  }

  /** Sends a message to the other tabs of this scope. */
  broadcast(message: TabMessage): void {
    this.#channel?.broadcast(message);
  }

  /** @param keepsChannel keeps the channel: another tab may have a better token, and send the messages of this one. */
  end(keepsChannel = false): void {
    if (!keepsChannel) {
      this.#channel?.close();
      this.#channel = undefined;
    }
    this.sharedSocket = undefined;
    this.isFollower = false;
  }

  /** The scope of a user on the current backend; empty if the user is unknown. */
  scopeFor(owner: Id | null): string {
    const { address } = this.#session;
    return owner === null ? '' : scopeOf(address!.api, address!.socket, owner);
  }

  /** Joins the tabs of the user, once the user is known. @returns when it is decided which tab owns the socket. */
  async joinScope(signal: AbortSignal): Promise<void> {
    const session = this.#session;
    const { outboxes } = session;
    const scope = this.scopeFor(session.auth.tokens.owner);
    // It is not known yet which tabs could share with this one, nor for which user messages would be stored.
    if (!scope) return void outboxes.current.sender.setActive(true);
    if (this.#channel && scope === outboxes.scope) return;
    outboxes.switchTo(scope);
    this.#channel?.close();
    const tabs = this.#tabs;
    // Without locks each tab sends on its own, and must not take over messages of another one.
    const channel = (this.#channel = new TabChannel(
      scope,
      tabs.locks ? tabs : {},
      (message: TabMessage) => void this.#onMessage(message),
    ));
    const outbox = outboxes.current;
    void outbox.open();
    // Tabs that cannot communicate cannot send for each other either.
    if (!tabs.locks || !channel.isOpen) return void outbox.sender.setActive(true);
    void this.#holdLock('outbox', scope, outbox, signal);
    // A tab that already has a socket keeps it.
    if (session.config?.share !== false && !session.loop.socket) await this.#holdLock('socket', scope, outbox, signal);
  }

  /** Acquires the lock to own the socket, or to send, or waits for it. */
  async #holdLock(
    what: 'socket' | 'outbox',
    scope: string,
    outbox: Outbox,
    signal: AbortSignal,
    steal = false,
  ): Promise<void> {
    const hold = (on: boolean): void => {
      if (signal.aborted || scope !== this.#session.outboxes.scope) return;
      if (what === 'socket') this.#follow(!on);
      else void outbox.sender.setActive(on);
    };
    const onLost = (): void => {
      hold(false);
      void this.#holdLock(what, scope, outbox, signal);
    };
    if (
      !(await acquireLock(this.#session.clock, this.#tabs.locks!, what, scope, signal, {
        onHeld: () => hold(true),
        onLost,
        steal,
      }))
    )
      hold(false);
  }

  #follow(on: boolean): void {
    if (on === this.isFollower) return;
    this.isFollower = on;
    if (this.sharedSocket) this.sharedSocket.isLeader = false;
    // The followers of the previous leader join again.
    if (!on) this.broadcast({ kind: 'leads' });
    const { loop, parts } = this.#session;
    parts.notifications?.off();
    loop.socket?.end(CloseCode.leaderGone, 'another tab');
    loop.endPause();
  }

  /** Returns the function that opens a relayed socket; undefined if this tab opens its own. */
  async followLeader(signal: AbortSignal): Promise<Transport['open'] | undefined> {
    const shared = await this.#loadSharedSocket(signal);
    // The code cannot be loaded without a network: then this tab opens its own socket.
    if (!shared) this.isFollower = false;
    if (!shared || !this.isFollower) return undefined;
    return shared.follow(this.#session.transport.decode, () => {
      // The leader holds the lock and does nothing: it is stopped by a dialog or a debugger, or was suspended without
      // an event.
      const { scope, current } = this.#session.outboxes;
      void this.#holdLock('outbox', scope, current, signal, true);
      void this.#holdLock('socket', scope, current, signal, true);
    });
  }

  async #loadSharedSocket(signal: AbortSignal): Promise<SharedSocket | undefined> {
    const deferred = await loadDeferred().catch(noop);
    throwIfAborted(signal);
    if (deferred) this.sharedSocket ??= new deferred.SharedSocket(this.#session);
    return this.sharedSocket;
  }

  async #onMessage(message: TabMessage): Promise<void> {
    const session = this.#session;
    void session.outboxes.current.onTab(message);
    if (session.config?.share === false) return;
    const shared = await this.#loadSharedSocket(session.signal).catch(noop);
    shared?.onTab(message, this.isFollower);
    // The leader has a socket again: reconnect to it.
    if (message.kind === 'greeting' && message.text !== null && this.isFollower && !session.loop.socket)
      session.loop.endPause();
  }
}
