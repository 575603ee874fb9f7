/** The parts of a session that are loaded after the first connection attempt (deferred.ts). Each is undefined until then. */
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

  /** Resolves when they are loaded, or cannot be loaded now. */
  async load(): Promise<void> {
    const session = this.#session;
    const deferred = await loadDeferred().catch(noop);
    // Stopped while they were loaded.
    if (!deferred || !session.config) return;
    this.reconnect ??= new deferred.Reconnect(session);
    session.auth.onLoaded(deferred.TokenFlow);
    this.notifications ??= new deferred.NotificationLoader(session);
    this.#userChannel ??= new deferred.UserChannel(session, this.#tabApis);
    this.onUserSwitch();
    this.#stopWatchingPage ??= deferred.watchPage(session);
  }

  /**
   * Tells the tabs of this backend who is signed in, and loads the code that finds copies of the user's messages on a
   * backend that does not return idempotency keys.
   */
  onUserSwitch(): void {
    const { address, config, auth, outboxes } = this.#session;
    if (address && config) this.#userChannel?.announce(scopeOf(address.api, address.socket, ''), auth.tokens.owner);
    if (this.reconnect) void outboxes.current.loadFallback().catch(noop);
  }

  /** Schedules the next poll and the next refresh of the token, by the present state. */
  schedule(): void {
    this.reconnect?.schedule();
    this.#session.auth.refresher?.schedule();
  }

  /** Marks a notification, or all of them, as read. @returns false if the notifications socket is not open. */
  markNotificationRead(id?: Id): boolean {
    const { tabs, socket } = this.#session;
    if (!tabs.isFollower) return this.notifications?.markRead(id) ?? false;
    tabs.broadcast({ kind: 'notification-read', id });
    return socket !== undefined;
  }

  /** Closes the channel to the tabs of this backend: an open channel keeps a page out of the back/forward cache. */
  closeChannel(): void {
    this.#userChannel?.stop();
  }

  stopWatchingPage(): void {
    this.#stopWatchingPage?.();
    this.#stopWatchingPage = undefined;
  }
}
