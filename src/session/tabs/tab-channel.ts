/**
 * Communication between the tabs of one origin and one scope (BroadcastChannel), and the election of the leader tab
 * (Web Locks: the browser passes a lock on at the moment its holder is gone).
 */
import type { Id, Message, Notification, Room } from '../../protocol/index.js';
import type { Clock, TransportCommand } from '../../transport/index.js';
import type { Method, NotificationState, StoredMessage } from '../../model/index.js';

/** A message between tabs. Never contains a token. */
export type TabMessage = SocketTabMessage | OutboxTabMessage;

/** About the shared socket: see shared-socket.ts. */
export type SocketTabMessage =
  /** To the leader: this tab wants to use the socket. */
  | { kind: 'join' }
  /** From the leader: the server's greeting; `null` while there is no socket. */
  | { kind: 'greeting'; text: unknown }
  | { kind: 'text'; text: unknown }
  | { kind: 'send'; command: TransportCommand }
  /** To the leader: the rooms that this tab shows. Sent when they change, and in response to `who`. */
  | { kind: 'rooms'; tab: string; rooms: readonly Id[] }
  /** From the leader: which tabs are still open, and which rooms do they show? */
  | { kind: 'who' }
  | { kind: 'ended' }
  /** From a new leader: the followers of the previous one join again. */
  | { kind: 'leads' }
  | { kind: 'notifications'; state: NotificationState; fresh: Notification | undefined }
  /** To the leader: one notification, or all of them, was read. */
  | { kind: 'notification-read'; id: Id | undefined };

/** About a message: written, stored, refused, retried, discarded. See delivery-fallback.ts. */
export type OutboxTabMessage =
  | { kind: 'added'; kept: StoredMessage }
  | { kind: 'stored'; kept: StoredMessage; message: Message; method: Method }
  | { kind: 'refused'; kept: StoredMessage }
  /** The text of an unsent message was changed. */
  | { kind: 'rewritten'; kept: StoredMessage }
  | { kind: 'retry'; localId: string }
  | { kind: 'discard'; localId: string }
  /** The room of unsent messages was created. */
  | { kind: 'room-created'; localRoomId: Id; room: Room }
  /** A file of an unsent message was uploaded. */
  | { kind: 'uploaded'; uploadId: string; remoteId: Id }
  /** All local data is deleted: drafts that are not saved yet must not be saved. */
  | { kind: 'purged' };

/** The browser's APIs for tabs. Without them each tab works alone. */
export interface TabApis {
  locks?: LockManager | undefined;
  BroadcastChannel?: typeof BroadcastChannel | undefined;
}

/**
 * Tabs with another version of this protocol share neither a socket nor a lock: they do not receive each other's
 * messages.
 */
const VERSION = 3;
/** The deadline for the browser's answer to a lock request, in milliseconds. */
const LOCK_MS = 3_000;

const nameOf = (what: 'channel' | 'socket' | 'outbox' | 'people', scope: string): string =>
  `unified-chat/${VERSION} ${what} ${scope}`;

/** A channel between the tabs of one scope. */
export class TabChannel<Message = TabMessage> {
  readonly #channel: BroadcastChannel | undefined;

  /** @param what `people`: between all tabs of one backend, including those of other users. */
  constructor(
    scope: string,
    { BroadcastChannel }: TabApis,
    onMessage: (message: Message) => void,
    what: 'channel' | 'people' = 'channel',
  ) {
    try {
      // A browser that blocks storage may have the class, but throw.
      this.#channel = BroadcastChannel && new BroadcastChannel(nameOf(what, scope));
    } catch {
      // Each tab works alone.
    }
    if (!this.#channel) return;
    // Validated by the receivers: see tab-messages.ts, user-channel.ts.
    this.#channel.onmessage = ({ data }) => {
      if (data) onMessage(data as Message);
    };
  }

  /** Whether this tab can communicate with others. */
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
  /**
   * Called when this tab holds the lock. Also if the browser refuses locks (a sandboxed page): then each tab works
   * alone.
   */
  onHeld(): void;
  /** Called when another tab has stolen the lock, because this tab did not answer. */
  onLost(): void;
  /** Whether to steal the lock from a tab that does not answer. */
  steal: boolean;
}

/**
 * Requests a lock, and holds it until `signal` aborts.
 * @param what the socket, or the outbox, of a scope.
 * @returns whether it was free. A browser that does not answer in time counts as one that refuses locks; if another tab
 *   turns out to hold the lock, `onLost` is called.
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
    // A tab that steals a lock has already received an answer from the browser.
    const cancel = steal ? () => {} : clock.after(LOCK_MS, failed);
    // Some browsers throw instead of rejecting.
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
