/** What the outbox and its second chances (delivery-fallback.ts) know of a message, and of each other. */
import type { Id, Message } from '../../protocol/index.js';
import type { ChatError } from '../../transport/index.js';
import type { Method, PassedFrame, SessionEvent } from '../events.js';
import type { SessionContext } from '../session-context.js';
import type { TabMessage } from '../tabs/tab-channel.js';
import type { StoredMessage } from './message-storage.js';

export type DeliveryOutcome =
  /** `meanwhile`: changes that were applied while the answer was on its way. They may be about this message, and are applied again after it. */
  | { is: 'stored'; message: Message; method: Method; meanwhile?: readonly PassedFrame[] }
  | { is: 'refused'; error: ChatError }
  /** Not now; again after `ms` (null: not by itself), or as soon as the outbox is woken; not before, where the server asked for that. */
  | { is: 'retry'; ms: number | null; isAsked?: true }
  /** Sent, and nobody said what became of it. */
  | { is: 'unknown' };

export interface QueuedMessage extends StoredMessage {
  /** It has left, this way, and may be stored: never send it again without asking. */
  left?: Method | undefined;
  /** Found stored, whichever way the news came. */
  stored?: Message;
  /** Tries that failed for a temporary cause. */
  failures: number;
  /** Of these, those at which the server broke down. */
  crashes: number;
  /** Set while a request that sends it is on its way: called when the news that it is stored comes by another way. */
  onSettled?: (() => void) | undefined;
  /** Set while it waits for a word from the socket. */
  answer?: ((outcome: DeliveryOutcome) => void) | undefined;
}

export interface Queue {
  items: QueuedMessage[];
  busy: boolean;
  /** Woken while busy: what just failed may work now. */
  woken: boolean;
  /** The server asked for patience until then, in milliseconds since 1970. */
  notBefore: number;
  cancelRetry: () => void;
}

export interface OutboxContext {
  readonly session: SessionContext;
  /** By room. */
  readonly queues: ReadonlyMap<string, Queue>;

  /** Tells the store, or the other tabs of its author; not while another user is signed in. */
  report(event: SessionEvent): void;
  broadcast(message: TabMessage): void;
  /** Writes a message, as it is now, to the vault. */
  save(message: StoredMessage): Promise<void>;
  /** Whether this tab sends. */
  readonly isSender: boolean;
  /** Puts a message in line. */
  push(kept: StoredMessage & Pick<QueuedMessage, 'left'>): void;
  /** @returns a message that waits. */
  find(localId: string): QueuedMessage | undefined;
  /** Whether a message is known to be stored. */
  isStored(localId: string): boolean;
  /** Takes a message out of its queue. */
  remove(localId: string): QueuedMessage | undefined;
  /** Another tab has given it up. */
  discarded(localId: string): void;
  /** @returns the id under which a message from the server was sent, if it is one of those on their way. */
  matchPending(roomId: Id, message: Message): string | undefined;
  /** It is stored. */
  settle(item: QueuedMessage, message: Message): void;
  /** Whether the backend recognises messages by their names; it may have said so before this page was loaded. */
  acceptsIdempotencyKey(item: QueuedMessage): boolean;
  /** Whether a message has waited so long that its author decides whether it is still to be sent. */
  isStale(item: QueuedMessage): boolean;
  /** Whether it would recognise this one, whichever way it has left. */
  isIdempotent(item: QueuedMessage): boolean;
}
