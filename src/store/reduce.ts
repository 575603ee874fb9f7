/** (state, event) → state. Pure: no clock, no chance, no network. */
import { compareIds, idKey, isOrdered, sameId, type Id, type Message, type Room } from '../protocol/index.js';
import { assertNever, refusalOf, type Kept, type PassedFrame, type SessionEvent } from '../session/index.js';
import { roomOf, threadOf } from './selectors.js';
import { EMPTY_THREAD, INITIAL, type ChatData, type ChatMessage, type Thread } from './state.js';
import { addPending, holds, isUnloaded, merge, remove, removePending, setDelivery, withoutGone, type Draft } from './timeline.js';

/** What the elements, or a page, ask for. */
export type Intent =
  | { type: 'select'; roomId: Id | null }
  | { type: 'send'; draft: Draft }
  | { type: 'discard'; roomId: Id; localId: string }
  | { type: 'reading'; roomId: Id; on: boolean }
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
      return { ...state, roomsLoaded: true, rooms: sorted(action.rooms.filter((room) => room.is_active).map((room) => previewed(state, counted(state, room, action.exactUnread)))) };
    case 'live-message':
      return onLiveMessage(state, action);
    case 'stored':
      return preview(confirm(state, action.roomId, action.message), action.roomId, action.message);
    case 'history':
      return onHistory(state, action);
    case 'history-loading':
      return inThread(state, action.roomId, (thread) => ({ ...thread, loading: action.side, error: null }));
    case 'history-failed':
      return inThread(state, action.roomId, (thread) => ({ ...thread, loading: null, error: action.error, denied: action.denied || thread.denied }));
    case 'refused':
      return inThread(state, action.roomId, (thread) => ({ ...thread, timeline: setDelivery(thread.timeline, action.localId, 'failed', action.error) }));
    case 'frame':
      return onFrame(state, action.frame);
    case 'problem':
      return state;
    case 'restored':
      return action.messages.reduce(restore, state);
    case 'resent':
      return inPendingOf(state, action.localId, (thread) => resend(thread, action.localId));
    case 'notifications':
      return { ...state, notifications: action.state };
    case 'not-durable':
      return { ...state, durable: false };
    case 'select':
      return { ...state, selected: action.roomId };
    case 'send':
      return inThread(state, action.draft.roomId, (thread) => ({ ...thread, timeline: addPending(thread.timeline, action.draft, state.user) }));
    case 'discard':
    case 'discarded':
      return inThread(state, action.roomId, (thread) => ({ ...thread, timeline: removePending(thread.timeline, action.localId) }));
    case 'reading': {
      const key = idKey(action.roomId);
      const at = state.reading.indexOf(key);
      return { ...state, reading: action.on ? [...state.reading, key] : state.reading.filter((_, index) => index !== at) };
    }
    case 'mark-read':
      return inRoom(state, action.roomId, (room) => ({ ...room, unread_count: 0 }));
    case 'typing-expired':
      return setTyping(state, action.roomId, action.userId, '', false);
    case 'reset':
      return { ...INITIAL, phase: state.phase, durable: state.durable };
    default:
      return assertNever(action);
  }
}

// ————— Rooms

const activity = (room: Room): number => Date.parse(room.last_message?.timestamp ?? room.updated_at ?? room.created_at ?? '') || 0;

const sorted = (rooms: readonly Room[]): Room[] => [...rooms].sort((a, b) => activity(b) - activity(a));

function inRoom(state: ChatData, roomId: Id, change: (room: Room) => Room): ChatData {
  if (!state.rooms.some((room) => sameId(room.id, roomId))) return state;
  return { ...state, rooms: state.rooms.map((room) => (sameId(room.id, roomId) ? change(room) : room)) };
}

/**
 * The unread count to believe. Some backends count without knowing for whom, and say 0 on the socket: such a 0 takes
 * nothing away.
 */
function counted(state: ChatData, room: Room, exact: boolean): Room {
  if (state.reading.includes(idKey(room.id))) return { ...room, unread_count: 0 };
  if (exact) return room;
  const known = state.rooms.find(({ id }) => sameId(id, room.id))?.unread_count ?? 0;
  return { ...room, unread_count: Math.max(known, room.unread_count) };
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
  return next === state ? state : { ...next, rooms: sorted(next.rooms) };
}

// ————— Messages

const isMine = (state: ChatData, message: Message): boolean => sameId(message.sender?.id, state.user?.id);

function inThread(state: ChatData, roomId: Id, change: (thread: Thread) => Thread): ChatData {
  const key = idKey(roomId);
  return { ...state, threads: { ...state.threads, [key]: change(state.threads[key] ?? EMPTY_THREAD) } };
}

/** Changes what is shown of a room, where it is shown. */
const inThreadOf = (state: ChatData, roomId: Id, change: (timeline: Thread['timeline']) => Thread['timeline']): ChatData =>
  state.threads[idKey(roomId)] ? inThread(state, roomId, (thread) => ({ ...thread, timeline: change(thread.timeline) })) : state;

/**
 * Into the thread, where there is one: a room that nobody opened loads its history when somebody does. What belongs before
 * the first message that is loaded will come with its page: alone up there it would hide that something is between.
 */
const place = (state: ChatData, roomId: Id, messages: readonly Message[]): ChatData =>
  state.threads[idKey(roomId)]
    ? inThread(state, roomId, (thread) => {
        const { timeline, hasOlder } = thread;
        const [unloaded, loaded] = [true, false].map((is) => messages.filter((message) => isUnloaded(timeline, hasOlder, message) === is)) as [Message[], Message[]];
        const waiting = unloaded.reduce<Thread['timeline']>((left, { _tempId }) => (_tempId ? removePending(left, _tempId) : left), timeline);
        return { ...thread, timeline: merge(waiting, loaded) };
      })
    : state;

/** A message of ours is stored. If it stands there already, what is known of it may be newer than this answer. */
function confirm(state: ChatData, roomId: Id, message: Message): ChatData {
  const known = threadOf(state, roomId).timeline.find(({ id, delivery }) => delivery === 'sent' && sameId(id, message.id));
  return place(state, roomId, [{ ...(known ?? message), _tempId: message._tempId }]);
}

function onLiveMessage(state: ChatData, { roomId, message, wasHeld }: Extract<SessionEvent, { type: 'live-message' }>): ChatData {
  const key = idKey(roomId);
  const seen = state.lastSeen[key];
  const known =
    holds(state.threads[key]?.timeline ?? [], message) ||
    (seen !== undefined && (isOrdered(message.id) ? compareIds(message.id, seen) <= 0 : sameId(message.id, seen)));
  let next = preview(place(state, roomId, [message]), roomId, message);
  if (known) return next;
  next = { ...next, lastSeen: { ...next.lastSeen, [key]: message.id } };
  if (message.sender) next = setTyping(next, roomId, message.sender.id, '', false);
  const listed = roomOf(state, roomId)?.last_message?.timestamp ?? '';
  const isCounted = wasHeld && Date.parse(message.timestamp) <= Date.parse(listed);
  if (isMine(state, message) || isCounted || state.reading.includes(key)) return next;
  return inRoom(next, roomId, (room) => ({ ...room, unread_count: room.unread_count + 1 }));
}

function onHistory(state: ChatData, event: Extract<SessionEvent, { type: 'history' }>): ChatData {
  const { roomId, side, messages, hasMore } = event;
  return inThread(state, roomId, (old) => {
    const thread: Thread = { ...old, loading: null, error: null, denied: false };
    switch (side) {
      case 'newer':
        return messages.length > 0 ? { ...thread, timeline: merge(old.timeline, messages) } : thread;
      case 'older':
        return { ...thread, timeline: merge(old.timeline, messages, true), hasOlder: hasMore, skipped: false };
      case 'overlap': {
        const timeline = merge(withoutGone(old.timeline, messages, !hasMore, event.knownUpTo), messages);
        const reachesBack = timeline[0] !== undefined && !sameId(timeline[0].id, messages[0]?.id);
        return { ...thread, timeline, hasOlder: hasMore && (!reachesBack || old.hasOlder) };
      }
      case 'newest': {
        const known = event.skipped ? old.timeline.filter(({ delivery }) => delivery !== 'sent') : withoutGone(old.timeline, messages, true, event.knownUpTo);
        return { ...thread, timeline: merge(known, messages), hasOlder: hasMore, skipped: event.skipped === true, loaded: true };
      }
      default:
        return assertNever(side);
    }
  });
}

/** A message that was written before this page was loaded, or in another tab. */
function restore(state: ChatData, kept: Kept): ChatData {
  const { localId, roomId, content, replyTo, at } = kept;
  const known = threadOf(state, roomId).timeline;
  if (known.some((entry) => entry.localId === localId)) return state;
  const error = refusalOf(kept);
  const draft: Draft = { localId, roomId, content, at, replyTo: known.find(({ id }) => sameId(id, replyTo)) };
  return inThread(state, roomId, (thread) => {
    const timeline = addPending(thread.timeline, draft, state.user);
    return { ...thread, timeline: error ? setDelivery(timeline, localId, 'failed', error) : timeline };
  });
}

function inPendingOf(state: ChatData, localId: string, change: (thread: Thread) => Thread): ChatData {
  const key = Object.keys(state.threads).find((room) => state.threads[room]!.timeline.some((entry) => entry.localId === localId));
  return key === undefined ? state : inThread(state, key, change);
}

function resend(thread: Thread, localId: string): Thread {
  const entry = thread.timeline.find((candidate) => candidate.localId === localId);
  if (!entry) return thread;
  // To the end: it will be stored after everything that was stored meanwhile.
  return { ...thread, timeline: [...removePending(thread.timeline, localId), { ...entry, delivery: 'sending', error: null }] };
}

// ————— Frames

function onFrame(state: ChatData, frame: PassedFrame): ChatData {
  switch (frame.type) {
    case 'typing':
      return setTyping(state, frame.room_id, frame.user_id, frame.username, frame.is_typing);
    case 'messages_marked_read':
      return inRoom(state, frame.room_id, (room) => ({ ...room, unread_count: Math.max(0, room.unread_count - frame.count) }));
    case 'message_updated':
      return inThreadOf(state, frame.room_id, (timeline) => (holds(timeline, frame.message) ? merge(timeline, [frame.message]) : timeline));
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

/** Typing by me, or by somebody who is not in the room, is nobody's business. */
function setTyping(state: ChatData, roomId: Id, userId: Id, username: string, isTyping: boolean): ChatData {
  const thread = state.threads[idKey(roomId)];
  const room = state.rooms.find(({ id }) => sameId(id, roomId));
  if (!thread || sameId(userId, state.user?.id)) return state;
  const others = thread.typing.filter((typist) => !sameId(typist.userId, userId));
  const isStranger = room !== undefined && room.participants.length > 0 && !room.participants.some(({ id }) => sameId(id, userId));
  if (isTyping ? isStranger : others.length === thread.typing.length) return state;
  return inThread(state, roomId, (old) => ({ ...old, typing: isTyping ? [...others, { userId, username }] : others }));
}
