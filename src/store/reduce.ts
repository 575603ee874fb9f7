/** (state, event) → state. Pure: no clock, no chance, no network. */
import { compareIds, idKey, sameId, type Id, type Message, type Room } from '../protocol/index.js';
import { assertNever, refusalOf, type Kept, type PassedFrame, type SessionEvent } from '../session/index.js';
import { roomOf, threadOf } from './selectors.js';
import { EMPTY_THREAD, INITIAL, type ChatData, type ChatMessage, type Thread } from './state.js';
import {
  addPending,
  append,
  excess,
  holds,
  isUnloaded,
  merge,
  placeByTime,
  remove,
  removePending,
  setDelivery,
  update,
  withoutGone,
  withoutNewest,
  withoutOldest,
  type Draft,
  type Timeline,
} from './timeline.js';

/** So many stored messages of an open room are kept; beyond that so many are released at once. */
const MAX_LOADED = 2_000;
const RELEASED = 200;
/** The same of a room that nobody shows. */
const MAX_CLOSED = 50;
/** So many of the messages that came in are remembered. */
const MAX_SEEN = 500;

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
      return onHistory(state, action);
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
      return inThread(state, action.roomId, closed);
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
      return { ...INITIAL, phase: state.phase, durable: state.durable, outdated: state.outdated };
    default:
      return assertNever(action);
  }
}

// ————— Rooms

const activity = (room: Room): number => Date.parse(room.last_message?.timestamp ?? room.updated_at ?? room.created_at ?? '') || 0;

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
  return next === state ? state : { ...next, rooms: moved(next.rooms, roomId) };
}

/** The rooms in their order, after the activity of one has changed. */
function moved(rooms: readonly Room[], roomId: Id): readonly Room[] {
  const room = rooms.find(({ id }) => sameId(id, roomId))!;
  const others = rooms.filter((other) => other !== room);
  const to = others.findIndex((other) => activity(other) <= activity(room));
  others.splice(to < 0 ? others.length : to, 0, room);
  return others;
}

// ————— Messages

const isMine = (state: ChatData, message: Message): boolean => sameId(message.sender?.id, state.user?.id);

function inThread(state: ChatData, roomId: Id, change: (thread: Thread) => Thread): ChatData {
  const key = idKey(roomId);
  return { ...state, threads: new Map(state.threads).set(key, change(threadOf(state, roomId))) };
}

/** Changes what is shown of a room, where it is shown. */
const inThreadOf = (state: ChatData, roomId: Id, change: (timeline: Timeline, thread: Thread) => Timeline): ChatData =>
  state.threads.has(idKey(roomId)) ? inThread(state, roomId, (thread) => ({ ...thread, timeline: change(thread.timeline, thread) })) : state;

/** Releases the oldest messages, where there are too many. */
function bounded(thread: Thread): Thread {
  const over = excess(thread.timeline, thread.open ? MAX_LOADED : MAX_CLOSED);
  if (over <= 0) return thread;
  const slack = thread.open ? RELEASED : 0;
  return { ...thread, timeline: withoutOldest(thread.timeline, over + slack), hasOlder: true, skipped: false };
}

/** Nobody shows the room any more: what is needed to show it at once is kept. */
function closed(thread: Thread): Thread {
  // What is loaded is not its end: that is read again when somebody opens it.
  const rest = thread.hasNewer ? { ...EMPTY_THREAD, timeline: withoutNewest(thread.timeline, 0) } : thread;
  return bounded({ ...rest, open: false });
}

const seenKey = (roomId: Id, message: Pick<Message, 'id'>): string => `${idKey(roomId)} ${idKey(message.id)}`;

/** Whether a message has come in already, shown or not. */
export const isSeen = (state: ChatData, roomId: Id, message: Message): boolean =>
  holds(threadOf(state, roomId).timeline, message) || state.seen.includes(seenKey(roomId, message));

function withSeen(state: ChatData, roomId: Id, messages: readonly Pick<Message, 'id'>[]): ChatData {
  const keys = messages.map((message) => seenKey(roomId, message)).filter((key) => !state.seen.includes(key));
  return keys.length === 0 ? state : { ...state, seen: [...state.seen, ...keys].slice(-MAX_SEEN) };
}

/** Messages at the end of a thread. Beyond a hole none is shown: they come with their page. */
function atEnd(state: ChatData, roomId: Id, messages: readonly Message[]): ChatData {
  const thread = threadOf(state, roomId);
  if (thread.hasNewer) return withSeen(inThread(state, roomId, () => ({ ...thread, timeline: update(thread, messages) })), roomId, messages);
  return fitted(state, roomId, { ...thread, timeline: append(thread, messages) });
}

/** Releases what is too much: from the beginning, unless that would take away what somebody looks at further up. */
const fitted = (state: ChatData, roomId: Id, thread: Thread): ChatData =>
  state.away.includes(idKey(roomId)) ? withoutEnd(state, roomId, thread) : inThread(state, roomId, () => bounded(thread));

/** Releases the newest messages of a thread, where there are too many. */
function withoutEnd(state: ChatData, roomId: Id, thread: Thread): ChatData {
  if (excess(thread.timeline, MAX_LOADED) <= 0) return inThread(state, roomId, () => thread);
  const timeline = withoutNewest(thread.timeline, MAX_LOADED);
  const next = inThread(state, roomId, () => ({ ...thread, timeline, hasNewer: true }));
  // What comes by again is not news.
  return withSeen(next, roomId, thread.timeline.filter(({ delivery }) => delivery === 'sent').slice(-MAX_SEEN / 5));
}

/**
 * Into the thread, where there is one: a room that nobody opened loads its history when somebody does. What belongs before the first
 * message that is loaded will come with its page: alone up there it would hide that something is between.
 * @param isLive whether it came in just now.
 */
function place(state: ChatData, roomId: Id, message: Message, isLive: boolean): ChatData {
  const thread = state.threads.get(idKey(roomId));
  if (!thread) return state;
  if (!isUnloaded(thread, message, isLive)) return atEnd(state, roomId, [message]);
  return inThread(state, roomId, () => ({ ...thread, timeline: update(thread, [message]) }));
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

function onHistory(state: ChatData, event: Extract<SessionEvent, { type: 'history' }>): ChatData {
  const { roomId, side, messages, hasMore, knownUpTo, leftOut = 0 } = event;
  const old = threadOf(state, roomId);
  const thread: Thread = { ...old, loading: null, error: null, failed: null, denied: false };
  switch (side) {
    case 'missed':
      return atEnd(inThread(state, roomId, () => thread), roomId, messages);
    case 'older': {
      const timeline = merge(old, messages, true);
      // A page with nothing new would come again and again.
      const hasOlder = hasMore && messages.some((message) => !holds(old.timeline, message));
      return withoutEnd(state, roomId, { ...thread, timeline, hasOlder, skipped: false, leftOut: old.leftOut + leftOut });
    }
    case 'newer':
      return inThread(state, roomId, () => bounded({ ...thread, timeline: append({ ...old, hasNewer: true }, messages), hasNewer: hasMore, leftOut: old.leftOut + leftOut }));
    case 'overlap': {
      const isJoined = !old.hasNewer || messages.some((message) => holds(old.timeline, message));
      if (!isJoined) return withSeen(inThread(state, roomId, () => thread), roomId, messages);
      const timeline = merge({ ...old, timeline: withoutGone(old.timeline, messages, !hasMore, knownUpTo) }, messages);
      const reachesBack = timeline[0] !== undefined && !sameId(timeline[0].id, messages[0]?.id);
      const hasOlder = hasMore && (!reachesBack || old.hasOlder);
      return fitted(state, roomId, { ...thread, timeline, hasNewer: false, hasOlder, leftOut: Math.max(old.leftOut, leftOut) });
    }
    case 'newest': {
      const isAnew = event.skipped || old.hasNewer;
      const known = isAnew ? withoutNewest(old.timeline, 0) : withoutGone(old.timeline, messages, true, knownUpTo);
      const timeline = merge({ ...old, timeline: known, loaded: false }, messages);
      return inThread(state, roomId, () => bounded({ ...thread, timeline, hasNewer: false, hasOlder: hasMore, skipped: event.skipped === true, loaded: true, leftOut }));
    }
    default:
      return assertNever(side);
  }
}

/** A message that was written before this page was loaded, or in another tab. */
function restore(state: ChatData, kept: Kept): ChatData {
  const { localId, roomId, content, replyTo, at } = kept;
  const known = threadOf(state, roomId).timeline;
  if (known.some((entry) => entry.localId === localId)) return state;
  const error = refusalOf(kept);
  const draft: Draft = { localId, roomId, content, at, replyTo: known.find(({ id }) => sameId(id, replyTo)) };
  return inThread(state, roomId, (thread) => {
    if (!error) return { ...thread, timeline: addPending(thread.timeline, draft, state.user) };
    const [refused] = setDelivery(addPending([], draft, state.user), localId, 'failed', error);
    return { ...thread, timeline: placeByTime(thread.timeline, refused!) };
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
      return inThreadOf(state, frame.room_id, (timeline, thread) => (holds(timeline, frame.message) ? update(thread, [frame.message]) : timeline));
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
