/**
 * Tabs of one page origin, one backend and one person know of each other: one of them holds the socket and sends what
 * waits; the others are told. Who it is, Web Locks decide, because a browser gives a lock on the moment its holder is gone.
 */
import type { ClientFrame, Id, Message, Notification } from '../protocol/index.js';
import type { Method, NotificationState } from './events.js';
import type { Kept } from './vault.js';

/** What tabs tell each other. Never a token. */
export type TabMessage =
  /** To whoever has the socket: I would like to listen. */
  | { kind: 'join' }
  /** From whoever has the socket: what the server said at first; `null` as long as there is no socket. */
  | { kind: 'greeting'; text: unknown }
  | { kind: 'text'; text: unknown }
  | { kind: 'send'; frame: ClientFrame }
  /** To whoever has the socket: these are the rooms that this tab shows. Said when they change, and when asked for. */
  | { kind: 'rooms'; tab: string; rooms: readonly Id[] }
  /** From whoever has the socket: which tabs are still there, and what do they show? */
  | { kind: 'who' }
  | { kind: 'ended' }
  /** From a tab that has got the socket from another one: whoever listened there is to join anew. */
  | { kind: 'leads' }
  | { kind: 'notifications'; state: NotificationState; fresh: Notification | undefined }
  /** To whoever has the socket: one was read, or all of them. */
  | { kind: 'notification-read'; id: Id | undefined }
  /** Somebody wrote a message; it was stored, refused, sent again, given up. */
  | { kind: 'added'; kept: Kept }
  | { kind: 'stored'; kept: Kept; message: Message; method: Method }
  | { kind: 'refused'; kept: Kept }
  | { kind: 'retry'; localId: string }
  | { kind: 'discard'; localId: string };

/** What tabs are made of; without it each tab is alone. */
export interface TabParts {
  locks?: LockManager | undefined;
  BroadcastChannel?: typeof BroadcastChannel | undefined;
}

/** Tabs with another version of this protocol do not hear each other. */
const VERSION = 1;

/** Between the tabs of one scope. */
export class TabLink {
  readonly #channel: BroadcastChannel | undefined;

  constructor(scope: string, { BroadcastChannel }: TabParts, onMessage: (message: TabMessage) => void) {
    if (!BroadcastChannel) return;
    this.#channel = new BroadcastChannel(`unified-chat ${VERSION} ${scope}`);
    this.#channel.onmessage = ({ data }) => onMessage(data as TabMessage);
  }

  tell(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }

  close(): void {
    this.#channel?.close();
  }
}

/**
 * Takes a lock, or waits in line for it, and keeps it until `signal` aborts.
 * @param onHeld called when it is ours.
 * @param onLost called when another tab has taken it away, because we did not answer.
 * @returns whether it was free.
 */
export function takeTurn(locks: LockManager, name: string, signal: AbortSignal, onHeld: () => void, onLost: () => void, steal = false): Promise<boolean> {
  let held = false;
  const keep = (): Promise<void> => {
    if (signal.aborted) return Promise.resolve();
    held = true;
    onHeld();
    return new Promise((release) => signal.addEventListener('abort', () => release()));
  };
  return new Promise((decide) => {
    const failed = (): void => {
      if (signal.aborted) return;
      // Taken away from us; or refused altogether (a sandboxed page), and then each tab is alone.
      if (held) onLost();
      else onHeld();
      decide(!held);
    };
    locks
      .request(name, steal ? { steal } : { ifAvailable: true }, (lock) => {
        decide(lock !== null);
        if (lock) return keep();
        locks.request(name, { signal }, keep).catch(failed);
        return undefined;
      })
      .catch(failed);
  });
}
