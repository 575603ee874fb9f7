/**
 * The parts of a session whose code is in deferred.ts. They are loaded once the connection is up, or at the first
 * failure. Each is undefined until then.
 */
import { noop } from '../internal/noop.js';
import type { Id } from '../protocol/index.js';
import type { Address } from '../transport/index.js';
import type { SessionAuth } from './auth/session-auth.js';
import { loadDeferred } from './load-deferred.js';
import type { NotificationLoader } from './notifications/notification-loader.js';
import type { NotificationFeedHost } from './notifications/notifications.js';
import type { OutboxRegistry } from './outbox/outbox-registry.js';
import type { PageLifecycleTarget } from './page-lifecycle.js';
import type { Reconnect, ReconnectHost } from './reconnect.js';
import { scopeOf } from './scope.js';
import type { TabApis } from './tabs/tab-channel.js';
import type { TabCoordinator } from './tabs/tab-coordinator.js';
import type { UserChannel } from './tabs/user-channel.js';

interface DeferredPartsHost extends PageLifecycleTarget, ReconnectHost, NotificationFeedHost {
  readonly address: Address | undefined;
  readonly auth: SessionAuth;
  readonly loop: PageLifecycleTarget['loop'];
  readonly outboxes: OutboxRegistry;
  readonly tabs: TabCoordinator;
}

export class DeferredParts {
  reconnect: Reconnect | undefined;
  notifications: NotificationLoader | undefined;
  readonly #session: DeferredPartsHost;
  readonly #tabApis: TabApis;
  #userChannel: UserChannel | undefined;
  #stopWatchingPage: (() => void) | undefined;

  constructor(session: DeferredPartsHost, tabApis: TabApis) {
    this.#session = session;
    this.#tabApis = tabApis;
  }

  /** Resolves when they are loaded, or when loading has failed. Never rejects. */
  async load(): Promise<void> {
    const session = this.#session;
    const deferred = await loadDeferred().catch(noop);
    // The session was stopped while they were loaded.
    if (!deferred || !session.config) return;
    this.reconnect ??= new deferred.Reconnect(session);
    session.auth.onLoaded(deferred.TokenFlow);
    this.notifications ??= new deferred.NotificationLoader(session);
    this.#userChannel ??= new deferred.UserChannel(session, this.#tabApis);
    this.onUserSwitch();
    this.#stopWatchingPage ??= deferred.watchPage(session);
  }

  /**
   * Announces the current user to the tabs of this backend, and loads the code that finds copies of the user's messages
   * on a backend that does not return idempotency keys.
   */
  onUserSwitch(): void {
    const { address, config, auth, outboxes } = this.#session;
    if (address && config) this.#userChannel?.announce(scopeOf(address.api, address.socket, ''), auth.tokens.owner);
    if (this.reconnect) void outboxes.current.loadFallback().catch(noop);
  }

  /** Schedules the next poll and the next token refresh according to the current state. */
  schedule(): void {
    this.reconnect?.schedule();
    this.#session.auth.refresher?.schedule();
  }

  /** Marks one notification, or all of them, as read. @returns whether it could be sent. */
  markNotificationRead(id?: Id): boolean {
    const { tabs, socket } = this.#session;
    if (!tabs.isFollower) return this.notifications?.markRead(id) ?? false;
    tabs.broadcast({ kind: 'notification-read', id });
    return socket !== undefined;
  }

  /** Closes the channel to the tabs of this backend: an open channel excludes a page from the back/forward cache. */
  closeChannel(): void {
    this.#userChannel?.stop();
  }

  stopWatchingPage(): void {
    this.#stopWatchingPage?.();
    this.#stopWatchingPage = undefined;
  }
}
