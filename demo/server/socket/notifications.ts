/** The notifications socket: what happened in rooms that the user was not subscribed to. */
import { NotificationActions, type NotificationAction } from '../../../src/protocol/client-frames.js';
import { CloseCode } from '../../../src/protocol/close-codes.js';
import { check, type Schema } from '../../../src/protocol/validation.js';
import type { Viewer } from '../auth.js';
import type { Handler, SocketConnection } from './socket-connection.js';
import type { Context } from '../context.js';
import { echo } from './read-frame.js';
import { RequestError, toId } from '../errors.js';
import {
  countUnread,
  markAllNotificationsRead,
  markNotificationRead,
  notificationsOf,
  recentNotifications,
} from './notification-queries.js';

type Source = Pick<Context, 'database' | 'options'>;

/** Sends the notifications of a message to the sockets of their recipients. */
export async function sendNotifications(
  context: Source & Pick<Context, 'notificationHub'>,
  messageId: number,
  userIds: number[],
): Promise<void> {
  const { notificationHub } = context;
  const connected = userIds.filter((userId) => notificationHub.connectionsOf(userId).length > 0);
  if (connected.length === 0) return;
  for (const notification of await notificationsOf(context, messageId, connected)) {
    for (const connection of notificationHub.connectionsOf(notification.recipient))
      connection.send({ type: 'new_notification', notification });
  }
}

export async function greetNotifications(
  context: Context,
  viewer: Viewer,
  connection: SocketConnection,
): Promise<void> {
  const notifications = await recentNotifications(context, viewer.id);
  if (context.differences.has('notifications-quiet') && notifications.every(({ is_read }) => is_read)) return;
  connection.send({ type: 'recent_notifications', notifications });
}

export function notificationsHandler(context: Context, viewer: Viewer, connection: SocketConnection): Handler {
  const { differences, notificationHub } = context;

  async function perform(request: NotificationAction): Promise<object> {
    switch (request.action) {
      case 'get_unread_count':
        await context.rateLimits.count('listsPerUser', viewer.id);
        return { type: 'unread_count', count: await countUnread(context, viewer.id) };
      case 'mark_read':
        await markNotificationRead(context, viewer.id, toId(request.notification_id));
        return { type: 'notification_read', notification_id: echo(request.notification_id) };
      case 'mark_all_read':
        await markAllNotificationsRead(context, viewer.id);
        return { type: 'all_notifications_read' };
      default:
        return request satisfies never;
    }
  }

  return {
    async onText(text) {
      const request = readAction(text);
      if (!request) {
        connection.send({ type: 'error', message: 'Unknown action' });
        return connection.rejectInvalid('invalid');
      }
      if (differences.has('notifications-1011') && request.action !== 'get_unread_count') {
        return connection.socket.close(CloseCode.serverError);
      }
      try {
        connection.send(await perform(request));
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        connection.logRejected(error.code, { action: request.action });
        connection.send({ type: 'error', message: error.message });
      }
    },
    errorFrame: () => null,
    onClose: () => void notificationHub.remove(connection),
  };
}

function readAction(text: string): NotificationAction | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const name = (json as { action?: unknown } | null)?.action;
  if (typeof name !== 'string' || !Object.hasOwn(NotificationActions, name)) return null;
  const request = check((NotificationActions as Record<string, Schema>)[name]!, json, name);
  return request.ok ? (request.value as NotificationAction) : null;
}
