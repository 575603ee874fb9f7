import type { Id } from '../../protocol/index.js';
import { notificationsSocket, type Address } from '../../transport/index.js';
import type { NotificationFeed, NotificationFeedHost } from './notifications.js';

/**
 * Turns the notifications socket on and off, and loads its code (notifications.ts) when it is first needed. Loaded on
 * demand itself: see deferred.ts.
 */
export class NotificationLoader {
  readonly #session: NotificationFeedHost;
  #stop: AbortController | undefined;
  #feed: NotificationFeed | undefined;

  constructor(session: NotificationFeedHost) {
    this.#session = session;
  }

  /** Does nothing if it is already on. */
  on(address: Address, me: Id): void {
    if (this.#stop) return;
    const stop = (this.#stop = new AbortController());
    import('./notifications.js').then(
      (part) => {
        if (!stop.signal.aborted)
          this.#feed = new part.NotificationFeed(this.#session, notificationsSocket(address, me), stop.signal);
      },
      // The code cannot be loaded without a network: the next connection tries again.
      () => {
        if (this.#stop === stop) this.#stop = undefined;
      },
    );
  }

  off(): void {
    this.#stop?.abort();
    this.#stop = this.#feed = undefined;
  }

  /** Sends the state to the other tabs, because a tab has joined. */
  tellAgain(): void {
    this.#feed?.tellAgain();
  }

  /** Marks one notification, or all of them, as read. @returns whether it could be sent. */
  markRead(id?: Id): boolean {
    return this.#feed?.markRead(id) ?? false;
  }
}
