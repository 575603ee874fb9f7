/** Actions that change existing messages. Deferred: loaded with history-pages.ts. */
import { idKey, sameId, type Id, type Message } from '../protocol/index.js';
import { assertNever } from '../internal/assert-never.js';
import { errorOf, type StoredMessage, type RoomEvent } from '../model/index.js';
import { addPending, arrive, hasMessage, isStored, type PendingMessage, type Timeline } from './timeline-entries.js';
import { onNewRoom } from './new-rooms.js';
import { tombstone } from './pending-changes.js';
import { isStranger, onDelivered, onRead } from './receipts.js';
import { onMarkedRead, onRoomUpdated } from './room-list.js';
import { threadOf } from './selectors.js';
import type { ChatData, ChatMessage, LateAction } from './state.js';
import { inExistingTimeline, inThread, inTimeline } from './threads.js';
import { unsentAttachment } from './uploads.js';
import { placeByTime, setDelivery } from './timeline.js';

export function onLate(state: ChatData, action: LateAction): ChatData {
  switch (action.type) {
    case 'refused':
      return inTimeline(state, action.roomId, (timeline) =>
        setDelivery(timeline, action.localId, 'failed', action.error),
      );
    case 'restored':
      return action.messages.reduce(restore, state);
    case 'resent':
      return inTimelineWith(state, action.localId, (timeline) =>
        setDelivery(timeline, action.localId, 'sending', null),
      );
    case 'room-event':
      return onRoomEvent(state, action.event);
    default:
      return assertNever(action);
  }
}

function onRoomEvent(state: ChatData, event: Extract<LateAction, { type: 'room-event' }>['event']): ChatData {
  switch (event.type) {
    case 'message-updated':
      return inExistingTimeline(state, event.roomId, (timeline) =>
        withQuotes(hasMessage(timeline, event.message) ? arrive(timeline, [event.message]) : timeline, event.message),
      );
    case 'reactions-updated':
      return inExistingTimeline(state, event.roomId, (timeline) =>
        timeline.map((entry) =>
          sameId(entry.id, event.messageId) && !entry.deleted_at ? { ...entry, reactions: event.reactions } : entry,
        ),
      );
    case 'message-deleted':
      return onDeleted(state, event);
    case 'room-updated':
      return onRoomUpdated(state, event);
    case 'messages-marked-read':
      return onMarkedRead(state, event);
    case 'message-read':
      return onRead(state, event);
    case 'message-delivered':
      return onDelivered(state, event);
    default:
      return assertNever(event);
  }
}

/**
 * A message was deleted. A tombstone remains if the server says when: such a server keeps it in the history, too.
 */
function onDeleted(
  state: ChatData,
  { roomId, messageId, deletedAt }: Extract<RoomEvent, { type: 'message-deleted' }>,
): ChatData {
  return inExistingTimeline(state, roomId, (timeline) => {
    const rest = deletedAt
      ? timeline.map((entry) => (sameId(entry.id, messageId) ? { ...entry, ...tombstone(deletedAt) } : entry))
      : remove(timeline, messageId);
    return withQuotes(rest, { id: messageId, content: '', sender: null, deleted_at: deletedAt });
  });
}

/** Removes a deleted message. */
const remove = (timeline: Timeline, id: Id): Timeline =>
  timeline.filter((entry) => !isStored(entry) || !sameId(entry.id, id));

/** Updates the quotes of a message. That it was deleted is final. */
function withQuotes(
  timeline: Timeline,
  { id, content, sender, deleted_at }: Pick<Message, 'id' | 'content' | 'sender' | 'deleted_at'>,
): Timeline {
  const isOutdated = ({ reply_to }: ChatMessage): boolean =>
    sameId(reply_to?.id, id) && !(reply_to?.deleted_at && !deleted_at);
  if (!timeline.some(isOutdated)) return timeline;
  const quote = { id, content, sender: sender?.username ?? '', deleted_at };
  return timeline.map((entry) => (isOutdated(entry) ? { ...entry, reply_to: { ...entry.reply_to, ...quote } } : entry));
}

/** Adds an unsent message that was written before this page was loaded, or in another tab. */
function restore(state: ChatData, stored: StoredMessage): ChatData {
  const { localId, roomId, content, replyTo, at, files, newRoom } = stored;
  if (newRoom) state = onNewRoom(state, { type: 'new-room', roomId, newRoom, at });
  const known = threadOf(state, roomId).timeline;
  if (known.some((entry) => entry.localId === localId)) return state;
  const error = errorOf(stored);
  const draft: PendingMessage = {
    ...{ localId, roomId, content, at },
    replyTo: known.find(({ id }) => sameId(id, replyTo)),
    attachments: files?.map(unsentAttachment),
  };
  return inThread(state, roomId, (thread) => {
    const timeline = addPending(thread.timeline, draft, state.user);
    if (!error) return { ...thread, timeline };
    const [failed] = setDelivery(timeline.slice(-1), localId, 'failed', error);
    return { ...thread, timeline: placeByTime(thread.timeline, failed!) };
  });
}

/** Changes the timeline that contains an own message. */
function inTimelineWith(state: ChatData, localId: string, change: (timeline: Timeline) => Timeline): ChatData {
  for (const [room, { timeline }] of state.threads) {
    if (timeline.some((entry) => entry.localId === localId)) return inTimeline(state, room, change);
  }
  return state;
}

/** Updates who is typing. Ignores the current user, and users who are not in the room. */
export function setTyping(state: ChatData, roomId: Id, userId: Id, username: string, isTyping: boolean): ChatData {
  const thread = state.threads.get(idKey(roomId));
  if (!thread || sameId(userId, state.user?.id)) return state;
  const others = thread.typing.filter((typist) => !sameId(typist.userId, userId));
  if (isTyping ? isStranger(state, roomId, userId) : others.length === thread.typing.length) return state;
  return inThread(state, roomId, (old) => ({ ...old, typing: isTyping ? [...others, { userId, username }] : others }));
}
