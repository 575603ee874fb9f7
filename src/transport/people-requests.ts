/**
 * The requests of the capabilities `people`, `create_room`, `manage_room` and `room_settings`. Loaded when one is needed
 * first.
 */
import {
  check,
  checkEach,
  CreatedRoomBody,
  PageBody,
  Room,
  RoomMember,
  RoomSettings,
  User,
  type Id,
  type Message,
  type Problem,
} from '../protocol/index.js';
import type { z } from '../protocol/schema.js';
import type { RestClient } from './rest.js';

export interface PeopleQuery {
  /** The beginning of a word of the name. Default: everybody. */
  query?: string | undefined;
  /** `next` of the previous page. */
  cursor?: string | null | undefined;
}

export interface ListPage<Item> {
  items: Item[];
  /** The cursor of the next page; null: this is the last one. */
  next: string | null;
}

/** A room that is created, or found if it exists. */
export interface NewRoom {
  /** The other members. */
  userIds: readonly Id[];
  /** Makes it a group, also with one other member. */
  name?: string | undefined;
  /** What the room is about. Two people have one room per context. */
  context?: { type: string; id: Id } | undefined;
  /** A JWT in which the host has signed the context, with title and address. */
  contextToken?: string | undefined;
  /** The first message. */
  text?: string | undefined;
  /** Identifies the request, and the message: repeated, it creates nothing more. */
  localId: string;
}

export interface CreatedRoom {
  room: Room;
  /** False: it existed. */
  created: boolean;
  /** The first message. */
  message?: Message | undefined;
}

/** The settings to change. */
export interface SettingChanges {
  pinned?: boolean | undefined;
  archived?: boolean | undefined;
  /** ISO 8601 with an offset; null: not muted. */
  muted_until?: string | null | undefined;
  notify?: 'all' | 'mentions' | 'none' | undefined;
}

export interface PeopleRequests {
  findPeople(query: PeopleQuery, signal: AbortSignal): Promise<ListPage<User>>;
  listMembers(roomId: Id, query: PeopleQuery, signal: AbortSignal): Promise<ListPage<RoomMember>>;
  createRoom(room: NewRoom, signal: AbortSignal): Promise<CreatedRoom>;
  /** The room of two people, on a backend without `create_room`. */
  startDirect(userId: Id, signal: AbortSignal): Promise<CreatedRoom>;
  rename(roomId: Id, name: string, signal: AbortSignal): Promise<Room>;
  /** @returns the members who were added. */
  invite(roomId: Id, userIds: readonly Id[], signal: AbortSignal): Promise<RoomMember[]>;
  /** With the own id: leaves the room. */
  removeMember(roomId: Id, userId: Id, signal: AbortSignal): Promise<void>;
  changeSettings(roomId: Id, changes: SettingChanges, signal: AbortSignal): Promise<RoomSettings>;
}

export function peopleRequests(rest: RestClient, onProblem: (problem: Problem) => void): PeopleRequests {
  const roomPath = (roomId: Id): string => `rooms/${encodeURIComponent(roomId)}/`;

  function readPage<T extends z.ZodMiniType>(schema: () => T, answer: unknown, where: string): ListPage<z.output<T>> {
    const { items: given, next } = rest.unwrap(check(PageBody, answer, where));
    const { items, problems } = checkEach(schema, given, where);
    problems.forEach(onProblem);
    return { items, next };
  }

  async function list<T extends z.ZodMiniType>(
    schema: () => T,
    path: string,
    { query, cursor }: PeopleQuery,
    signal: AbortSignal,
  ): Promise<ListPage<z.output<T>>> {
    const answer = await rest.request(path, {
      query: { q: query || undefined, cursor: cursor ?? undefined },
      signal,
    });
    return readPage(schema, answer, `GET ${path}`);
  }

  return {
    findPeople: (query, signal) => list(User, 'people/', query, signal),
    listMembers: (roomId, query, signal) => list(RoomMember, `${roomPath(roomId)}members/`, query, signal),
    async createRoom({ userIds, name, context, contextToken, text, localId }, signal) {
      const body = { user_ids: userIds, name, context, context_token: contextToken, text };
      const headers = { 'Idempotency-Key': localId };
      const answer = await rest.request('rooms/', { method: 'POST', body, headers, signal });
      return rest.unwrap(check(CreatedRoomBody, answer, 'POST rooms/'));
    },
    async startDirect(userId, signal) {
      const answer = await rest.request('rooms/start_dm/', { method: 'POST', body: { user_id: userId }, signal });
      return rest.unwrap(check(CreatedRoomBody, answer, 'POST rooms/start_dm/'));
    },
    async rename(roomId, name, signal) {
      const answer = await rest.request(roomPath(roomId), { method: 'PATCH', body: { name }, signal });
      return rest.unwrap(check(Room, answer, 'PATCH rooms/{id}/'));
    },
    async invite(roomId, userIds, signal) {
      const path = `${roomPath(roomId)}members/`;
      const answer = await rest.request(path, { method: 'POST', body: { user_ids: userIds }, signal });
      return readPage(RoomMember, { next: null, ...(answer as object) }, `POST ${path}`).items;
    },
    async removeMember(roomId, userId, signal) {
      await rest.request(`${roomPath(roomId)}members/${encodeURIComponent(userId)}/`, { method: 'DELETE', signal });
    },
    async changeSettings(roomId, changes, signal) {
      const answer = await rest.request(`${roomPath(roomId)}me/`, { method: 'PATCH', body: changes, signal });
      return rest.unwrap(check(RoomSettings, answer, 'PATCH rooms/{id}/me/'));
    },
  };
}
