/** A member of a room, and how many of its messages this member has not read. */
export interface Member {
  userId: number;
  unread: number;
}
