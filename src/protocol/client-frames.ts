/** Every frame a client may send. The widget needs only the types; a server parses with the schemas. */
import { Id, z } from './schema.js';

const roomId = { room_id: Id };

export const ClientFrames = {
  subscribe_room: z.looseObject({ type: z.literal('subscribe_room'), ...roomId }),
  unsubscribe_room: z.looseObject({ type: z.literal('unsubscribe_room'), ...roomId }),
  send_message: z.looseObject({
    type: z.literal('send_message'),
    ...roomId,
    content: z.string(),
    reply_to: z.optional(z.nullable(Id)),
    _tempId: z.optional(z.string()),
  }),
  /** No ids, or an empty list, means all of the room. */
  mark_read: z.looseObject({ type: z.literal('mark_read'), ...roomId, message_ids: z.optional(z.array(Id)) }),
  typing: z.looseObject({ type: z.literal('typing'), ...roomId }),
  stop_typing: z.looseObject({ type: z.literal('stop_typing'), ...roomId }),
  get_room_list: z.looseObject({ type: z.literal('get_room_list') }),
  ping: z.looseObject({ type: z.literal('ping') }),
};

export const NotificationActions = {
  mark_read: z.looseObject({ action: z.literal('mark_read'), notification_id: Id }),
  mark_all_read: z.looseObject({ action: z.literal('mark_all_read') }),
  get_unread_count: z.looseObject({ action: z.literal('get_unread_count') }),
};

type Sendable<T> = T extends unknown ? { [K in keyof T as string extends K ? never : K]: T[K] } : never;

/** A frame on the chat socket, client to server. */
export type ClientFrame = Sendable<z.input<(typeof ClientFrames)[keyof typeof ClientFrames]>>;

/** A frame on the notifications socket, client to server. */
export type NotificationAction = Sendable<z.input<(typeof NotificationActions)[keyof typeof NotificationActions]>>;
