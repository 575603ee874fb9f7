/** The events that a session reports. The client passes them to the store, which reduces them to its state. */
import type { Id, Limits, Message, Notification, Problem, Room } from '../protocol/index.js';
import { isChange, type ChangeEvent, type ChatError, type TransportEvent } from '../transport/index.js';
import type { ConnectionState } from './connection-state.js';
import type { StoredMessage, StorageState } from './stored-message.js';
import type { Upload } from './upload.js';

export interface NotificationState {
  readonly unread: number;
  /** Newest first. */
  readonly recent: readonly Notification[];
}

/** A page of a room's history: the newest one, or the one before or after the loaded messages. */
export type Side = 'newest' | 'older' | 'newer';

/** How a message or a list was transmitted. */
export type Method = 'websocket' | 'rest';

/** Events that change the displayed state, and need no work of the session itself. */
export type RoomEvent =
  Extract<TransportEvent, { type: 'typing' | 'room-updated' }> | Exclude<ChangeEvent, { type: 'new-message' }>;

export type SessionEvent =
  | { type: 'phase'; phase: ConnectionState }
  /**
   * `isOther`: whether this is another user than the last known one. `isHidden`: whether the data of the last one is
   * already hidden.
   */
  | { type: 'user'; id: Id; username: string; isOther: boolean; isHidden: boolean }
  /**
   * There is a new token that does not name its user. `lost`: the local ids of messages that will not be sent, because
   * their author was never known.
   */
  | { type: 'person-uncertain'; lost: readonly string[] }
  /** Also when the user has changed the setting `hideReceipts`, on any device. */
  | { type: 'offer'; capabilities: readonly string[]; limits: Limits; hideReceipts: boolean | undefined }
  /**
   * `exactUnread`: whether an unread count of 0 is reliable. `leftOut`: the number of invalid rooms. `isComplete`:
   * whether the list contains all rooms.
   */
  | { type: 'rooms'; rooms: Room[]; method: Method; exactUnread: boolean; leftOut: number; isComplete: boolean }
  /** `wasHeld`: whether it arrived before the room was read, so that the room list may already count it. */
  | { type: 'live-message'; roomId: Id; message: Message; wasHeld: boolean }
  /**
   * - `newest`: replaces the known messages. `skipped`: whether messages between the two were left out.
   * - `overlap`: is merged with the known messages.
   * - `older`, `newer`: the page before or after the loaded messages.
   * - `around`: replaces the known messages by a part around a message; `hasNewer`: whether newer ones follow it.
   * - `missed`: messages that arrived without a connection, in order.
   *
   * For `newest` and `overlap`: known messages that the page should contain, but does not, were deleted. `knownUpTo`:
   * the newest message that was shown when the page was requested. Newer ones may have arrived after that. `leftOut`:
   * the number of invalid messages in the page.
   */
  | {
      type: 'history';
      roomId: Id;
      side: Side | 'overlap' | 'missed' | 'around';
      messages: Message[];
      hasMore: boolean;
      /**
       * For an older or newer page: the message from which it was requested. Undefined: the page may be outdated, and
       * is dropped.
       */
      from?: Id | undefined;
      hasNewer?: boolean;
      skipped?: boolean;
      knownUpTo?: Message | undefined;
      leftOut?: number;
    }
  | { type: 'history-loading'; roomId: Id; side: Side }
  /** `denied`: whether the user may not read the room at all. */
  | { type: 'history-failed'; roomId: Id; error: ChatError; denied?: boolean }
  /** Messages that were written before the page was loaded, or in another tab. */
  | { type: 'restored'; messages: readonly StoredMessage[] }
  /** Retried or discarded in another tab. */
  | { type: 'resent'; localId: string }
  | { type: 'discarded'; localId: string; roomId: Id }
  /** The text of an unsent message was changed, here or in another tab. */
  | { type: 'rewritten'; localId: string; roomId: Id; content: string }
  /** Another tab has deleted all local data. */
  | { type: 'purged' }
  | { type: 'stored'; localId: string; roomId: Id; message: Message; method: Method }
  | { type: 'refused'; localId: string; roomId: Id; error: ChatError }
  | { type: 'room-event'; event: RoomEvent }
  /** The room of a message that was written in a new room. Its messages are moved to it. */
  | { type: 'room-created'; localRoomId: Id; room: Room }
  /** A file of an unsent message is being uploaded. */
  | { type: 'upload'; upload: Upload }
  /** Its message was stored, or it was discarded. */
  | { type: 'upload-ended'; uploadId: string }
  | { type: 'notifications'; state: NotificationState; fresh: Notification | undefined }
  | {
      type: 'problem';
      problem: Problem | { code: 'server_error' | 'token_provider' | 'file_not_stored'; detail: string };
    }
  /** Whether unsent messages outlive the page. */
  | { type: 'storage'; state: StorageState };

export type Report = (event: SessionEvent) => void;

/** Reports an error of the server or of the configuration. */
export const reportProblem = (report: Report, detail: string): void =>
  report({ type: 'problem', problem: { code: 'server_error', detail } });

export const isRoomEvent = (event: TransportEvent): event is RoomEvent =>
  event.type === 'typing' || event.type === 'room-updated' || (isChange(event) && event.type !== 'new-message');
