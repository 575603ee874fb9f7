/** The notifications socket of our own protocol. Loaded on demand: see session/notifications/notification-loader.ts. */
import {
  decodeNotificationFrame,
  type Id,
  type Notification,
  type NotificationAction,
  type NotificationFrame,
} from '../protocol/index.js';
import { createAuthenticatedWebSocket, type AuthenticatedSocket, type SocketOptions } from './socket.js';

export type NotificationEvent =
  /** Newest first, read ones too. */
  | { type: 'recent'; notifications: readonly Notification[] }
  | { type: 'new'; notification: Notification }
  | { type: 'unread-count'; count: number }
  /** The answer to `markRead`. */
  | { type: 'marked-read' };

export interface NotificationOptions extends Omit<SocketOptions<NotificationEvent>, 'decode' | 'onFrame'> {
  onEvent(event: NotificationEvent): void;
}

/** Each request returns whether it was sent. It may not arrive. */
export interface NotificationConnection extends Pick<AuthenticatedSocket<never>, 'end'> {
  requestUnreadCount(): boolean;
  /** Marks one notification as read. Default: all of them. */
  markRead(id?: Id): boolean;
}

function toEvent(frame: NotificationFrame): NotificationEvent {
  switch (frame.type) {
    case 'recent_notifications':
      return { type: 'recent', notifications: frame.notifications };
    case 'new_notification':
      return { type: 'new', notification: frame.notification };
    case 'unread_count':
      return { type: 'unread-count', count: frame.count };
    case 'notification_read':
    case 'all_notifications_read':
      return { type: 'marked-read' };
  }
}

/** @throws {ChatError} `token_missing`, `bad_url`. */
export function openNotifications(options: NotificationOptions): NotificationConnection {
  const { send, end } = createAuthenticatedWebSocket<NotificationFrame, NotificationAction>({
    ...options,
    decode: decodeNotificationFrame,
    onFrame: (frame) => options.onEvent(toEvent(frame)),
  });
  return {
    requestUnreadCount: () => send({ action: 'get_unread_count' }),
    markRead: (id) =>
      send(id === undefined ? { action: 'mark_all_read' } : { action: 'mark_read', notification_id: id }),
    end,
  };
}
