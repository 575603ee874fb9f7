/**
 * The notifications socket: events outside the open rooms. It is opened by the same function, with the same token and
 * the same backoff as the chat socket, but the chat does not depend on it. Loaded on demand.
 *
 * It has no greeting: some backends send a first frame only if something is unread, so the count is requested. Other
 * backends close the socket with 1011 when they receive a frame. They receive no further requests, and unread
 * notifications are counted here.
 */
import { afterClose, CloseCode, idKey, sameId, type Id, type Notification } from '../../protocol/index.js';
import {
  openNotifications,
  sleep,
  type NotificationConnection,
  type NotificationEvent,
  type SocketEnd,
} from '../../transport/index.js';
import { backoff } from '../backoff.js';
import { leastAttempt } from '../least-attempt.js';
import type { NotificationState } from '../../model/index.js';
import type { SessionContext } from '../session-context.js';

export type NotificationFeedHost = Pick<SessionContext, 'auth' | 'clock' | 'platform' | 'report' | 'tabs' | 'token'>;

/** The number of newest notifications that are kept. */
const MAX_RECENT = 50;
/** The silence after which the socket is checked, in milliseconds. Notifications are rare. */
const QUIET_MS = 60_000;
const ANSWER_MS = 10_000;
/**
 * The wait after a refused token, if the previous one was refused too or the page has no other one, in milliseconds. It
 * is multiplied by the number of refusals, at most 10.
 */
const REFUSED_MS = 60_000;
const MAX_REFUSALS = 10;

export class NotificationFeed {
  readonly #session: NotificationFeedHost;
  readonly #address: string;
  readonly #signal: AbortSignal;
  #state: NotificationState = { unread: 0, recent: [] };
  #socket: NotificationConnection | undefined;
  /** When the current socket was opened, and whether anything was received on it. */
  #openedAt = Infinity;
  #isHeard = false;
  /** Whether a socket was up before: notifications since then are new. */
  #wasUp = false;
  /** Whether the unread count was requested, and not received yet. */
  #isAsking = false;
  /** Whether the backend closes the socket when it receives a frame. */
  #isReadOnly = false;
  #sentAt = -Infinity;
  #cancel: () => void = () => {};

  /** Keeps a socket to `address` open until `signal` aborts. */
  constructor(session: NotificationFeedHost, address: string, signal: AbortSignal) {
    this.#session = session;
    this.#address = address;
    this.#signal = signal;
    void this.#run();
  }

  /** Marks one notification, or all of them, as read. @returns whether it could be sent. */
  markRead(id: Id | undefined): boolean {
    const { recent, unread } = this.#state;
    const isMeant = (notification: Notification): boolean =>
      !notification.is_read && (id === undefined || sameId(notification.id, id));
    const count = recent.filter(isMeant).length;
    this.#tell({
      unread: id === undefined ? 0 : Math.max(0, unread - count),
      recent: recent.map((each) => (isMeant(each) ? { ...each, is_read: true } : each)),
    });
    return this.#send((socket) => socket.markRead(id));
  }

  async #run(): Promise<void> {
    const { clock, platform } = this.#session;
    const signal = this.#signal;
    for (let failed = 0, refusals = 0, wasUp = false; !signal.aborted;) {
      const { token } = this.#session;
      const { code, wasUp: isLost } = await this.#live();
      if (signal.aborted) return;
      failed = isLost ? 1 : failed + 1;
      if (code === CloseCode.serverError && clock.now() - this.#sentAt < ANSWER_MS) this.#isReadOnly = true;
      const isRefused = afterClose(code) === 'renew';
      if (isLost || !isRefused) refusals = 0;
      // The token may have expired: the page is asked for another one at once, and after that at growing intervals.
      if (isRefused && refusals++ > 0) await this.#waitAfterRefusal(refusals - 1);
      while (isRefused && !signal.aborted && !(await this.#session.auth.flow?.refresh(token).catch(() => false)))
        await this.#waitAfterRefusal(refusals++);
      await sleep(
        clock,
        backoff(Math.max(failed, leastAttempt(afterClose(code), { isLost, wasUp })), platform.random),
        signal,
      );
      wasUp ||= isLost;
    }
  }

  async #waitAfterRefusal(refusals: number): Promise<void> {
    await sleep(this.#session.clock, Math.min(refusals, MAX_REFUSALS) * REFUSED_MS, this.#signal);
  }

  async #live(): Promise<SocketEnd & { wasUp: boolean }> {
    const { auth, clock, platform, report } = this.#session;
    const [address, signal] = [this.#address, this.#signal];
    this.#openedAt = Infinity;
    this.#isHeard = this.#isAsking = false;
    try {
      const token = await auth.credential(signal);
      if (signal.aborted) return { code: CloseCode.normal, reason: '', wasUp: false };
      return await new Promise((resolve) => {
        const socket = openNotifications({
          address,
          auth: auth.mode,
          token,
          onOpen: () => {
            this.#openedAt = clock.now();
            this.#listen();
            this.#ask();
          },
          onAlive: () => {
            this.#isHeard = true;
            this.#listen();
          },
          onEvent: (event) => this.#onEvent(event),
          onProblem: (problem) => report({ type: 'problem', problem }),
          onEnd: (end) => {
            this.#cancel();
            signal.removeEventListener('abort', stop);
            this.#socket = undefined;
            // A socket that is accepted and closed at once has not worked, so the waits grow.
            const wasUp = this.#isHeard || clock.now() - this.#openedAt >= ANSWER_MS;
            this.#wasUp ||= wasUp;
            resolve({ ...end, wasUp });
          },
          WebSocket: platform.WebSocket,
        });
        const stop = (): void => socket.end(CloseCode.normal, '');
        signal.addEventListener('abort', stop);
        this.#socket = socket;
        this.#cancel = clock.after(ANSWER_MS, () => socket.end(CloseCode.timeout, 'not opened'));
      });
    } catch {
      return { code: CloseCode.abnormal, reason: '', wasUp: false };
    }
  }

  /** Restarts the timer for silence. After a silence the count is requested; without an answer the socket is ended. */
  #listen(): void {
    const { clock } = this.#session;
    this.#cancel();
    this.#cancel = clock.after(QUIET_MS, () => {
      if (!this.#ask()) return;
      this.#cancel = clock.after(ANSWER_MS, () => this.#socket?.end(CloseCode.timeout, 'no answer'));
    });
  }

  #ask(): boolean {
    return (this.#isAsking = this.#send((socket) => socket.requestUnreadCount()));
  }

  #send(request: (socket: NotificationConnection) => boolean): boolean {
    if (this.#isReadOnly) return false;
    this.#sentAt = this.#session.clock.now();
    return this.#socket ? request(this.#socket) : false;
  }

  #onEvent(event: NotificationEvent): void {
    const { recent, unread } = this.#state;
    switch (event.type) {
      case 'recent': {
        const notifications = event.notifications.slice(0, MAX_RECENT);
        // Notifications that arrived during a reconnect are new; those of the first connection are not. If none were
        // known before, those that are read by now may be old.
        const isNews = (each: Notification): boolean =>
          (recent.length > 0 || !each.is_read) && !recent.some(({ id }) => idKey(id) === idKey(each.id));
        const fresh = this.#wasUp ? notifications.filter(isNews) : [];
        this.#tell({ recent: notifications, unread: event.notifications.filter(({ is_read }) => !is_read).length });
        for (const notification of fresh) this.#tell(this.#state, notification);
        // There may be more unread notifications than these.
        if (!this.#isAsking) this.#ask();
        return;
      }
      case 'new': {
        const { notification } = event;
        if (recent.some(({ id }) => sameId(id, notification.id))) return;
        return this.#tell(
          { recent: [notification, ...recent].slice(0, MAX_RECENT), unread: unread + (notification.is_read ? 0 : 1) },
          notification,
        );
      }
      case 'unread-count':
        this.#isAsking = false;
        if (event.count !== unread) this.#tell({ recent, unread: event.count });
        return;
      default: // a confirmation of a change that is already shown
    }
  }

  /** Sends the state to the other tabs. */
  tellAgain(): void {
    this.#session.tabs.broadcast({ kind: 'notifications', state: this.#state, fresh: undefined });
  }

  #tell(state: NotificationState, fresh?: Notification): void {
    this.#state = state;
    this.#session.tabs.broadcast({ kind: 'notifications', state, fresh });
    this.#session.report({ type: 'notifications', state, fresh });
  }
}
