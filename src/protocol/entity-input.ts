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
  attachments?: readonly AttachmentInput[] | undefined;
  /** Default: `file` with an attachment, otherwise `text`. */
  type?: string | undefined;
  isRead?: boolean | undefined;
  /** ISO 8601, or milliseconds since 1970. */
  editedAt?: string | number | null | undefined;
  deletedAt?: string | number | null | undefined;
  reactions?: readonly ReactionInput[] | undefined;
}

interface AttachmentInput {
  url: string | null;
  name: string;
  id?: Id;
  mediaType?: string;
  size?: number;
}

interface ReactionInput {
  emoji: string;
  userIds: readonly Id[];
}

export interface RoomInput {
  id: Id;
  name: string;
  isDirect?: boolean | undefined;
  participants?: readonly UserInput[] | undefined;
  lastMessage?: MessageInput | null | undefined;
  unread?: number | undefined;
}

/** A number that is no time stays one, which the schemas reject. */
const isoTime = <T>(time: T | number): T | number | string =>
  typeof time === 'number' && !Number.isNaN(new Date(time).getTime()) ? new Date(time).toISOString() : time;

/** @param reactions not validated yet, so they may be anything. */
const reactionsInput = (reactions: MessageInput['reactions']): unknown =>
  Array.isArray(reactions)
    ? (reactions as unknown as (Partial<ReactionInput> | null)[]).map((reaction) => ({
        emoji: reaction?.emoji,
        user_ids: reaction?.userIds,
      }))
    : undefined;

/** @param attachments not validated yet, so they may be anything. */
const attachmentsInput = (attachments: MessageInput['attachments']): object[] | undefined =>
  Array.isArray(attachments)
    ? (attachments as unknown as (Partial<AttachmentInput> | null)[]).map((file) => ({
        ...{ id: file?.id ?? file?.url, url: file?.url, name: file?.name },
        ...{ media_type: file?.mediaType, size: file?.size },
      }))
    : undefined;

/** @returns a message for validation. */
export const messageInput = ({
  roomId,
  localId,
  attachments,
  attachment = attachments?.[0]?.url,
  type,
  isRead,
  timestamp,
  editedAt,
  deletedAt,
  reactions,
  ...message
}: MessageInput): object => ({
  ...message,
  room: roomId,
  message_type: type ?? (attachment ? 'file' : 'text'),
  attachment: attachment ?? null,
  attachments: attachmentsInput(attachments),
  timestamp: isoTime(timestamp),
  is_read: isRead ?? false,
  edited_at: isoTime(editedAt),
  reactions: reactionsInput(reactions),
  // Nothing is kept of a deleted message, even if the backend returns more.
  ...(deletedAt != null && {
    deleted_at: isoTime(deletedAt),
    content: '',
    attachment: null,
    attachments: [],
    reactions: [],
  }),
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
