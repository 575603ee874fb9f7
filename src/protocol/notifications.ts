/**
 * The frames of the notifications socket. In a separate file, so that a page without notifications does not load them.
 */
import { decodeWith, type Decode } from './codec.js';
import { User } from './entities.js';
import { checkEach, type Output } from './validation.js';
import type { Checked } from './server-frames.js';
import { amount, anything, flag, Id, object, nullOnError, text, textOrNull, Time, timeOrNull, z } from './schema.js';

export const Notification = object(() => ({
  id: Id,
  sender: nullOnError(User()),
  notification_type: text,
  title: text,
  message: text,
  priority: text,
  is_read: z.catch(flag, false),
  created_at: Time,
  read_at: timeOrNull,
  action_url: textOrNull,
}));
export type Notification = Output<typeof Notification>;

export const NotificationFrames = {
  recent_notifications: object(() => ({ notifications: z.array(anything) })),
  new_notification: object(() => ({ notification: Notification() })),
  unread_count: object(() => ({ count: amount })),
  notification_read: object(() => ({})),
  all_notifications_read: object(() => ({})),
};

/** A validated frame of the notifications socket. */
export type NotificationFrame = Checked<
  typeof NotificationFrames,
  { recent_notifications: { notifications: Notification[] } }
>;

/** Decodes one frame of the notifications socket. */
export const decodeNotificationFrame: Decode<NotificationFrame> = (data) => {
  const decoded = decodeWith<NotificationFrame>(NotificationFrames, data);
  if (decoded.frame?.type !== 'recent_notifications') return decoded;
  const { items, problems } = checkEach(
    Notification,
    decoded.frame.notifications,
    'recent_notifications.notifications',
  );
  return { frame: { type: 'recent_notifications', notifications: items }, problems };
};
