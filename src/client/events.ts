import { callListener } from '../internal/call-listener.js';
import type { Id, Notification } from '../protocol/index.js';
import type { Reason } from '../locale/state-reasons.js';
import type { BeforeAttach, ChatState, Method } from '../model/index.js';
import type { ChatError } from '../transport/index.js';
import type { ChatMessage } from '../store/state.js';

/** The events of a connection, with their payloads. The elements dispatch DOM events of the same names. */
export interface ConnectionEvents {
  /** The state, or the reason for it, has changed. */
  'chat-state-change': { state: ChatState; previous: ChatState; reason: Reason };
  /** `total`: unread messages in all rooms. */
  'chat-unread-change': { total: number };
  /** A token is needed: there is none, or it was refused. Answer synchronously: `respondWith(fetchToken())`. */
  'chat-token-expired': { respondWith(token: Promise<string> | string): void };
  /** A problem for the page's developer. No messages are lost. `code` is stable between versions. */
  'chat-error': { code: string; message: string };
  /** A message of another user was received, live or after a reconnection. Not for pages of history. */
  'chat-message': { roomId: Id; message: ChatMessage };
  /** A notification was received (`notification`), or the number of unread notifications has changed. */
  'chat-notification': { notification: Notification | undefined; unread: number };
  /** A file is about to be added to a message. Answer synchronously: `prevent(reason)` or `uploadWith(uploader)`. */
  'chat-before-attach': BeforeAttach;
  /** The server has stored a message of the current user. */
  'chat-send': { roomId: Id; method: Method; message: ChatMessage };
  /** A message of the current user failed permanently. Call `retry(localId)` or `discard(localId)`. */
  'chat-send-failed': { roomId: Id; localId: string; error: ChatError };
}

export type Listener<Name extends keyof ConnectionEvents> = (event: ConnectionEvents[Name]) => void;
type Listeners = Map<string, Set<Listener<never>>>;

/** The listeners of a connection, by event. */
export class ListenerRegistry {
  readonly #listeners: Listeners = new Map();

  /** @returns a function that removes the listener. */
  on<Name extends keyof ConnectionEvents>(name: Name, listener: Listener<Name>): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  emit<Name extends keyof ConnectionEvents>(name: Name, event: ConnectionEvents[Name]): void {
    const listeners = [...(this.#listeners.get(name) ?? [])] as Listener<Name>[];
    for (const listener of listeners) callListener(() => listener(event));
  }
}
