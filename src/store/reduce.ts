/** The reducer: (state, action) → state. Pure: no clock, no randomness, no I/O. */
import { idKey, sameId, type Id, type Message, type Room } from '../protocol/index.js';
import { assertNever } from '../internal/assert-never.js';
import type { RoomEvent, SessionEvent } from '../model/index.js';
import type { Action, Intent } from './actions.js';
import { roomOf, threadOf } from './selectors.js';
import { INITIAL, type ChatData, type LateAction } from './state.js';
import { inRoom, withUnreadCount } from './rooms.js';
import { activity, inExistingTimeline, inThread, inTimeline, isOlder, isSeen, MAX_SEEN, withSeen } from './threads.js';
import type * as HistoryPages from './history-pages.js';
import { addPending, arrive, hasMessage, indexOf, isStored, removePending } from './timeline-entries.js';

/** The deferred part of the reducer, once loaded. */
let pages: typeof HistoryPages | undefined;
export const usePages = (loaded: typeof HistoryPages): void => void (pages = loaded);

export function reduce(before: ChatData, action: Action): ChatData {
  const state = pages && before.early.length > 0 ? before.early.reduce(pages.onLate, { ...before, early: [] }) : before;
  return pages?.withPendingChanges(state, action, reduceAction) ?? reduceAction(state, action);
}

function reduceAction(state: ChatData, action: Action): ChatData {
  switch (action.type) {
    case 'phase':
      return { ...state, phase: action.phase };
    case 'user':
      return { ...state, user: { id: action.id, username: action.username } };
    case 'offer':
      return { ...state, ...offered(action) };
    case 'rooms':
      return onRooms(state, action);
    case 'live-message':
      return onLiveMessage(state, action);
    case 'stored':
      return updateLastMessage(confirmSent(state, action), action.roomId, action.message);
    case 'history':
      return pages?.onHistory(state, action) ?? firstPage(state, action);
    case 'history-loading':
      return onHistoryLoading(state, action);
    case 'history-failed':
      return onHistoryFailed(state, action);
    case 'refused':
    case 'restored':
    case 'resent':
      return runOrDefer(state, action);
    case 'room-event':
      return onRoomEvent(state, action.event);
    case 'notifications':
      return { ...state, notifications: action.state };
    case 'storage':
      return { ...state, durable: action.state === 'kept', outdated: action.state === 'outdated' };
    case 'problem':
    case 'purged':
    case 'person-uncertain':
    case 'late':
      return state;
    case 'select':
      return { ...state, selected: action.roomId };
    case 'send':
      return inTimeline(state, action.draft.roomId, (timeline) => addPending(timeline, action.draft, state.user));
    case 'discard':
    case 'discarded':
      return inTimeline(state, action.roomId, (timeline) => removePending(timeline, action.localId));
    case 'open':
      return inThread(state, action.roomId, (thread) => ({ ...thread, open: true }));
    case 'close':
      return inThread(state, action.roomId, (thread) => pages?.closed(thread) ?? { ...thread, open: false });
    case 'reading':
    case 'away':
      return onView(state, action);
    case 'mark-read':
      return inRoom(state, action.roomId, (room) => ({ ...room, unread_count: 0, first_unread_id: undefined }));
    case 'change':
    case 'change-ended':
    case 'rewritten':
      return pages?.onChange(state, action) ?? state;
    case 'upload':
    case 'upload-ended':
      return pages?.onUpload(state, action) ?? state;
    case 'new-room':
    case 'room-created':
      return pages?.onRoom(state, action) ?? state;
    case 'mark-unread':
      return pages?.onMarkedUnread(state, action) ?? state;
    case 'left':
      return { ...state, keptUnread: state.keptUnread.filter((room) => room !== idKey(action.roomId)) };
    case 'typing-expired':
      return stopTyping(state, action.roomId, action.userId);
    case 'reset':
      return reset(state);
    default:
      return assertNever(action);
  }
}

const offered = ({ type: _type, ...facts }: Extract<SessionEvent, { type: 'offer' }>): Partial<ChatData> => facts;

/** Runs an action whose code is deferred, or keeps it in order until the code is loaded. */
const runOrDefer = (state: ChatData, action: LateAction): ChatData =>
  pages?.onLate(state, action) ?? { ...state, early: [...state.early, action].slice(-MAX_SEEN) };

/**
 * A user has stopped typing. Typing is not shown before the deferred code is loaded: it is repeated every few seconds.
 */
const stopTyping = (state: ChatData, roomId: Id, userId: Id): ChatData =>
  pages?.setTyping(state, roomId, userId, '', false) ?? state;

/** Discards the data of the user, and keeps the state of the connection, the storage and the views. */
const reset = ({ phase, durable, outdated, reading, away }: ChatData): ChatData => ({
  ...INITIAL,
  phase,
  durable,
  outdated,
  reading,
  away,
});

function onView(state: ChatData, { type, roomId, on }: Extract<Intent, { type: 'reading' | 'away' }>): ChatData {
  const key = idKey(roomId);
  const views = state[type];
  const at = views.indexOf(key);
  if (on && type === 'reading' && state.keptUnread.includes(key)) return state;
  return { ...state, [type]: on ? [...views, key] : views.filter((_, index) => index !== at) };
}

// ————— Rooms

const sorted = (rooms: readonly Room[]): Room[] =>
  rooms
    .map((room) => ({ room, at: activity(room) }))
    .sort((a, b) => b.at - a.at)
    .map(({ room }) => room);

function onRooms(
  state: ChatData,
  { rooms, exactUnread, leftOut, isComplete }: Extract<SessionEvent, { type: 'rooms' }>,
): ChatData {
  const known = new Map(state.rooms.map((room) => [idKey(room.id), room]));
  const active = rooms
    .filter((room) => room.is_active)
    .map((room) => withUnreadCount(state, room, exactUnread, known.get(idKey(room.id))));
  const next = {
    ...state,
    roomsLoaded: true,
    roomsLeftOut: leftOut,
    roomsComplete: isComplete,
    rooms: sorted(pages?.previewed(state, active) ?? active),
  };
  return pages?.withDeliveries(next, known) ?? next;
}

/** Makes a message the room's last message, unless it is older than the current one. */
function updateLastMessage(state: ChatData, roomId: Id, message: Message): ChatData {
  const { content, timestamp, sender } = message;
  const next = inRoom(state, roomId, (room) =>
    isOlder(message, room) ? room : { ...room, last_message: { content, timestamp, sender } },
  );
  return next === state ? state : { ...next, rooms: resorted(next.rooms, roomId) };
}

/** Sorts the rooms again after the activity of one has changed. */
const resorted = (rooms: readonly Room[], roomId: Id): readonly Room[] => pages?.moved(rooms, roomId) ?? sorted(rooms);

// ————— Messages

const isMine = (state: ChatData, message: Message): boolean => sameId(message.sender?.id, state.user?.id);

/** Adds or updates a message, if the room has a thread. A room without one loads its history when it is opened. */
function upsertMessage(state: ChatData, roomId: Id, message: Message, isLive: boolean): ChatData {
  if (!state.threads.has(idKey(roomId))) return state;
  return (
    pages?.upsertMessage(state, roomId, message, isLive) ??
    inExistingTimeline(state, roomId, (timeline) => arrive(timeline, [message]))
  );
}

/** The server has stored an own message. A copy that is already in the thread may be newer than this response. */
function confirmSent(
  state: ChatData,
  { roomId, message, localId }: Extract<SessionEvent, { type: 'stored' }>,
): ChatData {
  const { timeline } = threadOf(state, roomId);
  const known = hasMessage(timeline, message) && timeline[indexOf(timeline, message.id)];
  return upsertMessage(state, roomId, { ...(known || message), _tempId: localId }, false);
}

function onLiveMessage(
  state: ChatData,
  { roomId, message, wasHeld }: Extract<SessionEvent, { type: 'live-message' }>,
): ChatData {
  const key = idKey(roomId);
  const isKnown = isSeen(state, roomId, message);
  let next = upsertMessage(state, roomId, message, !wasHeld);
  // It was deleted before this client has seen it.
  if (message.deleted_at) return next;
  next = updateLastMessage(next, roomId, message);
  if (isKnown) return next;
  next = withSeen(next, roomId, [message]);
  if (message.sender) next = stopTyping(next, roomId, message.sender.id);
  // A message held back during a catch-up may be included in the count of the room list.
  const listed = roomOf(state, roomId)?.last_message?.timestamp ?? '';
  const isCounted = wasHeld && Date.parse(message.timestamp) <= Date.parse(listed);
  if (isMine(state, message) || isCounted || state.reading.includes(key)) return next;
  return inRoom(next, roomId, (room) => ({
    ...room,
    unread_count: room.unread_count + 1,
    first_unread_id: room.unread_count > 0 ? room.first_unread_id : message.id,
  }));
}

const onHistoryLoading = (
  state: ChatData,
  { roomId, side }: Extract<SessionEvent, { type: 'history-loading' }>,
): ChatData => inThread(state, roomId, (thread) => ({ ...thread, loading: side, error: null, failed: null }));

const onHistoryFailed = (
  state: ChatData,
  { roomId, error, denied }: Extract<SessionEvent, { type: 'history-failed' }>,
): ChatData =>
  inThread(state, roomId, (thread) => ({
    ...thread,
    loading: null,
    error,
    failed: thread.loading,
    denied: denied || thread.denied,
  }));

/** The first page of a room: its newest messages. */
const firstPage = (
  state: ChatData,
  { roomId, messages, hasMore, knownUpTo, leftOut = 0 }: Extract<SessionEvent, { type: 'history' }>,
): ChatData =>
  inThread(state, roomId, (thread) => {
    const { timeline: old } = thread;
    // Own messages stored during the request may be missing from the page.
    const newer = old
      .slice(indexOf(old, knownUpTo?.id) + 1)
      .filter((entry) => isStored(entry) && entry.localId && !messages.some(({ id }) => sameId(id, entry.id)));
    const timeline = arrive(
      old.filter((entry) => !isStored(entry)),
      [...messages, ...newer],
    );
    return {
      ...thread,
      timeline,
      loading: null,
      error: null,
      failed: null,
      denied: false,
      loaded: true,
      hasOlder: hasMore,
      leftOut,
    };
  });

// ————— Events of rooms

const onRoomEvent = (state: ChatData, event: RoomEvent): ChatData =>
  event.type === 'typing'
    ? (pages?.setTyping(state, event.roomId, event.userId, event.username, event.isTyping) ?? state)
    : runOrDefer(state, { type: 'room-event', event });
