/** What a connection tells the page. The elements turn these into DOM events of the same names. */
import { callListener } from '../internal/call-listener.js';
import type { Id, Notification } from '../protocol/index.js';
import type { ChatState, Method, Reason } from '../session/index.js';
import type { ChatError } from '../transport/index.js';
import type { ChatMessage } from '../store/state.js';

export interface ConnectionEvents {
  'chat-state-change': { state: ChatState; previous: ChatState; reason: Reason };
  /** Sum over all rooms. */
  'chat-unread-change': { total: number };
  /** The token was refused. Answer with another: `respondWith(fetchToken())`. */
  'chat-token-expired': { respondWith(token: Promise<string> | string): void };
  /** Something was not as agreed; nothing is lost for it. */
  'chat-error': { code: string; message: string };
  /** A message came in while we were looking; not one from the history. */
  'chat-message': { roomId: Id; message: ChatMessage };
  /** Something happened where nobody was looking, or was read. `notification`: the new one, if that is what happened. */
  'chat-notification': { notification: Notification | undefined; unread: number };
  /** A message of ours is stored. */
  'chat-send': { roomId: Id; method: Method; message: ChatMessage };
  /** A message of ours was refused for good; `retry` or `discard` it. */
  'chat-send-failed': { roomId: Id; localId: string; error: ChatError };
}

export type Listener<Name extends keyof ConnectionEvents> = (happening: ConnectionEvents[Name]) => void;
type Listeners = Map<string, Set<Listener<never>>>;

/** The listeners of a connection, by event. */
export class ListenerRegistry {
  readonly #listeners: Listeners = new Map();

  /** @returns how to stop listening. */
  on<Name extends keyof ConnectionEvents>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit<Name extends keyof ConnectionEvents>(name: Name, happening: ConnectionEvents[Name]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])] as Listener<Name>[]) callListener(() => listener(happening));
  }
}
