/**
 * Changes of messages that are shown before the server has confirmed them. The reducer works on the messages as the
 * server knows them: the changes are removed before each action, and applied again after it. A change that ends without
 * success therefore leaves nothing behind. Deferred: loaded with history-pages.ts.
 */
import { assertNever } from '../internal/assert-never.js';
import { idKey, sameId, type Id, type Reaction } from '../protocol/index.js';
import type { Action } from './actions.js';
import { withHiding } from './receipts.js';
import { threadOf } from './selectors.js';
import type { ChatData, ChatMessage, PendingChange } from './state.js';
import { inExistingTimeline } from './threads.js';

type Reduce = (state: ChatData, action: Action) => ChatData;

/** Runs the reducer on the messages as the server knows them. */
export function withPendingChanges(state: ChatData, action: Action, reduceAction: Reduce): ChatData {
  const reduce: Reduce = (before, given) => withHiding(before, reduceAction(before, given));
  if (state.changes.length === 0 && action.type !== 'change') return reduce(state, action);
  const confirmed = withoutChanges(state);
  const next = reduce(confirmed, action);
  // The action concerns no thread: those that are shown stay the same objects.
  if (next.threads === confirmed.threads && next.changes === confirmed.changes)
    return { ...next, threads: state.threads };
  return withChanges(next);
}

export function onChange(
  state: ChatData,
  action: Extract<Action, { type: 'change' | 'change-ended' | 'rewritten' }>,
): ChatData {
  switch (action.type) {
    case 'change':
      return { ...state, changes: [...state.changes, action.change] };
    case 'change-ended':
      return { ...state, changes: state.changes.filter(({ changeId }) => changeId !== action.changeId) };
    case 'rewritten':
      return inExistingTimeline(state, action.roomId, (timeline) =>
        timeline.map((entry) =>
          entry.localId === action.localId && entry.delivery !== 'sent' ? { ...entry, content: action.content } : entry,
        ),
      );
    default:
      return assertNever(action);
  }
}

/** The state without unconfirmed changes. */
const withoutChanges = (state: ChatData): ChatData => inRoomsOf(state, (entry) => entry.original ?? entry);

/** The state with unconfirmed changes. */
const withChanges = (state: ChatData): ChatData =>
  inRoomsOf(state, (entry, roomId) => {
    const changes = state.changes.filter(
      (change) => sameId(change.messageId, entry.id) && idKey(change.roomId) === roomId,
    );
    if (changes.length === 0) return entry;
    const changed = changes.reduce((message, change) => applyChange(message, change, state.user?.id), entry);
    return { ...changed, original: entry };
  });

/** Changes entries of the rooms with unconfirmed changes. Other rooms, and unchanged timelines, stay the same objects. */
function inRoomsOf(state: ChatData, change: (entry: ChatMessage, roomId: string) => ChatMessage): ChatData {
  const rooms = new Set(state.changes.map(({ roomId }) => idKey(roomId)));
  return [...rooms].reduce((next, room) => {
    const timeline = threadOf(next, room).timeline;
    const changed = timeline.map((entry) => change(entry, room));
    return changed.every((entry, at) => entry === timeline[at]) ? next : inExistingTimeline(next, room, () => changed);
  }, state);
}

function applyChange(message: ChatMessage, change: PendingChange, userId: Id | undefined): ChatMessage {
  // Deleted in the meantime: a tombstone has nothing to change.
  if (message.deleted_at) return message;
  switch (change.type) {
    case 'edit':
      return { ...message, content: change.content, edited_at: message.edited_at ?? change.at };
    case 'delete':
      return { ...message, ...tombstone(change.at) };
    case 'react':
      return { ...message, reactions: withReaction(message.reactions ?? [], userId, change) };
    default:
      return assertNever(change);
  }
}

/** The fields that a deletion changes. */
export const tombstone = (deletedAt: string): Partial<ChatMessage> => ({
  content: '',
  attachment: null,
  attachments: [],
  reply_to: null,
  reactions: [],
  edited_at: null,
  deleted_at: deletedAt,
});

function withReaction(
  reactions: readonly Reaction[],
  userId: Id | undefined,
  { emoji, on }: Extract<PendingChange, { type: 'react' }>,
): Reaction[] {
  if (userId === undefined) return [...reactions];
  const all = reactions.some((reaction) => reaction.emoji === emoji)
    ? reactions
    : [...reactions, { emoji, user_ids: [] }];
  return all
    .map((reaction) => {
      if (reaction.emoji !== emoji) return reaction;
      const others = reaction.user_ids.filter((id) => !sameId(id, userId));
      const isKnown = others.length < reaction.user_ids.length;
      if (isKnown === on) return reaction;
      return { ...reaction, user_ids: on ? [...reaction.user_ids, userId] : others };
    })
    .filter(({ user_ids }) => user_ids.length > 0);
}
