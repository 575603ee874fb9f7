/** What the session reports: into the state, and to listeners. */
import { idKey, sameId, type Id, type Message } from '../protocol/index.js';
import { noop } from '../internal/noop.js';
import type { KeyedTimers } from '../internal/keyed-timers.js';
import type { Session, SessionEvent } from '../session/index.js';
import { isOwn, roomOf, threadOf } from '../store/selectors.js';
import type { ChatData, ChatMessage } from '../store/state.js';
import { isSeen } from '../store/threads.js';
import { isNoAccess, type ChatError } from '../transport/index.js';
import type * as deferred from './deferred.js';
import type { PendingSends } from './pending-sends.js';
import type { ReadReceipts } from './read-receipts.js';
import type { StateStore } from './state-store.js';

/** Without another word for so long, in milliseconds, a user has stopped typing. */
const TYPING_MS = 6_000;
/** Milliseconds until the list is read again for a room that it did not have. */
const UNKNOWN_ROOM_MS = 60_000;
/** Different problems that are reported. */
const MAX_PROBLEMS = 200;

/** What it uses of its connection. */
export interface EventHandlerHost {
  readonly store: StateStore;
  readonly session: Session;
  readonly timers: KeyedTimers;
  readonly pending: PendingSends;
  /** Receipts, as soon as their code is loaded. */
  withReceipts(run: (receipts: ReadReceipts) => void): void;
  loadParts(): Promise<typeof deferred>;
  /** The user has changed. @param isHidden whether the last user's data is hidden already. */
  onUserChange(isHidden: boolean): void;
  /** A new token does not name its user. @param lost local ids of messages that cannot be sent any more. */
  onUncertainUser(lost: readonly string[]): void;
}

/** Whether messages of a page of history are news: they came in while there was no socket. */
const isNews = ({ side, skipped, roomId }: Extract<SessionEvent, { type: 'history' }>, before: ChatData): boolean =>
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
        if (store.data.reading.length > 0) this.#host.withReceipts((receipts) => receipts.onRoomList(event.rooms));
        return;
      case 'live-message':
        return this.#onMessage(before, event.roomId, event.message);
      case 'stored': {
        const { localId, roomId, method } = event;
        const message = this.#shown(roomId, event.message);
        pending.resolve(localId, { method, message });
        return store.events.emit('chat-send', { roomId, method, message });
      }
      case 'refused': {
        const { localId, roomId, error } = event;
        // Perhaps the room cannot even be read any more: then the thread says so.
        if (isNoAccess(error)) void session.roomSync.read(roomId, session.signal);
        return this.failed(roomId, localId, error);
      }
      case 'frame': {
        const { frame } = event;
        if (frame.type === 'typing' && frame.is_typing) {
          const { room_id: roomId, user_id: userId } = frame;
          timers.set(`typist ${idKey(roomId)} ${idKey(userId)}`, TYPING_MS, () => store.dispatch({ type: 'typing-expired', roomId, userId }));
        }
        if (frame.type === 'room_updated') this.#onUnknownRoom(frame.room_id);
        return;
      }
      case 'history':
        if (isNews(event, before)) for (const message of event.messages) if (!isOwn(store.data, message) && !isSeen(before, event.roomId, message)) this.#emitMessage(event.roomId, message);
        return;
      case 'problem':
        return this.problem(event.problem.code, event.problem.detail);
      case 'notifications':
        return store.events.emit('chat-notification', { notification: event.fresh, unread: event.state.unread });
      case 'purged':
        return timers.cancelAll('draft ');
      case 'discarded':
        return pending.rejectDiscarded(event.localId);
      case 'vault':
        return void this.#host.loadParts().then(({ STORAGE_PROBLEMS }) => {
          const problem = STORAGE_PROBLEMS[event.state];
          if (problem) this.problem(...problem);
        }, noop);
      default: // what the reducer alone needs to know
    }
  }

  /** A message will not be sent. */
  failed(roomId: Id, localId: string, error: ChatError): void {
    this.#host.pending.reject(localId, error);
    this.#host.store.events.emit('chat-send-failed', { roomId, localId, error });
  }

  /** Reports each problem once: a backend that is wrong is wrong in every frame. */
  problem(code: string, message: string): void {
    // A server, or the page, may repeat the token in its text.
    message = message.replaceAll(this.#host.session.token || '\0', '…');
    const text = `${code} ${message}`;
    if (this.#reported.has(text) || this.#reported.size > MAX_PROBLEMS) return;
    this.#reported.add(text);
    this.#host.store.events.emit('chat-error', { code, message });
  }

  #onMessage(before: ChatData, roomId: Id, message: Message): void {
    const { data } = this.#host.store;
    // Only a message that is new changes `seen`.
    if (before.seen === data.seen) return;
    if (!isOwn(data, message)) {
      if (data.reading.includes(idKey(roomId))) this.#host.withReceipts((receipts) => receipts.send(roomId));
      this.#emitMessage(roomId, message);
    }
    this.#onUnknownRoom(roomId);
  }

  /** Something happens in a room that is not in the list: the user was just let in. */
  #onUnknownRoom(roomId: Id): void {
    const { store, session, timers } = this.#host;
    const timer = `meet ${idKey(roomId)}`;
    if (!store.data.roomsLoaded || roomOf(store.data, roomId) || timers.has(timer)) return;
    // Once a minute: a backend may tell of a room that its list never has.
    timers.set(timer, UNKNOWN_ROOM_MS, noop);
    void session.refreshRooms().catch(noop);
  }

  #emitMessage(roomId: Id, message: Message): void {
    this.#host.store.events.emit('chat-message', { roomId, message: this.#shown(roomId, message) });
  }

  /** A stored message as the thread has it, or as it would. */
  #shown(roomId: Id, message: Message): ChatMessage {
    const shown = threadOf(this.#host.store.data, roomId).timeline.findLast(({ id }) => sameId(id, message.id));
    return shown ?? { ...message, key: `#${idKey(message.id)}`, delivery: 'sent', localId: message._tempId ?? null, error: null };
  }
}
