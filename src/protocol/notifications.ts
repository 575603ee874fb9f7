/** What the notifications socket speaks. Apart from the rest, so that a page without notifications does not load it. */
import { decodeWith, type Decode } from './codec.js';
import { User } from './entities.js';
import { checkEach } from './problem.js';
import type { Checked } from './server-frames.js';
import { anything, flag, Id, Time, z, number } from './schema.js';

const text = z.catch(z.string(), '');
const textOrNull = z.catch(z.nullable(z.string()), null);

export const Notification = z.looseObject({
  id: Id,
  sender: z.catch(z.nullable(User), null),
  notification_type: text,
  title: text,
  message: text,
  priority: text,
  is_read: z.catch(flag, false),
  created_at: Time,
  read_at: z.catch(z.nullable(Time), null),
  action_url: textOrNull,
});
export type Notification = z.output<typeof Notification>;

export const NotificationFrames = {
  recent_notifications: z.looseObject({ notifications: z.array(anything) }),
  new_notification: z.looseObject({ notification: Notification }),
  unread_count: z.looseObject({ count: number }),
  notification_read: z.looseObject({}),
  all_notifications_read: z.looseObject({}),
};

/** A frame on the notifications socket, checked. */
export type NotificationFrame = Checked<typeof NotificationFrames, { recent_notifications: { notifications: Notification[] } }>;

/** Decodes one frame of the notifications socket. */
export const decodeNotificationFrame: Decode<NotificationFrame> = (data) => {
  const decoded = decodeWith<NotificationFrame>(NotificationFrames, data);
  if (decoded.frame?.type !== 'recent_notifications') return decoded;
  const { items, problems } = checkEach(Notification, decoded.frame.notifications, 'recent_notifications.notifications');
  return { frame: { type: 'recent_notifications', notifications: items }, problems };
};
