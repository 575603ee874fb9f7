/** (state, event) → state. Pure: no clock, no chance, no network. */
import { compareIds, idKey, sameId, type Id, type Message, type Room } from '../protocol/index.js';
import { assertNever, refusalOf, type Kept, type PassedFrame, type SessionEvent } from '../session/index.js';
import { roomOf, threadOf } from './selectors.js';
import { INITIAL, type ChatData, type ChatMessage, type Thread } from './state.js';
import { activity, inThread, isSeen, withSeen } from './threads.js';
import { addPending, arrive, holds, indexOf, isStored, remove, removePending, setDelivery, type Draft, type Timeline } from './entries.js';
import type * as Pages from './pages.js';

/** What the elements, or a page, ask for. */
export type Intent =
  | { type: 'select'; roomId: Id | null }
  | { type: 'send'; draft: Draft }
  | { type: 'discard'; roomId: Id; localId: string }
  /** Somebody shows a room, or nobody does any more. */
  | { type: 'open' | 'close'; roomId: Id }
  /** One reader more, or one less, who sees the end of a room; or who reads further up. */
  | { type: 'reading' | 'away'; roomId: Id; on: boolean }
  | { type: 'mark-read'; roomId: Id }
  | { type: 'typing-expired'; roomId: Id; userId: Id }
  /** Another person, or another backend. */
  | { type: 'reset' };

export type Action = SessionEvent | Intent;

/** What only long rooms and older pages need, as soon as it is loaded. */
let pages: typeof Pages | undefined;
export const usePages = (loaded: typeof Pages): void => void (pages = loaded);

export function reduce(state: ChatData, action: Action): ChatData {
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
      return preview(confirm(state, action.roomId, action.message), action.roomId, action.message);
    case 'history':
      return pages?.onHistory(state, action) ?? firstPage(state, action);
    case 'history-loading':
      return inThread(state, action.roomId, (thread) => ({ ...thread, loading: action.side, error: null, failed: null }));
    case 'history-failed':
      return inThread(state, action.roomId, (thread) => ({ ...thread, loading: null, error: action.error, failed: thread.loading, denied: action.denied || thread.denied }));
    case 'refused':
      return inThread(state, action.roomId, (thread) => ({ ...thread, timeline: setDelivery(thread.timeline, action.localId, 'failed', action.error) }));
    case 'frame':
      return onFrame(state, action.frame);
    case 'problem':
      return state;
    case 'restored':
      return action.messages.reduce(restore, state);
    case 'resent':
      return inPendingOf(state, action.localId, (thread) => ({ ...thread, timeline: setDelivery(thread.timeline, action.localId, 'sending', null) }));
    case 'notifications':
      return { ...state, notifications: action.state };
    case 'vault':
      return { ...state, durable: action.state === 'kept', outdated: action.state === 'outdated' };
    case 'person-uncertain':
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
      return setTyping(state, action.roomId, action.userId, '', false);
    case 'reset':
      return { ...INITIAL, phase: state.phase, durable: state.durable, outdated: state.outdated, reading: state.reading, away: state.away };
    default:
      return assertNever(action);
  }
}

// ————— Rooms

const sorted = (rooms: readonly Room[]): Room[] =>
  rooms
    .map((room) => ({ room, at: activity(room) }))
    .sort((a, b) => b.at - a.at)
    .map(({ room }) => room);

function onRooms(state: ChatData, { rooms, exactUnread, leftOut, isComplete }: Extract<SessionEvent, { type: 'rooms' }>): ChatData {
  const known = new Map(state.rooms.map((room) => [idKey(room.id), room]));
  const shown = rooms.filter((room) => room.is_active).map((room) => previewed(state, counted(state, room, exactUnread, known.get(idKey(room.id)))));
  return { ...state, roomsLoaded: true, roomsLeftOut: leftOut, roomsComplete: isComplete, rooms: sorted(shown) };
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

/**
 * A listed room with the last message that is known here, where the list does not know it: some backends do not list what was sent over
 * REST. Where a backend tells of every room on the socket, its list is right, and what it does not name was deleted.
 */
function previewed(state: ChatData, room: Room): Room {
  const last = state.capabilities.includes('user_channel') ? undefined : threadOf(state, room.id).timeline.findLast(({ delivery }) => delivery === 'sent');
  return last && !isOlder(last, room) ? { ...room, last_message: last } : room;
}

/** Whether a message is older than the last one of its room. */
const isOlder = ({ timestamp }: Message, room: Room): boolean => Date.parse(timestamp) < Date.parse(room.last_message?.timestamp ?? '');

/** The room's last message, if this one is not older than what it shows. */
function preview(state: ChatData, roomId: Id, message: Message): ChatData {
  const { content, timestamp, sender } = message;
  const next = inRoom(state, roomId, (room) => (isOlder(message, room) ? room : { ...room, last_message: { content, timestamp, sender } }));
  return next === state ? state : { ...next, rooms: pages?.moved(next.rooms, roomId) ?? sorted(next.rooms) };
}

// ————— Messages

const isMine = (state: ChatData, message: Message): boolean => sameId(message.sender?.id, state.user?.id);

/** Changes what is shown of a room, where it is shown. */
const inThreadOf = (state: ChatData, roomId: Id, change: (timeline: Timeline) => Timeline): ChatData =>
  state.threads.has(idKey(roomId)) ? inThread(state, roomId, (thread) => ({ ...thread, timeline: change(thread.timeline) })) : state;

/** Into the thread, where there is one: a room that nobody opened loads its history when somebody does. */
function place(state: ChatData, roomId: Id, message: Message, isLive: boolean): ChatData {
  if (!state.threads.has(idKey(roomId))) return state;
  return pages?.place(state, roomId, message, isLive) ?? inThreadOf(state, roomId, (timeline) => arrive(timeline, [message]));
}

/** A message of ours is stored. If it stands there already, what is known of it may be newer than this answer. */
function confirm(state: ChatData, roomId: Id, message: Message): ChatData {
  const { timeline } = threadOf(state, roomId);
  const known = holds(timeline, message) && timeline.findLast(({ id, delivery }) => delivery === 'sent' && sameId(id, message.id));
  return place(state, roomId, { ...(known || message), _tempId: message._tempId }, false);
}

function onLiveMessage(state: ChatData, { roomId, message, wasHeld }: Extract<SessionEvent, { type: 'live-message' }>): ChatData {
  const key = idKey(roomId);
  const isKnown = isSeen(state, roomId, message);
  let next = preview(place(state, roomId, message, !wasHeld), roomId, message);
  if (isKnown) return next;
  next = withSeen(next, roomId, [message]);
  if (message.sender) next = setTyping(next, roomId, message.sender.id, '', false);
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
    const isTooNew = ({ id, localId }: ChatMessage, at: number): boolean => !!localId && at > indexOf(old, knownUpTo?.id) && !messages.some((each) => sameId(each.id, id));
    const timeline = arrive(old.filter((entry) => !isStored(entry)), [...messages, ...old.filter((entry, at) => isStored(entry) && isTooNew(entry, at))]);
    return { ...thread, timeline, loading: null, error: null, failed: null, denied: false, loaded: true, hasOlder: hasMore, leftOut };
  });

/** A message that was written before this page was loaded, or in another tab. */
function restore(state: ChatData, kept: Kept): ChatData {
  const { localId, roomId, content, replyTo, at } = kept;
  const known = threadOf(state, roomId).timeline;
  if (known.some((entry) => entry.localId === localId)) return state;
  const error = refusalOf(kept);
  const draft: Draft = { localId, roomId, content, at, replyTo: known.find(({ id }) => sameId(id, replyTo)) };
  return inThread(state, roomId, (thread) => {
    const timeline = addPending(thread.timeline, draft, state.user);
    if (!error) return { ...thread, timeline };
    const [refused] = setDelivery(timeline.slice(-1), localId, 'failed', error);
    return { ...thread, timeline: pages!.placeByTime(thread.timeline, refused!) };
  });
}

function inPendingOf(state: ChatData, localId: string, change: (thread: Thread) => Thread): ChatData {
  for (const [room, { timeline }] of state.threads) if (timeline.some((entry) => entry.localId === localId)) return inThread(state, room, change);
  return state;
}

// ————— Frames

function onFrame(state: ChatData, frame: PassedFrame): ChatData {
  switch (frame.type) {
    case 'typing':
      return setTyping(state, frame.room_id, frame.user_id, frame.username, frame.is_typing);
    case 'messages_marked_read':
      return inRoom(state, frame.room_id, (room) => ({ ...room, unread_count: Math.max(0, room.unread_count - frame.count) }));
    case 'message_updated':
      return inThreadOf(state, frame.room_id, (timeline) => (holds(timeline, frame.message) ? arrive(timeline, [frame.message]) : timeline));
    case 'message_deleted':
      return inThreadOf(state, frame.room_id, (timeline) => remove(timeline, frame.message_id));
    case 'reactions_updated':
      return inThreadOf(state, frame.room_id, (timeline) =>
        timeline.map((entry) => (sameId(entry.id, frame.message_id) ? { ...entry, reactions: frame.reactions } : entry)),
      );
    case 'message_read':
      return onRead(state, frame);
    case 'room_updated': {
      const { updates } = frame;
      const next = inRoom(state, frame.room_id, (room) => counted(state, { ...room, ...(updates as Partial<Room>) }, true));
      return next === state ? state : { ...next, rooms: sorted(next.rooms.filter((room) => room.is_active)) };
    }
    default:
      return assertNever(frame);
  }
}

/** Somebody has read messages: those named, or all (up to one), that are not that person's own. */
function onRead(state: ChatData, { room_id, user_id, message_ids, up_to }: Extract<PassedFrame, { type: 'message_read' }>): ChatData {
  if (isStranger(state, room_id, user_id)) return state;
  const named = new Set(message_ids.map(idKey));
  return inThreadOf(state, room_id, (timeline) => {
    const last = timeline.findIndex(({ id }) => sameId(id, up_to));
    const isUpTo = (entry: ChatMessage, at: number): boolean => up_to === undefined || (last < 0 ? compareIds(entry.id, up_to) <= 0 : at <= last);
    const isMeant = (entry: ChatMessage, at: number): boolean => (named.size > 0 ? named.has(idKey(entry.id)) : isUpTo(entry, at));
    return timeline.map((entry, at) =>
      entry.is_read || entry.delivery !== 'sent' || sameId(entry.sender?.id, user_id) || !isMeant(entry, at) ? entry : { ...entry, is_read: true },
    );
  });
}

/** Whether somebody is certainly not in a room: all who are in it are known. */
function isStranger(state: ChatData, roomId: Id, userId: Id): boolean {
  const { participants, participant_count } = roomOf(state, roomId) ?? { participants: [], participant_count: 0 };
  return participants.length > 0 && participants.length >= participant_count && !participants.some(({ id }) => sameId(id, userId));
}

/** Typing by me, or by somebody who is not in the room, is nobody's business. */
function setTyping(state: ChatData, roomId: Id, userId: Id, username: string, isTyping: boolean): ChatData {
  const thread = state.threads.get(idKey(roomId));
  if (!thread || sameId(userId, state.user?.id)) return state;
  const others = thread.typing.filter((typist) => !sameId(typist.userId, userId));
  if (isTyping ? isStranger(state, roomId, userId) : others.length === thread.typing.length) return state;
  return inThread(state, roomId, (old) => ({ ...old, typing: isTyping ? [...others, { userId, username }] : others }));
}
