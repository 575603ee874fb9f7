/** The REST routes that change a room of the model server, and those that list people. */
import { json } from './fake-backend.js';
import { KNOWN_PEOPLE, NAMES } from './model-people.js';
import type { Settings } from './model-room-list.js';
import type { ModelRooms } from './model-rooms.js';

export interface ModelRequest {
  user: number;
  method: string;
  url: URL;
  key: string | undefined;
  body: Record<string, unknown>;
  /** Of a form. */
  file: File | undefined;
}

const refusal = (code: string, status: number): Response => json({ detail: `Refused: ${code}.`, code }, status);
const done = (): Response => new Response(null, { status: 204 });
const memberOf = (id: number): object => ({ user: { id, username: NAMES[id] }, role: 'member' });

const requireCapability = (rooms: ModelRooms, capability: string, { method, url }: ModelRequest): void => {
  if (!rooms.has(capability)) rooms.violations.push(`${method} ${url.pathname} without ${capability}`);
};

export function peopleOf(rooms: ModelRooms, user: number): object {
  if (!rooms.has('people')) rooms.violations.push('people/ without the capability');
  const items = KNOWN_PEOPLE.filter((id) => id !== user).map((id) => ({ id, username: NAMES[id] }));
  return { items, next: null };
}

/** @param path of a room of which the user is a member. */
export function manageRoom(rooms: ModelRooms, room: number, path: string, request: ModelRequest): Response {
  const { method, body } = request;
  const [, , part, member] = path.split('/');
  if (part === 'me') {
    requireCapability(rooms, 'room_settings', request);
    return json(rooms.changeSettings(room, body as Partial<Settings>));
  }
  if (method === 'GET') {
    requireCapability(rooms, 'people', request);
    return json({ items: [...rooms.conversations.get(room).members].map(memberOf), next: null });
  }
  requireCapability(rooms, 'manage_room', request);
  if (method === 'DELETE') return remove(rooms, room, Number(member), request);
  const action = method === 'PATCH' ? 'rename' : 'invite';
  const refused = refusedAction(rooms, room, action);
  if (refused) return refused;
  if (action === 'rename') {
    rooms.rename(room, body.name as string);
    return json(rooms.room(room));
  }
  const ids = body.user_ids as number[];
  const code = rooms.invite(room, ids);
  return code ? refusal(code, 404) : json({ items: ids.map(memberOf) });
}

function remove(rooms: ModelRooms, room: number, member: number, { user }: ModelRequest): Response {
  const isPair = rooms.room(room).room_type === 'direct';
  const refused = member === user ? isPair && refusal('not_allowed', 403) : refusedAction(rooms, room, 'remove_member');
  if (refused) return refused;
  return rooms.removeMember(room, member) ? done() : refusal('unknown_user', 404);
}

function refusedAction(rooms: ModelRooms, room: number, action: string): Response | undefined {
  const { can, closed_reason } = rooms.rights(room);
  if (closed_reason) return refusal('room_closed', 403);
  return can.includes(action) ? undefined : refusal('not_allowed', 403);
}
