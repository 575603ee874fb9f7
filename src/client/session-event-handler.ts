/** Applies the session's events to the state, and passes them on to listeners. */
import type { SessionEvent } from '../model/index.js';
import { idKey, sameId, type Id, type Message } from '../protocol/index.js';
import { noop } from '../internal/noop.js';
import type { KeyedTimers } from '../internal/keyed-timers.js';
import type { Session } from '../session/index.js';
import { isOwn, threadOf } from '../store/selectors.js';
import type { ChatData, ChatMessage } from '../store/state.js';
import { isSeen } from '../store/threads.js';
import { isNoAccess, type ChatError } from '../transport/index.js';
import type * as deferred from './deferred.js';
import type { PendingSends } from './pending-sends.js';
import type { ReadReceipts } from './read-receipts.js';
import type { StateStore } from './state-store.js';

/** Maximum number of different problems that are reported. */
const MAX_PROBLEMS = 200;

/** The parts of its connection that the handler uses. */
export interface EventHandlerHost {
  readonly store: StateStore;
  readonly session: Session;
  readonly timers: KeyedTimers;
  readonly pending: PendingSends;
  /** Runs a function with the code for receipts. @throws {ChatError} `unreachable` if it cannot be loaded. */
  withReceipts(run: (receipts: ReadReceipts) => void): Promise<void>;
  loadParts(): Promise<typeof deferred>;
  /**
   * The user has changed.
   * @param isHidden whether the previous user's data is already hidden.
   */
  onUserChange(isHidden: boolean): void;
  /**
   * A new token does not name its user.
   * @param lost local ids of messages that can no longer be sent.
   */
  onUncertainUser(lost: readonly string[]): void;
}

/**
 * Whether a page of history contains messages received while there was no socket, which listeners have not heard of.
 */
const isCatchUp = ({ side, skipped, roomId }: Extract<SessionEvent, { type: 'history' }>, before: ChatData): boolean =>
  side === 'missed' || side === 'overlap' || (side === 'newest' && !skipped && threadOf(before, roomId).loaded);

export class SessionEventHandler {
  readonly #host: EventHandlerHost;
  readonly #reported = new Set<string>();

  constructor(host: EventHandlerHost) {
    this.#host = host;
  }

  handle(event: SessionEvent): void {
    const { store, session, pending, timers } = this.#host;
    if (event.type === 'user' && event.isOther) this.#host.onUserChange(event.isHidden);
    if (event.type === 'person-uncertain') return this.#host.onUncertainUser(event.lost);
    const before = store.data;
    store.dispatch(event);
    if (store.data.early !== before.early) this.#host.loadParts().then(() => store.dispatch({ type: 'late' }), noop);
    switch (event.type) {
      case 'rooms':
        if (store.data.reading.length > 0)
          void this.#host.withReceipts((receipts) => receipts.onRoomList(event.rooms)).catch(noop);
        return;
      case 'live-message':
        return this.#onMessage(before, event);
      case 'stored': {
        const { localId, roomId, method } = event;
        const message = this.#entryOf(roomId, event.message);
        pending.resolve(localId, { method, message });
        return store.events.emit('chat-send', { roomId, method, message });
      }
      case 'refused': {
        const { localId, roomId, error } = event;
        // The user may have lost access to the whole room: load it again, so that the thread shows that.
        if (isNoAccess(error)) void session.roomSync.read(roomId, session.signal);
        return this.failed(roomId, localId, error);
      }
      case 'offer':
      case 'room-event':
        return this.#later(event);
      case 'history':
        if (isCatchUp(event, before)) {
          for (const message of event.messages) {
            const isNew = !message.deleted_at && !isOwn(store.data, message) && !isSeen(before, event.roomId, message);
            if (isNew) this.#emitMessage(event.roomId, message);
          }
        }
        return this.#later(event);
      case 'problem':
        return this.problem(event.problem.code, event.problem.detail);
      case 'notifications':
        return store.events.emit('chat-notification', { notification: event.fresh, unread: event.state.unread });
      case 'purged':
        return timers.cancelAll('draft ');
      case 'discarded':
        return pending.rejectDiscarded(event.localId);
      case 'storage':
        return void this.#host.loadParts().then(({ STORAGE_PROBLEMS }) => {
          const problem = STORAGE_PROBLEMS[event.state];
          if (problem) this.problem(...problem);
        }, noop);
      default: // only the reducer handles the other events
    }
  }

  /** Does the rest with the deferred parts, unless the connection or its user has changed until they are loaded. */
  #later(event: Parameters<typeof deferred.afterEvent>[1]): void {
    const { signal } = this.#host.session;
    this.#host.loadParts().then(({ afterEvent }) => signal.aborted || afterEvent(this.#host, event), noop);
  }

  /** A message failed permanently. */
  failed(roomId: Id, localId: string, error: ChatError): void {
    this.#host.pending.reject(localId, error);
    this.#host.store.events.emit('chat-send-failed', { roomId, localId, error });
  }

  /** Reports each problem once: a faulty backend may repeat it in every event. */
  problem(code: string, message: string): void {
    // A message from the server or the page may contain the token.
    message = message.replaceAll(this.#host.session.token || '\0', '…');
    const key = `${code} ${message}`;
    if (this.#reported.has(key) || this.#reported.size > MAX_PROBLEMS) return;
    this.#reported.add(key);
    this.#host.store.events.emit('chat-error', { code, message });
  }

  #onMessage(before: ChatData, event: Extract<SessionEvent, { type: 'live-message' }>): void {
    const { roomId, message } = event;
    const { data } = this.#host.store;
    // The reducer changes `seen` for new messages only.
    if (before.seen === data.seen) return;
    if (!isOwn(data, message)) {
      if (data.reading.includes(idKey(roomId)))
        void this.#host.withReceipts((receipts) => receipts.send(roomId)).catch(noop);
      this.#emitMessage(roomId, message);
    }
    this.#later(event);
  }

  #emitMessage(roomId: Id, message: Message): void {
    this.#host.store.events.emit('chat-message', { roomId, message: this.#entryOf(roomId, message) });
  }

  /** The timeline's entry for a stored message, or a new one. */
  #entryOf(roomId: Id, message: Message): ChatMessage {
    const entry = threadOf(this.#host.store.data, roomId).timeline.findLast(({ id }) => sameId(id, message.id));
    return (
      entry ?? {
        ...message,
        key: `#${idKey(message.id)}`,
        delivery: 'sent',
        localId: message._tempId ?? null,
        error: null,
      }
    );
  }
}
