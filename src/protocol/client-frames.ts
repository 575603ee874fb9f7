/** All frames that a client may send. The client needs only the types; a server validates with the schemas. */
import { Id, object, z } from './schema.js';

const roomId = { room_id: Id };

export const ClientFrames = {
  subscribe_room: object(() => ({ type: z.literal('subscribe_room'), ...roomId })),
  unsubscribe_room: object(() => ({ type: z.literal('unsubscribe_room'), ...roomId })),
  send_message: object(() => ({
    type: z.literal('send_message'),
    ...roomId,
    content: z.string(),
    reply_to: z.optional(z.nullable(Id)),
    attachments: z.optional(z.array(Id)),
    _tempId: z.optional(z.string()),
  })),
  /**
   * Without ids, or with an empty list: the whole room. Capability `receipts`: everything up to the message `up_to`.
   */
  mark_read: object(() => ({
    type: z.literal('mark_read'),
    ...roomId,
    message_ids: z.optional(z.array(Id)),
    up_to: z.optional(Id),
  })),
  typing: object(() => ({ type: z.literal('typing'), ...roomId })),
  stop_typing: object(() => ({ type: z.literal('stop_typing'), ...roomId })),
  get_room_list: object(() => ({ type: z.literal('get_room_list') })),
  ping: object(() => ({ type: z.literal('ping') })),
  /** Capability `sync`: requests the changes in these rooms since their `seq`. Keys are room ids. */
  sync: object(() => ({ type: z.literal('sync'), rooms: z.record(z.string(), z.number()) })),
  /** Capability `token_refresh`: continues on this socket with another token of the same user. */
  authenticate: object(() => ({ type: z.literal('authenticate'), token: z.string() })),
  /** Capability `edit`. `edited_at`: that of the version that was edited. If it is another one now: `conflict`. */
  edit_message: object(() => ({
    type: z.literal('edit_message'),
    ...roomId,
    message_id: Id,
    content: z.string(),
    edited_at: z.optional(z.nullable(z.string())),
  })),
  /** Capability `delete`. */
  delete_message: object(() => ({ type: z.literal('delete_message'), ...roomId, message_id: Id })),
  /** Capability `mark_unread`: this message and all later ones. */
  mark_unread: object(() => ({ type: z.literal('mark_unread'), ...roomId, message_id: Id })),
  /** Capability `delivered`: everything up to the message `up_to`, of any member, has reached this device. */
  mark_delivered: object(() => ({ type: z.literal('mark_delivered'), ...roomId, up_to: Id })),
  /** Capability `reactions`: adds (`on`) or removes the user's own reaction. */
  react: object(() => ({ type: z.literal('react'), ...roomId, message_id: Id, emoji: z.string(), on: z.boolean() })),
};

export const NotificationActions = {
  mark_read: object(() => ({ action: z.literal('mark_read'), notification_id: Id })),
  mark_all_read: object(() => ({ action: z.literal('mark_all_read') })),
  get_unread_count: object(() => ({ action: z.literal('get_unread_count') })),
};

type Sendable<T> = T extends unknown ? { [K in keyof T as string extends K ? never : K]: T[K] } : never;

/** A frame on the chat socket, client to server. */
export type ClientFrame = Sendable<z.input<ReturnType<(typeof ClientFrames)[keyof typeof ClientFrames]>>>;

/** A frame on the notifications socket, client to server. */
export type NotificationAction = Sendable<
  z.input<ReturnType<(typeof NotificationActions)[keyof typeof NotificationActions]>>
>;
