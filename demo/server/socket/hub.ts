/** The sockets of this process, by user and by subscribed room. */

/** One socket of one user. */
export interface Connection {
  readonly userId: number;
  send(frame: object): void;
}

export class Hub {
  readonly #byUser = new Map<number, Set<Connection>>();
  readonly #byRoom = new Map<number, Set<Connection>>();

  add(connection: Connection): void {
    addTo(this.#byUser, connection.userId, connection);
  }

  /** @returns the rooms that the connection was subscribed to. */
  remove(connection: Connection): number[] {
    removeFrom(this.#byUser, connection.userId, connection);
    const rooms = [...this.#byRoom].filter(([, subscribers]) => subscribers.has(connection)).map(([roomId]) => roomId);
    for (const roomId of rooms) removeFrom(this.#byRoom, roomId, connection);
    return rooms;
  }

  subscribe(connection: Connection, roomId: number): void {
    addTo(this.#byRoom, roomId, connection);
  }

  unsubscribe(connection: Connection, roomId: number): void {
    removeFrom(this.#byRoom, roomId, connection);
  }

  get isEmpty(): boolean {
    return this.#byUser.size === 0;
  }

  connectionsOf(userId: number): Connection[] {
    return [...(this.#byUser.get(userId) ?? [])];
  }

  subscribers(roomId: number): Connection[] {
    return [...(this.#byRoom.get(roomId) ?? [])];
  }

  /** The users with a subscription to a room, in this process. */
  subscribedUsers(roomId: number): number[] {
    return [...new Set(this.subscribers(roomId).map(({ userId }) => userId))];
  }

  /** All rooms with their subscribed users. */
  allSubscribedUsers(): [roomId: number, userIds: number[]][] {
    return [...this.#byRoom.keys()].map((roomId) => [roomId, this.subscribedUsers(roomId)]);
  }
}

function addTo<Key>(map: Map<Key, Set<Connection>>, key: Key, connection: Connection): void {
  const set = map.get(key);
  if (set) set.add(connection);
  else map.set(key, new Set([connection]));
}

function removeFrom<Key>(map: Map<Key, Set<Connection>>, key: Key, connection: Connection): void {
  const set = map.get(key);
  set?.delete(connection);
  if (set?.size === 0) map.delete(key);
}
