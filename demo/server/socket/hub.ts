/** The sockets of this process: who is connected, and who looks at which room. */

/** One socket of one user. */
export interface Connection {
  readonly userId: number;
  send(frame: object): void;
}

export class Hub {
  readonly #byUser = new Map<number, Set<Connection>>();
  readonly #byRoom = new Map<number, Set<Connection>>();

  add(connection: Connection): void {
    into(this.#byUser, connection.userId, connection);
  }

  /** @returns the rooms that the connection looked at. */
  remove(connection: Connection): number[] {
    outOf(this.#byUser, connection.userId, connection);
    const rooms = [...this.#byRoom].filter(([, looking]) => looking.has(connection)).map(([roomId]) => roomId);
    for (const roomId of rooms) outOf(this.#byRoom, roomId, connection);
    return rooms;
  }

  subscribe(connection: Connection, roomId: number): void {
    into(this.#byRoom, roomId, connection);
  }

  unsubscribe(connection: Connection, roomId: number): void {
    outOf(this.#byRoom, roomId, connection);
  }

  get isEmpty(): boolean {
    return this.#byUser.size === 0;
  }

  ofUser(userId: number): Connection[] {
    return [...(this.#byUser.get(userId) ?? [])];
  }

  subscribers(roomId: number): Connection[] {
    return [...(this.#byRoom.get(roomId) ?? [])];
  }

  /** The users who look at a room here. */
  looking(roomId: number): number[] {
    return [...new Set(this.subscribers(roomId).map(({ userId }) => userId))];
  }

  /** Everything that `looking` would say, room by room. */
  allLooking(): [roomId: number, userIds: number[]][] {
    return [...this.#byRoom.keys()].map((roomId) => [roomId, this.looking(roomId)]);
  }
}

function into<Key>(map: Map<Key, Set<Connection>>, key: Key, connection: Connection): void {
  const set = map.get(key);
  if (set) set.add(connection);
  else map.set(key, new Set([connection]));
}

function outOf<Key>(map: Map<Key, Set<Connection>>, key: Key, connection: Connection): void {
  const set = map.get(key);
  set?.delete(connection);
  if (set?.size === 0) map.delete(key);
}
