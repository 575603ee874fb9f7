/** Who is connected, and who looks at which room. One process; a fleet would put LISTEN/NOTIFY or Redis here. */

/** One chat socket of one user. */
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

  remove(connection: Connection): void {
    outOf(this.#byUser, connection.userId, connection);
    for (const roomId of [...this.#byRoom.keys()]) outOf(this.#byRoom, roomId, connection);
  }

  subscribe(connection: Connection, roomId: number): void {
    into(this.#byRoom, roomId, connection);
  }

  unsubscribe(connection: Connection, roomId: number): void {
    outOf(this.#byRoom, roomId, connection);
  }

  ofUser(userId: number): Connection[] {
    return [...(this.#byUser.get(userId) ?? [])];
  }

  subscribers(roomId: number): Connection[] {
    return [...(this.#byRoom.get(roomId) ?? [])];
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
