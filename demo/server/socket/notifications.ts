/** The notifications socket: what happened in rooms that the user was not subscribed to. */
import { NotificationActions, type NotificationAction } from '../../../src/protocol/client-frames.js';
import { CloseCode } from '../../../src/protocol/close-codes.js';
import { check, type Schema } from '../../../src/protocol/validation.js';
import type { Viewer } from '../auth.js';
import type { Handler, SocketConnection } from './socket-connection.js';
import type { Context } from '../context.js';
import { echo } from './read-frame.js';
import { toId } from '../errors.js';
import { userJson, type WireUser } from '../users.js';

const RECENT = 20;
const PREVIEW = 120;

interface NotificationRow {
  id: number;
  recipient: number;
  sender: WireUser | null;
  room_id: number | null;
  notification_type: string;
  title: string;
  message: string;
  created_at: Date;
  read_at: Date | null;
}

const onTheWire = ({ room_id, ...row }: NotificationRow) => ({
  ...row,
  priority: 'medium',
  is_read: row.read_at !== null,
  is_delivered: true,
  delivered_at: row.created_at,
  expires_at: null,
  action_url: null,
  metadata: { room_id },
  time_ago: timeAgo(Date.now() - row.created_at.getTime()),
  content_object_data: null,
});

function timeAgo(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'Just now';
  if (minutes < 60) return `${minutes} min ago`;
  return minutes < 1440 ? `${Math.floor(minutes / 60)} h ago` : `${Math.floor(minutes / 1440)} d ago`;
}

type Source = Pick<Context, 'database' | 'options'>;

const list = async (source: Source, where: string, params: unknown[], limit = RECENT) => {
  const rows = await source.database.query<NotificationRow>(
    `select n.id, n.recipient, ${userJson(source, 'u')} as sender, n.room_id, n.notification_type, n.title, n.message, n.created_at, n.read_at
     from notifications n left join users u on u.id = n.sender_id where ${where} order by n.id desc limit ${limit}`,
    params,
  );
  return rows.map(onTheWire);
};

const unreadCount = async ({ database }: Source, userId: number): Promise<number> =>
  (
    await database.query<{ n: number }>(
      'select count(*)::int as n from notifications where recipient = $1 and read_at is null',
      [userId],
    )
  )[0]!.n;

export const previewOf = (content: string): string => content.slice(0, PREVIEW);

/** The notification for a new message. store-message.ts stores it together with the message. */
export const notificationFor = (sender: Viewer, content: string) => ({
  title: `New message from ${sender.firstName}`,
  preview: previewOf(content),
});

/** Sends the notifications of a message to the sockets of their recipients. */
export async function sendNotifications(
  context: Source & Pick<Context, 'notificationHub'>,
  messageId: number,
  userIds: number[],
): Promise<void> {
  const { notificationHub } = context;
  const connected = userIds.filter((userId) => notificationHub.connectionsOf(userId).length > 0);
  if (connected.length === 0) return;
  for (const notification of await list(
    context,
    'n.message_id = $1 and n.recipient = any($2::int[])',
    [messageId, connected],
    connected.length,
  )) {
    for (const connection of notificationHub.connectionsOf(notification.recipient))
      connection.send({ type: 'new_notification', notification });
  }
}

export async function greetNotifications(
  context: Context,
  viewer: Viewer,
  connection: SocketConnection,
): Promise<void> {
  const notifications = await list(context, 'n.recipient = $1', [viewer.id]);
  if (context.differences.has('notifications-quiet') && notifications.every(({ is_read }) => is_read)) return;
  connection.send({ type: 'recent_notifications', notifications });
}

export function notificationsHandler(context: Context, viewer: Viewer, connection: SocketConnection): Handler {
  const { database, differences, notificationHub } = context;
  const { userId } = connection;
  const markRead = (condition: string, params: unknown[]) =>
    database.query(`update notifications set read_at = now() where recipient = $1 and read_at is null ${condition}`, [
      viewer.id,
      ...params,
    ]);

  async function perform(request: NotificationAction): Promise<object> {
    switch (request.action) {
      case 'get_unread_count':
        return { type: 'unread_count', count: await unreadCount(context, userId) };
      case 'mark_read':
        await markRead('and id = $2', [toId(request.notification_id)]);
        return { type: 'notification_read', notification_id: echo(request.notification_id) };
      case 'mark_all_read':
        await markRead('', []);
        return { type: 'all_notifications_read' };
      default:
        return request satisfies never;
    }
  }

  return {
    async onText(text) {
      const request = readAction(text);
      if (!request) return connection.send({ type: 'error', message: 'Unknown action' });
      if (differences.has('notifications-1011') && request.action !== 'get_unread_count') {
        return connection.socket.close(CloseCode.serverError);
      }
      connection.send(await perform(request));
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
