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
  type Problem,
} from '../protocol/index.js';
import type { z } from '../protocol/schema.js';
import type { ListPage, PeopleQuery, PeopleRequests } from './people.js';
import type { RestClient } from './rest.js';

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

  async function changeRoom(roomId: Id, body: object, signal: AbortSignal): Promise<Room> {
    const answer = await rest.request(roomPath(roomId), { method: 'PATCH', body, signal });
    return rest.unwrap(check(Room, answer, 'PATCH rooms/{id}/'));
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
    rename: (roomId, name, signal) => changeRoom(roomId, { name }, signal),
    changePicture: (roomId, uploadId, signal) => changeRoom(roomId, { picture: uploadId }, signal),
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
