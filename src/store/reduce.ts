/** (state, event) → state. Pure: no clock, no chance, no network. */
import { idKey, sameId, type Id, type Message, type Room } from '../protocol/index.js';
import { assertNever, type PassedFrame, type SessionEvent } from '../session/index.js';
import { roomOf, threadOf } from './selectors.js';
import { INITIAL, type ChatData, type LateAction } from './state.js';
import { activity, inThread, inThreadOf, isOlder, isSeen, MAX_SEEN, withSeen } from './threads.js';
import { addPending, arrive, hasMessage, indexOf, isStored, remove, removePending, type PendingMessage } from './timeline-entries.js';
import type * as Pages from './history-pages.js';

/** Actions of elements and pages. */
export type Intent =
  | { type: 'select'; roomId: Id | null }
  | { type: 'send'; draft: PendingMessage }
  | { type: 'discard'; roomId: Id; localId: string }
  /** The first element shows a room, or the last one has stopped. */
  | { type: 'open' | 'close'; roomId: Id }
  /** One reader more, or one less, who sees the end of a room; or who reads further up. */
  | { type: 'reading' | 'away'; roomId: Id; on: boolean }
  | { type: 'mark-read'; roomId: Id }
  | { type: 'typing-expired'; roomId: Id; userId: Id }
  /** Another user, or another backend. */
  | { type: 'reset' }
  /** The deferred actions in `early` can run now. */
  | { type: 'late' };

export type Action = SessionEvent | Intent;

/** The code for long rooms and older pages, as soon as it is loaded. */
let pages: typeof Pages | undefined;
export const usePages = (loaded: typeof Pages): void => void (pages = loaded);

export function reduce(before: ChatData, action: Action): ChatData {
  const state = pages && before.early.length > 0 ? before.early.reduce(pages.onLate, { ...before, early: [] }) : before;
  switch (action.type) {
    case 'phase':
      return { ...state, phase: action.phase };
    case 'user':
      return { ...state, user: { id: action.id, username: action.username } };
    case 'offer':
      return { ...state, capabilities: action.capabilities, limits: action.limits };
    case 'rooms':
      return onRooms(state, action);
    case 'live-message':
      return onLiveMessage(state, action);
    case 'stored':
      return preview(confirmSent(state, action), action.roomId, action.message);
    case 'history':
      return pages?.onHistory(state, action) ?? firstPage(state, action);
    case 'history-loading':
      return inThread(state, action.roomId, (thread) => ({ ...thread, loading: action.side, error: null, failed: null }));
    case 'history-failed':
      return inThread(state, action.roomId, (thread) => ({ ...thread, loading: null, error: action.error, failed: thread.loading, denied: action.denied || thread.denied }));
    case 'refused':
    case 'restored':
    case 'resent':
      return late(state, action);
    case 'frame':
      return onFrame(state, action.frame);
    case 'notifications':
      return { ...state, notifications: action.state };
    case 'vault':
      return { ...state, durable: action.state === 'kept', outdated: action.state === 'outdated' };
    case 'problem':
    case 'purged':
    case 'person-uncertain':
    case 'late':
      return state;
    case 'select':
      return { ...state, selected: action.roomId };
    case 'send':
      return inThread(state, action.draft.roomId, (thread) => ({ ...thread, timeline: addPending(thread.timeline, action.draft, state.user) }));
    case 'discard':
    case 'discarded':
      return inThread(state, action.roomId, (thread) => ({ ...thread, timeline: removePending(thread.timeline, action.localId) }));
    case 'open':
      return inThread(state, action.roomId, (thread) => ({ ...thread, open: true }));
    case 'close':
      return inThread(state, action.roomId, (thread) => pages?.closed(thread) ?? { ...thread, open: false });
    case 'reading':
    case 'away': {
      const key = idKey(action.roomId);
      const readers = state[action.type];
      const at = readers.indexOf(key);
      return { ...state, [action.type]: action.on ? [...readers, key] : readers.filter((_, index) => index !== at) };
    }
    case 'mark-read':
      return inRoom(state, action.roomId, (room) => ({ ...room, unread_count: 0 }));
    case 'typing-expired':
      return stopped(state, action.roomId, action.userId);
    case 'reset':
      return { ...INITIAL, phase: state.phase, durable: state.durable, outdated: state.outdated, reading: state.reading, away: state.away };
    default:
      return assertNever(action);
  }
}

/** Done as soon as its code is loaded, in the order in which it came. */
const late = (state: ChatData, action: LateAction): ChatData => pages?.onLate(state, action) ?? { ...state, early: [...state.early, action].slice(-MAX_SEEN) };

/** A user has stopped typing. Before pages.ts is loaded, typing is not shown: it is sent again every few seconds. */
const stopped = (state: ChatData, roomId: Id, userId: Id): ChatData => pages?.setTyping(state, roomId, userId, '', false) ?? state;

// ————— Rooms

const sorted = (rooms: readonly Room[]): Room[] =>
  rooms
    .map((room) => ({ room, at: activity(room) }))
    .sort((a, b) => b.at - a.at)
    .map(({ room }) => room);

function onRooms(state: ChatData, { rooms, exactUnread, leftOut, isComplete }: Extract<SessionEvent, { type: 'rooms' }>): ChatData {
  const known = new Map(state.rooms.map((room) => [idKey(room.id), room]));
  const shown = rooms.filter((room) => room.is_active).map((room) => counted(state, room, exactUnread, known.get(idKey(room.id))));
  return { ...state, roomsLoaded: true, roomsLeftOut: leftOut, roomsComplete: isComplete, rooms: sorted(pages?.previewed(state, shown) ?? shown) };
}

function inRoom(state: ChatData, roomId: Id, change: (room: Room) => Room): ChatData {
  if (!state.rooms.some((room) => sameId(room.id, roomId))) return state;
  return { ...state, rooms: state.rooms.map((room) => (sameId(room.id, roomId) ? change(room) : room)) };
}

/**
 * The unread count to believe. Some backends count without knowing for whom, and say 0 on the socket: such a 0 takes
 * nothing away.
 */
function counted(state: ChatData, room: Room, exact: boolean, known?: Room): Room {
  if (state.reading.includes(idKey(room.id))) return { ...room, unread_count: 0 };
  if (exact) return room;
  return { ...room, unread_count: Math.max(known?.unread_count ?? 0, room.unread_count) };
}

/** The room's last message, if this one is not older than what it shows. */
function preview(state: ChatData, roomId: Id, message: Message): ChatData {
  const { content, timestamp, sender } = message;
  const next = inRoom(state, roomId, (room) => (isOlder(message, room) ? room : { ...room, last_message: { content, timestamp, sender } }));
  return next === state ? state : { ...next, rooms: pages?.moved(next.rooms, roomId) ?? sorted(next.rooms) };
}

// ————— Messages

const isMine = (state: ChatData, message: Message): boolean => sameId(message.sender?.id, state.user?.id);

/** Into the thread, where there is one: a room that was never opened loads its history when it is. */
function upsertMessage(state: ChatData, roomId: Id, message: Message, isLive: boolean): ChatData {
  if (!state.threads.has(idKey(roomId))) return state;
  return pages?.upsertMessage(state, roomId, message, isLive) ?? inThreadOf(state, roomId, (timeline) => arrive(timeline, [message]));
}

/** An own message is stored. If the thread has it already, that copy may be newer than this answer. */
function confirmSent(state: ChatData, { roomId, message, localId }: Extract<SessionEvent, { type: 'stored' }>): ChatData {
  const { timeline } = threadOf(state, roomId);
  const known = hasMessage(timeline, message) && timeline[indexOf(timeline, message.id)];
  return upsertMessage(state, roomId, { ...(known || message), _tempId: localId }, false);
}

function onLiveMessage(state: ChatData, { roomId, message, wasHeld }: Extract<SessionEvent, { type: 'live-message' }>): ChatData {
  const key = idKey(roomId);
  const isKnown = isSeen(state, roomId, message);
  let next = preview(upsertMessage(state, roomId, message, !wasHeld), roomId, message);
  if (isKnown) return next;
  next = withSeen(next, roomId, [message]);
  if (message.sender) next = stopped(next, roomId, message.sender.id);
  const listed = roomOf(state, roomId)?.last_message?.timestamp ?? '';
  const isCounted = wasHeld && Date.parse(message.timestamp) <= Date.parse(listed);
  if (isMine(state, message) || isCounted || state.reading.includes(key)) return next;
  return inRoom(next, roomId, (room) => ({ ...room, unread_count: room.unread_count + 1 }));
}

/** A room's newest page, before there is any other. */
const firstPage = (state: ChatData, { roomId, messages, hasMore, knownUpTo, leftOut = 0 }: Extract<SessionEvent, { type: 'history' }>): ChatData =>
  inThread(state, roomId, (thread) => {
    const { timeline: old } = thread;
    // Ours, stored while the page was on its way: it may be too new for it.
    const late = old.slice(indexOf(old, knownUpTo?.id) + 1).filter((entry) => isStored(entry) && entry.localId && !messages.some(({ id }) => sameId(id, entry.id)));
    const timeline = arrive(old.filter((entry) => !isStored(entry)), [...messages, ...late]);
    return { ...thread, timeline, loading: null, error: null, failed: null, denied: false, loaded: true, hasOlder: hasMore, leftOut };
  });

// ————— Frames

function onFrame(state: ChatData, frame: PassedFrame): ChatData {
  switch (frame.type) {
    case 'typing':
      return pages?.setTyping(state, frame.room_id, frame.user_id, frame.username, frame.is_typing) ?? state;
    case 'messages_marked_read':
      return inRoom(state, frame.room_id, (room) => ({ ...room, unread_count: Math.max(0, room.unread_count - frame.count) }));
    case 'message_deleted':
      return inThreadOf(state, frame.room_id, (timeline) => remove(timeline, frame.message_id));
    case 'room_updated': {
      const { updates } = frame;
      const next = inRoom(state, frame.room_id, (room) => counted(state, { ...room, ...(updates as Partial<Room>) }, true));
      return next === state ? state : { ...next, rooms: sorted(next.rooms.filter((room) => room.is_active)) };
    }
    default:
      return late(state, { type: 'frame', frame });
  }
}
