/** The rooms of the model server: those of the beginning, and those that clients create. */
import { ALL_ROOMS, KNOWN_PEOPLE, NAMES, OTHER, ownerOf, roomsAtFirst } from './model-people.js';

export interface RoomContext {
  type: string;
  id: string;
}

/** What identifies a conversation, apart from its owner. */
export interface Topic {
  userIds: readonly number[];
  name?: string | undefined;
  context?: RoomContext | undefined;
}

export interface ModelRoom extends Topic {
  id: number;
  owner: number;
  members: Set<number>;
  /** All members so far. */
  everMembers: Set<number>;
  /** Its name now. */
  title: string;
  /** The idempotency keys under which it was created, or found. */
  keys: Set<string>;
}

/** Two people without a name are a pair: they have one room per context. Others are groups. */
export const isPair = ({ userIds, name }: Topic): boolean => userIds.length === 1 && name === undefined;

const keyOf = ({ userIds, name, context }: Topic): string =>
  JSON.stringify([[...userIds].sort(), name ?? null, context?.type ?? null, context?.id ?? null]);

export const isSameTopic = (one: Topic, other: Topic): boolean => keyOf(one) === keyOf(other);

export class ModelConversations {
  readonly #rooms = new Map<number, ModelRoom>();

  constructor() {
    for (const id of ALL_ROOMS) this.#add(id, ownerOf(id), { userIds: [OTHER], name: `Room ${id}` });
  }

  #add(id: number, owner: number, topic: Topic): ModelRoom {
    const members = new Set([owner, ...topic.userIds]);
    const title = topic.name ?? `Room of ${[...members].map((each) => NAMES[each]).join()}`;
    const room = { ...topic, id, owner, members, everMembers: new Set(members), title, keys: new Set<string>() };
    this.#rooms.set(id, room);
    return room;
  }

  get(id: number): ModelRoom {
    return this.#rooms.get(id)!;
  }

  /** The rooms of a user, the oldest first. */
  of(user: number): ModelRoom[] {
    return [...this.#rooms.values()].filter(({ members }) => members.has(user));
  }

  isMember(id: number, user: number): boolean {
    return this.#rooms.get(id)?.members.has(user) ?? false;
  }

  /** The rooms that a user has created. */
  createdBy(user: number): ModelRoom[] {
    return [...this.#rooms.values()].filter(({ id, owner }) => owner === user && !roomsAtFirst(user).includes(id));
  }

  /**
   * Finds or creates a room. Its id names its owner.
   * @param key the `Idempotency-Key`, which identifies a group.
   * @returns a code, if the request is refused.
   */
  findOrCreate(user: number, topic: Topic, key: string | undefined): { room: ModelRoom; created: boolean } | string {
    if (topic.userIds.some((id) => !KNOWN_PEOPLE.includes(id))) return 'unknown_user';
    const mine = this.createdBy(user);
    const known = mine.find((room) =>
      isPair(topic) ? isSameTopic(room, topic) : key !== undefined && room.keys.has(key) && !isPair(room),
    );
    if (known && !isSameTopic(known, topic)) return 'conflict';
    const room = known ?? this.#add(user * 100 + mine.length, user, topic);
    if (key !== undefined) room.keys.add(key);
    return { room, created: !known };
  }
}
