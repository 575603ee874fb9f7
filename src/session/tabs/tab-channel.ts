/**
 * How tabs of one page origin and one scope talk to each other (BroadcastChannel), and how they elect a leader (Web Locks: the browser passes a lock on
 * at the moment its holder is gone).
 */
import type { ClientFrame, Id, Message, Notification } from '../../protocol/index.js';
import type { Clock } from '../../transport/index.js';
import type { Method, NotificationState, StoredMessage } from '../../model/index.js';

/** A message between tabs. Never with a token. */
export type TabMessage = SocketTabMessage | OutboxTabMessage;

/** About the socket that they share: see shared-socket.ts. */
export type SocketTabMessage =
  /** To the tab that has the socket: I would like to listen. */
  | { kind: 'join' }
  /** From the tab that has the socket: the server's greeting; `null` as long as there is no socket. */
  | { kind: 'greeting'; text: unknown }
  | { kind: 'text'; text: unknown }
  | { kind: 'send'; frame: ClientFrame }
  /** To the tab that has the socket: these are the rooms that this tab shows. Said when they change, and when asked for. */
  | { kind: 'rooms'; tab: string; rooms: readonly Id[] }
  /** From the tab that has the socket: which tabs are still open, and which rooms do they show? */
  | { kind: 'who' }
  | { kind: 'ended' }
  /** From a tab that has taken over the socket: the tabs that listened to the old one join again. */
  | { kind: 'leads' }
  | { kind: 'notifications'; state: NotificationState; fresh: Notification | undefined }
  /** To the tab that has the socket: one notification was read, or all of them. */
  | { kind: 'notification-read'; id: Id | undefined };

/** About a message: it was written, stored, refused, sent again, discarded. See delivery-fallback.ts. */
export type OutboxTabMessage =
  | { kind: 'added'; kept: StoredMessage }
  | { kind: 'stored'; kept: StoredMessage; message: Message; method: Method }
  | { kind: 'refused'; kept: StoredMessage }
  | { kind: 'retry'; localId: string }
  | { kind: 'discard'; localId: string }
  /** The device was asked to forget everything: drafts that are still to be saved are not. */
  | { kind: 'purged' };

/** The browser's APIs for tabs. Without them each tab is alone. */
export interface TabApis {
  locks?: LockManager | undefined;
  BroadcastChannel?: typeof BroadcastChannel | undefined;
}

/** Tabs with another version of this protocol share neither a socket nor a lock: they do not hear each other. */
const VERSION = 2;
/** The longest that a browser may take to answer a lock request, in milliseconds. */
const LOCK_MS = 3_000;

const nameOf = (what: 'channel' | 'socket' | 'outbox' | 'people', scope: string): string =>
  `unified-chat/${VERSION} ${what} ${scope}`;

/** Between the tabs of one scope. */
export class TabChannel<Message = TabMessage> {
  readonly #channel: BroadcastChannel | undefined;

  /** @param what `people`: between all tabs of one backend, also those of other users. */
  constructor(
    scope: string,
    { BroadcastChannel }: TabApis,
    onMessage: (message: Message) => void,
    what: 'channel' | 'people' = 'channel',
  ) {
    try {
      // A browser that blocks storage may have the class, and throw.
      this.#channel = BroadcastChannel && new BroadcastChannel(nameOf(what, scope));
    } catch {
      // Each tab is alone.
    }
    if (!this.#channel) return;
    // Checked where it is used: see tab-messages.ts, user-channel.ts.
    this.#channel.onmessage = ({ data }) => {
      if (data) onMessage(data as Message);
    };
  }

  /** Whether other tabs can be heard at all. */
  get isOpen(): boolean {
    return this.#channel !== undefined;
  }

  broadcast(message: Message): void {
    this.#channel?.postMessage(message);
  }

  close(): void {
    this.#channel?.close();
  }
}

export interface TurnOptions {
  /** Called when the lock is ours; also where the browser refuses locks (a sandboxed page): then each tab is alone. */
  onHeld(): void;
  /** Called when another tab has taken it away, because we did not answer. */
  onLost(): void;
  /** Takes the lock away from a tab that does not answer. */
  steal: boolean;
}

/**
 * Takes a lock, or waits for it, and keeps it until `signal` aborts.
 * @param what the socket, or the outbox, of a scope.
 * @returns whether it was free. A browser that does not say so in time is taken for one that refuses locks; if it turns out that another tab
 *   has it, `onLost` is called.
 */
export function acquireLock(
  clock: Clock,
  locks: LockManager,
  what: 'socket' | 'outbox',
  scope: string,
  signal: AbortSignal,
  { onHeld, onLost, steal }: TurnOptions,
): Promise<boolean> {
  const name = nameOf(what, scope);
  let held = false;
  let isAlone = false;
  const keep = (): Promise<void> => {
    if (signal.aborted) return Promise.resolve();
    held = true;
    onHeld();
    return new Promise((release) => signal.addEventListener('abort', () => release()));
  };
  return new Promise((decide) => {
    const failed = (): void => {
      cancel();
      if (signal.aborted) return decide(false);
      isAlone = !held;
      if (held) onLost();
      else onHeld();
      decide(!held);
    };
    // A tab that steals a lock was answered before.
    const cancel = steal ? () => {} : clock.after(LOCK_MS, failed);
    // Not every browser rejects: some throw.
    const request = async (options: LockOptions, callback: LockGrantedCallback<unknown>): Promise<unknown> =>
      locks.request(name, options, callback);
    request(steal ? { steal } : { ifAvailable: true }, (lock) => {
      cancel();
      decide(lock !== null);
      if (lock) return keep();
      if (isAlone) return onLost();
      request({ signal }, keep).catch(failed);
      return undefined;
    }).catch(failed);
  });
}
