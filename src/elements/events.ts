/** The events of the elements. All bubble and cross shadow roots, so that one listener on the page hears them. */
import type { Id, Notification } from '../protocol/index.js';
import type { ChatState, Method, Reason } from '../session/index.js';
import type { ChatMessage } from '../client/index.js';
import type { ChatError } from '../transport/index.js';

export const OUT: EventInit = { bubbles: true, composed: true };

/** The connection's state, or the reason for it, has changed. */
export class ChatStateChangeEvent extends Event {
  constructor(
    readonly state: ChatState,
    readonly previous: ChatState,
    readonly reason: Reason,
  ) {
    super('chat-state-change', OUT);
  }
}

/** The number of unread messages, over all rooms, has changed. */
export class ChatUnreadChangeEvent extends Event {
  constructor(readonly total: number) {
    super('chat-unread-change', OUT);
  }
}

/** The token was refused. Answer with another one by `respondWith`, or set the `token` attribute. */
export class ChatTokenExpiredEvent extends Event {
  constructor(
    /** Takes the new token, or a promise of it. */
    readonly respondWith: (token: Promise<string> | string) => void,
  ) {
    super('chat-token-expired', OUT);
  }
}

/** Something happened where nobody was looking (`notification`), or the number of what is unread has changed. */
export class ChatNotificationEvent extends Event {
  constructor(
    readonly notification: Notification | undefined,
    readonly unread: number,
  ) {
    super('chat-notification', OUT);
  }
}

/** Something was not as agreed. Nothing is lost for it; it is for whoever looks after the page. */
export class ChatErrorEvent extends Event {
  constructor(
    /** Stable: `invalid_frame`, `unknown_frame`, `bad_url` … */
    readonly code: string,
    readonly message: string,
  ) {
    super('chat-error', OUT);
  }
}

/** A message came in, live, in the room that the thread shows. */
export class ChatMessageEvent extends Event {
  constructor(readonly message: ChatMessage) {
    super('chat-message', OUT);
  }
}

/** Somebody wants to send what is in the field. `preventDefault()` leaves it there, unsent. */
export class ChatBeforeSendEvent extends Event {
  constructor(
    readonly roomId: Id,
    readonly content: string,
  ) {
    super('chat-before-send', { ...OUT, cancelable: true });
  }
}

/** A message of ours is stored; `method` says which way it went. */
export class ChatSendEvent extends Event {
  constructor(
    readonly roomId: Id,
    readonly method: Method,
    readonly message: ChatMessage,
  ) {
    super('chat-send', OUT);
  }
}

/** A message of ours was refused for good. It stays in the thread, to retry or to discard. */
export class ChatSendFailedEvent extends Event {
  constructor(
    readonly roomId: Id,
    /** For `connection.retry()` and `connection.discard()`. */
    readonly localId: string,
    readonly error: ChatError,
  ) {
    super('chat-send-failed', OUT);
  }
}

/** Of an element, of `document`, of `window`: they bubble. */
declare global {
  interface GlobalEventHandlersEventMap {
    'chat-state-change': ChatStateChangeEvent;
    'chat-unread-change': ChatUnreadChangeEvent;
    'chat-token-expired': ChatTokenExpiredEvent;
    'chat-error': ChatErrorEvent;
    'chat-notification': ChatNotificationEvent;
    'chat-message': ChatMessageEvent;
    'chat-before-send': ChatBeforeSendEvent;
    'chat-send': ChatSendEvent;
    'chat-send-failed': ChatSendFailedEvent;
  }
}
