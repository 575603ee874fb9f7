/**
 * What this tab does for the others, and they for it: one tab of a scope holds the socket, one sends what waits. Web Locks decide which.
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

/** What the coordinator uses of its session. */
export interface TabHost extends SharedSocketHost {
  readonly clock: Clock;
  readonly outboxes: OutboxRegistry;
  readonly address: Address | undefined;
  readonly config: SessionConfig | undefined;
  readonly auth: TokenActions & { readonly tokens: { readonly owner: Id | null } };
  /** Its socket may be on the way to be opened. */
  readonly loop: ConnectActions & { readonly socket: SocketConnection | undefined };
}

export class TabCoordinator {
  readonly #session: TabHost;
  readonly #tabs: TabApis;
  #channel: TabChannel | undefined;
  sharedSocket: SharedSocket | undefined;
  /** Another tab has the socket. */
  isFollower = false;

  constructor(session: TabHost, tabs: TabApis) {
    this.#session = session;
    this.#tabs = tabs;
  }

  /** Tells the other tabs of this scope. */
  broadcast(message: TabMessage): void {
    this.#channel?.broadcast(message);
  }

  /** @param keepsChannel another tab may have a better token, and sends what is written here. */
  end(keepsChannel = false): void {
    if (!keepsChannel) {
      this.#channel?.close();
      this.#channel = undefined;
    }
    this.sharedSocket = undefined;
    this.isFollower = false;
  }

  /** Which backend this is, and which user there; empty: not known. */
  scopeFor(owner: Id | null): string {
    const { address } = this.#session;
    return owner === null ? '' : scopeOf(address!.api, address!.socket, owner);
  }

  /** Joins the tabs of the user, as soon as the user is known. @returns when it is decided which tab has the socket. */
  async joinScope(signal: AbortSignal): Promise<void> {
    const session = this.#session;
    const { outboxes } = session;
    const scope = this.scopeFor(session.auth.tokens.owner);
    // It is not known yet which tabs this one would share with, nor for whom messages would be kept.
    if (!scope) return void outboxes.current.sender.setActive(true);
    if (this.#channel && scope === outboxes.scope) return;
    outboxes.switchTo(scope);
    this.#channel?.close();
    const tabs = this.#tabs;
    // Without locks each tab sends on its own: none may take what another one has written.
    const channel = (this.#channel = new TabChannel(
      scope,
      tabs.locks ? tabs : {},
      (message: TabMessage) => void this.#onMessage(message),
    ));
    const outbox = outboxes.current;
    void outbox.open();
    // Tabs that cannot hear each other cannot send for each other either.
    if (!tabs.locks || !channel.isOpen) return void outbox.sender.setActive(true);
    void this.#holdLock('outbox', scope, outbox, signal);
    // A tab that has a socket already keeps it.
    if (session.config?.share !== false && !session.loop.socket) await this.#holdLock('socket', scope, outbox, signal);
  }

  /** Takes the lock that only one tab has, or waits for it: to have the socket, or to send. */
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
    // The tabs that listened to the leader before us join again.
    if (!on) this.broadcast({ kind: 'leads' });
    const { loop, parts } = this.#session;
    parts.notifications?.off();
    loop.socket?.end(CloseCode.leaderGone, 'another tab');
    loop.endPause();
  }

  /** How to open the socket of the tab that has it; nothing where this tab has its own. */
  async followLeader(signal: AbortSignal): Promise<Transport['open'] | undefined> {
    const shared = await this.#loadSharedSocket(signal);
    // Not available without a network: then this tab has a socket of its own.
    if (!shared) this.isFollower = false;
    if (!shared || !this.isFollower) return undefined;
    return shared.follow(() => {
      // The leader holds the lock and does nothing: stopped by a dialog or a debugger, or put aside without being told.
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
    // The leader has its socket back: so has this tab.
    if (message.kind === 'greeting' && message.text !== null && this.isFollower && !session.loop.socket)
      session.loop.endPause();
  }
}
