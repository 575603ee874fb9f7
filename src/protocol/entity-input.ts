/**
 * Entities from a transport with another protocol, converted to the form that the schemas validate: see `Message` and
 * `Room`.
 */
import type { Id } from './ids.js';

export interface UserInput {
  id: Id;
  username: string;
  first_name?: string;
  last_name?: string;
  profile_picture?: string | null;
}

export interface MessageInput {
  id: Id;
  roomId: Id;
  /** Null for a system message. */
  sender: UserInput | null;
  content: string;
  /** ISO 8601, or milliseconds since 1970. */
  timestamp: string | number;
  /** The sender's own id for the message, from before it was stored. */
  localId?: string | undefined;
  attachment?: string | null | undefined;
  /** Default: `file` with an attachment, otherwise `text`. */
  type?: string | undefined;
  isRead?: boolean | undefined;
}

export interface RoomInput {
  id: Id;
  name: string;
  isDirect?: boolean | undefined;
  participants?: readonly UserInput[] | undefined;
  lastMessage?: MessageInput | null | undefined;
  unread?: number | undefined;
}

const isoTime = (time: string | number): string => (typeof time === 'number' ? new Date(time).toISOString() : time);

/** @returns a message for validation. */
export const messageInput = ({
  roomId,
  localId,
  attachment,
  type,
  isRead,
  timestamp,
  ...message
}: MessageInput): object => ({
  ...message,
  room: roomId,
  message_type: type ?? (attachment ? 'file' : 'text'),
  attachment: attachment ?? null,
  timestamp: isoTime(timestamp),
  is_read: isRead ?? false,
  ...(localId && { _tempId: localId }),
});

/** @returns a room for validation. */
export const roomInput = ({ id, name, isDirect, participants = [], lastMessage, unread = 0 }: RoomInput): object => ({
  id,
  name,
  room_type: isDirect ? 'direct' : 'general',
  participants,
  participant_count: participants.length,
  last_message: lastMessage ? messageInput(lastMessage) : null,
  unread_count: unread,
  is_active: true,
});
