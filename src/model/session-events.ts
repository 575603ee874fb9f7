/** The events that a session reports. The client passes them to the store, which reduces them to its state. */
import {
  isChange,
  type ChangeFrame,
  type ChatFrame,
  type FrameOf,
  type Id,
  type Limits,
  type Message,
  type Notification,
  type Problem,
  type Room,
} from '../protocol/index.js';
import type { ChatError } from '../transport/index.js';
import type { ConnectionState } from './connection-state.js';
import type { StoredMessage, StorageState } from './stored-message.js';

export interface NotificationState {
  readonly unread: number;
  /** Newest first. */
  readonly recent: readonly Notification[];
}

/** Which page of a room's history: the newest one, or the one before or after what is loaded. */
export type Side = 'newest' | 'older' | 'newer';

/** How a message or a list travelled. */
export type Method = 'websocket' | 'rest';

/** Frames that change what is shown and need no work of the session itself. */
export type PassedFrame = FrameOf<'typing' | 'room_updated'> | Exclude<ChangeFrame, { type: 'new_message' }>;

export type SessionEvent =
  | { type: 'phase'; phase: ConnectionState }
  /** `isOther`: than the last one who was known. `isHidden`: what that one has seen is hidden already. */
  | { type: 'user'; id: Id; username: string; isOther: boolean; isHidden: boolean }
  /** There is a new token that does not name its user. `lost`: messages that will not be sent, because their author was never known. */
  | { type: 'person-uncertain'; lost: readonly string[] }
  | { type: 'offer'; capabilities: readonly string[]; limits: Limits }
  /**
   * `exactUnread`: whether its unread counts may be believed where they say 0. `leftOut`: how many could not be read.
   * `isComplete`: whether these are all.
   */
  | { type: 'rooms'; rooms: Room[]; method: Method; exactUnread: boolean; leftOut: number; isComplete: boolean }
  /** `wasHeld`: it came before the room was read, and so may be counted already in the list of rooms. */
  | { type: 'live-message'; roomId: Id; message: Message; wasHeld: boolean }
  /**
   * - `newest`: in place of what is known; `skipped`: and something between the two was left out.
   * - `overlap`: laid over it.
   * - `older`, `newer`: the page before or after what is loaded.
   * - `missed`: messages that came in without a connection, in their order.
   * Of the first two: what the page should hold, and does not, is gone. `knownUpTo`: the newest message that was shown when it was
   * asked for; what is newer may have come after that. `leftOut`: how many messages of it could not be read.
   */
  | {
      type: 'history';
      roomId: Id;
      side: Side | 'overlap' | 'missed';
      messages: Message[];
      hasMore: boolean;
      /** Of an older or newer page: the message that it was requested from. Undefined: the page may be out of date by now, and is dropped. */
      from?: Id | undefined;
      skipped?: boolean;
      knownUpTo?: Message | undefined;
      leftOut?: number;
    }
  | { type: 'history-loading'; roomId: Id; side: Side }
  /** `denied`: the whole room is not ours to read. */
  | { type: 'history-failed'; roomId: Id; error: ChatError; denied?: boolean }
  /** Messages that were written before the page was loaded, or in another tab. */
  | { type: 'restored'; messages: readonly StoredMessage[] }
  /** Sent again, or given up, in another tab. */
  | { type: 'resent'; localId: string }
  | { type: 'discarded'; localId: string; roomId: Id }
  /** Another tab has asked the device to forget everything. */
  | { type: 'purged' }
  | { type: 'stored'; localId: string; roomId: Id; message: Message; method: Method }
  | { type: 'refused'; localId: string; roomId: Id; error: ChatError }
  | { type: 'frame'; frame: PassedFrame }
  | { type: 'notifications'; state: NotificationState; fresh: Notification | undefined }
  | { type: 'problem'; problem: Problem | { code: 'server_error' | 'token_provider'; detail: string } }
  /** Whether what is not sent yet outlives the page. */
  | { type: 'storage'; state: StorageState };

export type Report = (event: SessionEvent) => void;

/** Reports an error of the server, or of the configuration. */
export const reportProblem = (report: Report, detail: string): void =>
  report({ type: 'problem', problem: { code: 'server_error', detail } });

export const isPassed = (frame: ChatFrame): frame is PassedFrame =>
  frame.type === 'typing' || frame.type === 'room_updated' || (isChange(frame) && frame.type !== 'new_message');
