/** The parts of a timeline that the first messages need; the rest is timeline.ts, which is deferred. */
import { idKey, sameId, type Id, type Message } from '../protocol/index.js';
import type { ChatMessage, ChatUser } from './state.js';

export type Timeline = readonly ChatMessage[];

export const isStored = ({ delivery }: ChatMessage): boolean => delivery === 'sent';

/** An index of a timeline: whether a message is new is known without a search. */
export interface Contents {
  /** By `idKey`, of what is stored. */
  readonly ids: Set<string>;
  /** How many are not stored. */
  readonly unsent: number;
}

/** Built on demand. `append` hands it on to the timeline that it makes, so it is not built again for each message. */
export const CONTENTS = new WeakMap<Timeline, Contents>();

export function contentsOf(timeline: Timeline): Contents {
  const known = CONTENTS.get(timeline);
  if (known) return known;
  const ids = new Set<string>();
  for (const entry of timeline) if (isStored(entry)) ids.add(idKey(entry.id));
  const contents = { ids, unsent: timeline.length - ids.size };
  CONTENTS.set(timeline, contents);
  return contents;
}

/** Whether a stored message with this id is there. */
export const hasMessage = (timeline: Timeline, { id }: Pick<Message, 'id'>): boolean => contentsOf(timeline).ids.has(idKey(id));

/** The index of a stored message, or -1. Searched from the end, where most are. */
export const indexOf = (timeline: Timeline, id: Id | undefined): number => timeline.findLastIndex((entry) => isStored(entry) && sameId(entry.id, id));

/** The newest message that is stored, or the oldest. */
export const edgeOf = (timeline: Timeline, side?: 'older' | 'newer'): ChatMessage | undefined => (side === 'older' ? timeline.find(isStored) : timeline.findLast(isStored));

/** The entry of a stored message. @param known its present entry. @param key of the pending message that it confirms. */
export function entryOf(message: Message, known?: ChatMessage, key?: string): ChatMessage {
  const localId = message._tempId ?? null;
  return known
    ? // What was read does not become unread because an older copy comes by.
      { ...known, ...message, is_read: known.is_read || message.is_read, localId: known.localId ?? localId }
    : { ...message, key: key ?? `#${idKey(message.id)}`, delivery: 'sent', localId, error: null };
}

/**
 * Puts in what was stored after all that is there, before what is being sent; what it confirms is taken away. As long as timeline.ts is not
 * there: a thread has no end but its true one, and none of its messages was refused.
 */
export function arrive(timeline: Timeline, messages: readonly Message[]): Timeline {
  const next = [...timeline];
  for (const message of messages) {
    const pending = next.findIndex((entry) => !isStored(entry) && entry.localId === message._tempId);
    const [mine] = pending < 0 ? [] : next.splice(pending, 1);
    const at = indexOf(next, message.id);
    if (at >= 0) next[at] = entryOf(message, next[at]);
    else next.splice(next.findLastIndex(isStored) + 1, 0, entryOf(message, undefined, mine?.key));
  }
  return next;
}

/** Takes away a message that was deleted. */
export const remove = (timeline: Timeline, id: Id): Timeline => timeline.filter((entry) => !isStored(entry) || !sameId(entry.id, id));

export interface PendingMessage {
  readonly localId: string;
  readonly roomId: Id;
  readonly content: string;
  readonly replyTo?: Message | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Shows a message that was just written. */
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
    timestamp: new Date(draft.at).toISOString(),
    is_read: false,
    edited_at: null,
    reply_to: replyTo ? { id: replyTo.id, content: replyTo.content, sender: replyTo.sender?.username ?? '' } : null,
    is_own_message: true,
    _tempId: localId,
  };
  return [...timeline, entry];
}

/** Takes away a message that is not stored. */
export const removePending = (timeline: Timeline, localId: string): Timeline =>
  timeline.filter((entry) => entry.localId !== localId || entry.delivery === 'sent');
