/** Shared helpers of the reducer. */
import { idKey, type Id, type Message, type Room } from '../protocol/index.js';
import { hasMessage, type Timeline } from './timeline-entries.js';
import { threadOf } from './selectors.js';
import type { ChatData, Thread } from './state.js';

/** Maximum number of received messages whose ids are remembered. */
export const MAX_SEEN = 500;

export function inThread(state: ChatData, roomId: Id, change: (thread: Thread) => Thread): ChatData {
  const key = idKey(roomId);
  return { ...state, threads: new Map(state.threads).set(key, change(threadOf(state, roomId))) };
}

/** Changes the timeline of a room. */
export const inTimeline = (state: ChatData, roomId: Id, change: (timeline: Timeline) => Timeline): ChatData =>
  inThread(state, roomId, (thread) => ({ ...thread, timeline: change(thread.timeline) }));

/** Changes the timeline of a room, if it has a thread. */
export const inExistingTimeline: typeof inTimeline = (state, roomId, change) =>
  state.threads.has(idKey(roomId)) ? inTimeline(state, roomId, change) : state;

const seenKey = (roomId: Id, message: Pick<Message, 'id'>): string => `${idKey(roomId)} ${idKey(message.id)}`;

/** Whether a message was received before, whether it is loaded or not. */
export const isSeen = (state: ChatData, roomId: Id, message: Message): boolean =>
  hasMessage(threadOf(state, roomId).timeline, message) || state.seen.includes(seenKey(roomId, message));

export function withSeen(state: ChatData, roomId: Id, messages: readonly Pick<Message, 'id'>[]): ChatData {
  const keys = messages.map((message) => seenKey(roomId, message)).filter((key) => !state.seen.includes(key));
  return keys.length === 0 ? state : { ...state, seen: [...state.seen, ...keys].slice(-MAX_SEEN) };
}

/** Time of the last activity in a room, in milliseconds since 1970. */
export const activity = (room: Room): number =>
  Date.parse(room.last_message?.timestamp ?? room.updated_at ?? room.created_at ?? '') || 0;

/** Whether a message is older than the room's last message. */
export const isOlder = ({ timestamp }: Message, room: Room): boolean =>
  Date.parse(timestamp) < Date.parse(room.last_message?.timestamp ?? '');
