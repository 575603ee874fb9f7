import type { Id } from '../../protocol/index.js';
import { notificationsSocket, type Address } from '../../transport/index.js';
import type { NotificationFeed, NotificationFeedHost } from './notifications.js';

/** Turns the notifications socket (notifications.ts, loaded when it is wanted) on and off. Loaded on demand: see deferred.ts. */
export class NotificationLoader {
  readonly #session: NotificationFeedHost;
  #stop: AbortController | undefined;
  #feed: NotificationFeed | undefined;

  constructor(session: NotificationFeedHost) {
    this.#session = session;
  }

  /** Does nothing where it is on already. */
  on(address: Address, me: Id): void {
    if (this.#stop) return;
    const stop = (this.#stop = new AbortController());
    import('./notifications.js').then(
      (part) => {
        if (!stop.signal.aborted)
          this.#feed = new part.NotificationFeed(this.#session, notificationsSocket(address, me), stop.signal);
      },
      // Not to be had without a network: the next connection tries again.
      () => {
        if (this.#stop === stop) this.#stop = undefined;
      },
    );
  }

  off(): void {
    this.#stop?.abort();
    this.#stop = this.#feed = undefined;
  }

  /** A tab has joined that knows nothing yet. */
  tellAgain(): void {
    this.#feed?.tellAgain();
  }

  /** Marks one as read, or all. @returns whether it could be told. */
  markRead(id?: Id): boolean {
    return this.#feed?.markRead(id) ?? false;
  }
}
