/** What the processes of one backend tell each other. The database is the truth; this is only faster. */

/** A change of a room, and what its members are told of it. */
export interface News {
  roomId: number;
  seq: number;
  /** None where there is nothing to tell any more; the seq counts all the same. */
  frame: object | null;
  /** What is now true of the room for everybody. `unread_count` is added for each. */
  updates?: object;
  members: { userId: number; unread: number }[];
  bell?: Bell;
}

/** A message of which these users may have been notified. */
export interface Bell {
  messageId: number;
  userIds: number[];
}

export type Telling =
  /** To every socket of the members, in the order of `seq`. */
  | { to: 'members'; news: News }
  /** To the sockets that look at a room, but for those of one user. */
  | { to: 'looking'; roomId: number; except?: number | undefined; frames: object[] }
  /** To every socket of some users. */
  | { to: 'users'; userIds: number[]; frames: object[] }
  /** To their notifications sockets. */
  | { to: 'bells'; bell: Bell };

export interface Bus {
  /** Tells all other processes. Never fails: what gets lost is found by change-poller.ts. */
  publish(telling: Telling): void;
  /** From now on hears what the others tell. */
  listen(hear: (telling: Telling) => void): void;
}
