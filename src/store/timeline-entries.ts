/** Timeline functions that the first messages need. The others are deferred: see timeline.ts. */
import { idKey, sameId, type Attachment, type Id, type Message } from '../protocol/index.js';
import type { ChatMessage, ChatUser } from './state.js';

export type Timeline = readonly ChatMessage[];

export const isStored = ({ delivery }: ChatMessage): boolean => delivery === 'sent';

/** Index of a timeline, for finding out quickly whether it contains a message. */
export interface TimelineIndex {
  /** `idKey`s of the stored messages. */
  readonly ids: Set<string>;
  /** Number of messages that are not stored. */
  readonly unsent: number;
}

/**
 * Built on demand. `append` moves the index to the timeline that it creates, instead of building it for every message.
 */
export const INDEXES = new WeakMap<Timeline, TimelineIndex>();

export function timelineIndex(timeline: Timeline): TimelineIndex {
  const existing = INDEXES.get(timeline);
  if (existing) return existing;
  const ids = new Set<string>();
  for (const entry of timeline) if (isStored(entry)) ids.add(idKey(entry.id));
  const index = { ids, unsent: timeline.length - ids.size };
  INDEXES.set(timeline, index);
  return index;
}

/** Whether the timeline contains a stored message with this id. */
export const hasMessage = (timeline: Timeline, { id }: Pick<Message, 'id'>): boolean =>
  timelineIndex(timeline).ids.has(idKey(id));

/** The position of a stored message, or -1. Searches from the end, where it usually is. */
export const indexOf = (timeline: Timeline, id: Id | undefined): number =>
  timeline.findLastIndex((entry) => isStored(entry) && sameId(entry.id, id));

/** The newest stored message; with `older`, the oldest one. */
export const edgeOf = (timeline: Timeline, side?: 'older' | 'newer'): ChatMessage | undefined =>
  side === 'older' ? timeline.find(isStored) : timeline.findLast(isStored);

/**
 * Creates or updates the entry of a stored message. A deletion is final, of the message and of the one it quotes: a
 * copy that was read before it, and arrives after it, does not undo it.
 * @param known its current entry.
 * @param key key of the pending message that it confirms.
 */
export function entryOf(message: Message, known?: ChatMessage, key?: string): ChatMessage {
  const localId = message._tempId ?? null;
  if (!known) return { ...message, key: key ?? `#${idKey(message.id)}`, delivery: 'sent', localId, error: null };
  const { deleted_at, is_read, reply_to } = known;
  return {
    ...known,
    ...(deleted_at && !message.deleted_at ? {} : message),
    ...(reply_to?.deleted_at && { reply_to }),
    // A copy from before the message was read must not make it unread.
    is_read: is_read || message.is_read,
    localId: known.localId ?? localId,
  };
}

/**
 * Inserts new messages after the stored ones and before those being sent. Removes the pending messages that they
 * confirm. Sufficient until timeline.ts is loaded: before that, the newest messages are always loaded, and no message
 * has failed.
 */
export function arrive(timeline: Timeline, messages: readonly Message[]): Timeline {
  const next = [...timeline];
  for (const message of messages) {
    const pending = next.findIndex((entry) => !isStored(entry) && entry.localId === message._tempId);
    const [confirmed] = pending < 0 ? [] : next.splice(pending, 1);
    const at = indexOf(next, message.id);
    if (at >= 0) next[at] = entryOf(message, next[at]);
    else next.splice(next.findLastIndex(isStored) + 1, 0, entryOf(message, undefined, confirmed?.key));
  }
  return next;
}

export interface PendingMessage {
  readonly localId: string;
  readonly roomId: Id;
  readonly content: string;
  readonly replyTo?: Message | undefined;
  readonly attachments?: Attachment[] | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Adds a message that was just written. */
export function addPending(timeline: Timeline, draft: PendingMessage, user: ChatUser | null): Timeline {
  const { localId, replyTo } = draft;
  const entry: ChatMessage = {
    key: localId,
    localId,
    delivery: 'sending',
    error: null,
    id: localId,
    room: draft.roomId,
    sender: user && { id: user.id, username: user.username, first_name: '', last_name: '', profile_picture: null },
    message_type: 'text',
    content: draft.content,
    attachment: null,
    attachments: draft.attachments,
    timestamp: new Date(draft.at).toISOString(),
    is_read: false,
    edited_at: null,
    reply_to: replyTo ? { id: replyTo.id, content: replyTo.content, sender: replyTo.sender?.username ?? '' } : null,
    is_own_message: true,
    _tempId: localId,
  };
  return [...timeline, entry];
}

/** Removes an unsent message. */
export const removePending = (timeline: Timeline, localId: string): Timeline =>
  timeline.filter((entry) => entry.localId !== localId || entry.delivery === 'sent');
