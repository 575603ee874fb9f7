/** The actions that change the state. */
import type { NewRoom, SessionEvent } from '../model/index.js';
import type { Id } from '../protocol/index.js';
import type { PendingChange } from './state.js';
import type { PendingMessage } from './timeline-entries.js';

/** Actions caused by elements and pages. */
export type Intent =
  | { type: 'select'; roomId: Id | null }
  | { type: 'send'; draft: PendingMessage }
  | { type: 'discard'; roomId: Id; localId: string }
  /** The first view has opened a room, or the last one has closed it. */
  | { type: 'open' | 'close'; roomId: Id }
  /** A view has started (`on`) or stopped showing the newest message (`reading`), or older ones (`away`). */
  | { type: 'reading' | 'away'; roomId: Id; on: boolean }
  | { type: 'mark-read'; roomId: Id }
  /** A message and the `count` unread ones from it are unread, until the room is left. */
  | { type: 'mark-unread'; roomId: Id; messageId: Id; count: number }
  /** A room that is created with its first message. `at`: milliseconds since 1970. */
  | { type: 'new-room'; roomId: Id; newRoom: NewRoom; at: number }
  /** The last view has left the room. */
  | { type: 'left'; roomId: Id }
  | { type: 'typing-expired'; roomId: Id; userId: Id }
  /** A change of a message is shown before the server has confirmed it. */
  | { type: 'change'; change: PendingChange }
  /** It was confirmed, refused or undone. */
  | { type: 'change-ended'; changeId: string }
  /** The user or the backend has changed. */
  | { type: 'reset' }
  /** The code for the actions in `early` is loaded. */
  | { type: 'late' };

export type Action = SessionEvent | Intent;
