import type { Room } from '../../protocol/index.js';

/** What is known of a room list: the rooms as the server has sent them last, and how to continue. */
export interface RoomPages {
  rooms: Map<string, Room>;
  leftOut: number;
  /** Identifies the state of the list. */
  asOf: string | undefined;
  /** The cursors of the next pages; null: there is none; undefined: none was read. */
  next: string | null | undefined;
  nextArchived: string | null | undefined;
}
