/** What a session tells its store. The store reduces these; nobody else hears them. */
import { isChange, type ChangeFrame, type ChatFrame, type FrameOf, type Id, type Limits, type Message, type Notification, type Problem, type Room } from '../protocol/index.js';
import type { ChatError } from '../transport/index.js';
import type { Phase } from './phase.js';
import type { Kept } from './vault.js';

export type { Outgoing } from './vault.js';

export interface NotificationState {
  readonly unread: number;
  /** Newest first. */
  readonly recent: readonly Notification[];
}

/** How a message or a list travelled. */
export type Method = 'websocket' | 'rest';

/** Frames that change what is shown and need no work of the session itself. */
export type PassedFrame = FrameOf<'typing' | 'room_updated'> | Exclude<ChangeFrame, { type: 'new_message' }>;

export type SessionEvent =
  | { type: 'phase'; phase: Phase }
  | { type: 'user'; id: Id; username: string }
  | { type: 'offer'; capabilities: readonly string[]; limits: Limits }
  /** `exactUnread`: whether its unread counts may be believed where they say 0. */
  | { type: 'rooms'; rooms: Room[]; method: Method; exactUnread: boolean }
  /** `wasHeld`: it came before the room was read, and so may be counted already in the list of rooms. */
  | { type: 'live-message'; roomId: Id; message: Message; wasHeld: boolean }
  /**
   * - `newest`: in place of what is known; `skipped`: and something between the two was left out.
   * - `overlap`: laid over it.
   * Of both: what the page should hold, and does not, is gone. `knownUpTo`: the newest message that was shown when it was
   * asked for; what is newer may have come after that.
   */
  | { type: 'history'; roomId: Id; side: 'newest' | 'overlap' | 'older' | 'newer'; messages: Message[]; hasMore: boolean; skipped?: boolean; knownUpTo?: Id | undefined }
  | { type: 'history-loading'; roomId: Id; side: 'newest' | 'older' }
  /** `denied`: the whole room is not ours to read. */
  | { type: 'history-failed'; roomId: Id; error: ChatError; denied?: boolean }
  /** Messages that were written before the page was loaded, or in another tab. */
  | { type: 'restored'; messages: readonly Kept[] }
  /** Sent again, or given up, in another tab. */
  | { type: 'resent'; localId: string }
  | { type: 'discarded'; localId: string; roomId: Id }
  | { type: 'stored'; localId: string; roomId: Id; message: Message; method: Method }
  | { type: 'refused'; localId: string; roomId: Id; error: ChatError }
  | { type: 'frame'; frame: PassedFrame }
  | { type: 'notifications'; state: NotificationState; fresh: Notification | undefined }
  | { type: 'problem'; problem: Problem | { code: 'server_error' | 'token_provider'; detail: string } }
  /** Nothing can be kept on this device: what is not sent yet lives as long as the page. */
  | { type: 'not-durable' };

export type Report = (event: SessionEvent) => void;

export const isPassed = (frame: ChatFrame): frame is PassedFrame => frame.type === 'typing' || frame.type === 'room_updated' || (isChange(frame) && frame.type !== 'new_message');
