/** What a session tells its store. The store reduces these; nobody else hears them. */
import type { ChatFrame, FrameOf, Id, Limits, Message, Problem, Room } from '../protocol/index.js';
import type { ChatError } from '../transport/index.js';
import type { Phase } from './phase.js';

/** How a message or a list travelled. */
export type Method = 'websocket' | 'rest';

/** A message on its way out. */
export interface Outgoing {
  /** Ours, until the server has given it an id; travels as `_tempId`. */
  readonly localId: string;
  readonly roomId: Id;
  readonly content: string;
  readonly replyTo?: Id | undefined;
}

/** Frames that change what is shown and need no work of the session itself. */
export type PassedFrame = FrameOf<'typing' | 'messages_marked_read' | 'message_read' | 'room_updated'>;

export type SessionEvent =
  | { type: 'phase'; phase: Phase }
  | { type: 'user'; id: Id; username: string }
  | { type: 'offer'; capabilities: readonly string[]; limits: Limits }
  /** `exactUnread`: whether its unread counts may be believed where they say 0. */
  | { type: 'rooms'; rooms: Room[]; method: Method; exactUnread: boolean }
  | { type: 'live-message'; roomId: Id; message: Message }
  | { type: 'history'; roomId: Id; side: 'newest' | 'older' | 'newer'; messages: Message[]; hasMore: boolean }
  | { type: 'history-loading'; roomId: Id; side: 'newest' | 'older' }
  | { type: 'history-failed'; roomId: Id; error: ChatError }
  | { type: 'stored'; localId: string; roomId: Id; message: Message; method: Method }
  | { type: 'refused'; localId: string; roomId: Id; error: ChatError }
  | { type: 'frame'; frame: PassedFrame }
  | { type: 'problem'; problem: Problem | { code: 'server_error'; detail: string } };

export type Report = (event: SessionEvent) => void;

export const isPassed = (frame: ChatFrame): frame is PassedFrame =>
  frame.type === 'typing' || frame.type === 'messages_marked_read' || frame.type === 'message_read' || frame.type === 'room_updated';
