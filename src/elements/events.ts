/** The elements' events. All of them bubble and cross shadow roots, so `document` can listen for them. */
import type { Id, Notification } from '../protocol/index.js';
import type { Reason } from '../locale/state-reasons.js';
import type { ChatState, Method } from '../model/index.js';
import type { ChatMessage } from '../client/index.js';
import type { ChatError } from '../transport/index.js';

export const BUBBLING: EventInit = { bubbles: true, composed: true };

/** `chat-state-change`: the connection's state, or the reason for it, has changed. */
export class ChatStateChangeEvent extends Event {
  constructor(
    /** The new state. */
    readonly state: ChatState,
    readonly previous: ChatState,
    /** Why the connection is in the new state. */
    readonly reason: Reason,
  ) {
    super('chat-state-change', BUBBLING);
  }
}

/** `chat-unread-change`: the number of unread messages has changed. */
export class ChatUnreadChangeEvent extends Event {
  constructor(
    /** Unread messages in all rooms. */
    readonly total: number,
  ) {
    super('chat-unread-change', BUBBLING);
  }
}

/**
 * `chat-token-expired`: the connection needs a token, because there is none or it was refused. Call `respondWith`, or
 * set the element's `token`.
 */
export class ChatTokenExpiredEvent extends Event {
  constructor(
    /** Supplies the new token, or a promise of it. Call it synchronously, in the event listener. */
    readonly respondWith: (token: Promise<string> | string) => void,
  ) {
    super('chat-token-expired', BUBBLING);
  }
}

/** `chat-notification`: a notification was received, or the number of unread notifications has changed. */
export class ChatNotificationEvent extends Event {
  constructor(
    /** The new notification; undefined if only the unread count has changed. */
    readonly notification: Notification | undefined,
    /** Unread notifications. */
    readonly unread: number,
  ) {
    super('chat-notification', BUBBLING);
  }
}

/** `chat-error`: a problem that the developer of the page should know about. No messages are lost because of it. */
export class ChatErrorEvent extends Event {
  constructor(
    /**
     * Code that stays the same between versions:
     * - `invalid_json`, `invalid_frame`, `invalid_item`, `unknown_frame`: the server sent invalid data, which was left
     *   out.
     * - `server_error`: the server reported an error, the configuration is wrong, or the chat failed internally.
     * - `token_provider`: `tokenProvider`, `tokenUrl` or a `chat-token-expired` listener failed.
     * - `storage_unavailable`: the browser cannot store unsent messages.
     * - `reload_required`: a newer version of the chat in another tab has upgraded the storage.
     * - `render_failed`: a message or room could not be displayed.
     */
    readonly code: string,
    /** English explanation. Never contains the token. */
    readonly message: string,
  ) {
    super('chat-error', BUBBLING);
  }
}

/** `chat-message`: another user's message was received in the room that the thread shows. */
export class ChatMessageEvent extends Event {
  constructor(readonly message: ChatMessage) {
    super('chat-message', BUBBLING);
  }
}

/**
 * `chat-before-send`: the user is about to send a message. `preventDefault()` keeps it in the field, unsent. `content` can
 * be changed.
 */
export class ChatBeforeSendEvent extends Event {
  constructor(
    readonly roomId: Id,
    /** The text, without trailing white space and leading blank lines. What a listener sets is sent instead. */
    public content: string,
  ) {
    super('chat-before-send', { ...BUBBLING, cancelable: true });
  }
}

/** `chat-send`: the server has stored a message of the current user. */
export class ChatSendEvent extends Event {
  constructor(
    readonly roomId: Id,
    /** How the message was sent. */
    readonly method: Method,
    readonly message: ChatMessage,
  ) {
    super('chat-send', BUBBLING);
  }
}

/**
 * `chat-send-failed`: a message of the current user failed permanently. It stays in the thread, to retry or discard.
 */
export class ChatSendFailedEvent extends Event {
  constructor(
    readonly roomId: Id,
    /** Identifies the message for `connection.retry()` and `connection.discard()`. */
    readonly localId: string,
    readonly error: ChatError,
  ) {
    super('chat-send-failed', BUBBLING);
  }
}

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
