/** Rooms that do not exist on the server yet. They are created together with their first message. */
import type { Id, User } from '../protocol/index.js';
import type { ContextReference } from '../transport/index.js';

export interface NewRoom {
  /** The members, without the user. */
  readonly userIds: readonly Id[];
  readonly name?: string | undefined;
  readonly context?: ContextReference | undefined;
  /** Signed by the host, with title and picture of the context: see docs/PROTOCOL.md. */
  readonly contextToken?: string | undefined;
  /** The members that are known here, for display. */
  readonly participants: readonly User[];
}

/** Ids of rooms that are not created yet. */
const PREFIX = 'new_';

export const newRoomId = (localId: string): string => PREFIX + localId;

/** Whether a room is not created yet. */
export const isNewRoom = (roomId: Id): boolean => String(roomId).startsWith(PREFIX);
