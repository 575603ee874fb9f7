import type { Room } from '../../protocol/index.js';

/** The known part of a room list: the rooms as the server has sent them last, and how to continue. */
export interface RoomPages {
  rooms: Map<string, Room>;
  /** What identifies the invalid rooms: an answer to `since` names the same ones again. */
  leftOut: Set<string>;
  /** The rooms that the user is no longer in (`idKey`): a page that was requested earlier may still contain them. */
  removed: Set<string>;
  /** Identifies the state of the list. */
  asOf: string | undefined;
  /** The cursors of the next pages; null: there is none; undefined: none was read. */
  next: string | null | undefined;
  nextArchived: string | null | undefined;
}
