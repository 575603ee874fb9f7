/** The REST routes of the model server. */
import { json } from './fake-backend.js';
import { onTheWire } from './model-uploads.js';
import { marksIn } from './model-people.js';
import { manageRoom, peopleOf, type ModelRequest } from './model-room-requests.js';
import type { RoomContext } from './model-conversations.js';
import { MAX_FILES, type ModelRooms, type Row } from './model-rooms.js';

const NOT_FOUND = { detail: 'Not found.', code: 'unknown_message' };

export function answerRequest(rooms: ModelRooms, request: ModelRequest): Response {
  const { user, method, url } = request;
  const path = url.pathname.replace(/^.*\/api\/chat\//, '');
  if (path === 'rooms/' && method === 'POST') return createRoom(rooms, request);
  if (path === 'rooms/start_dm/') return startDirect(rooms, request);
  if (path === 'rooms/') return json(rooms.roomsOf(user).map((room) => rooms.room(room)));
  if (path === 'sync/' && rooms.has('sync')) {
    const asked = url.searchParams.getAll('room').map((each) => each.split(':').map(Number) as [number, number]);
    return json({ rooms: rooms.sync(user, asked) });
  }
  if (path.startsWith('uploads/')) return answerUpload(rooms, request, path.split('/')[1]!);
  if (path === 'me/' && method === 'GET' && rooms.hasMe) return json(rooms.me(user));
  if (path === 'me/' && method === 'PATCH') {
    rooms.hide(user, request.body.hide_receipts as boolean);
    return json(rooms.me(user));
  }
  const room = Number(/^rooms\/(\d+)\//.exec(path)?.[1]);
  if (room && !rooms.isMember(room, user)) return json({ detail: 'Not found.' }, 404);
  if (path === 'people/') return json(peopleOf(rooms, user));
  if (room && /^rooms\/\d+\/(|me\/|members\/(\d+\/)?)$/.test(path)) return manageRoom(rooms, room, path, request);
  if (method === 'POST' && path.endsWith('/send_message/')) return send(rooms, room, request);
  if (room && path.endsWith('/messages/')) return history(rooms, room, url.searchParams);
  if (path.endsWith('/receipts/') && rooms.has('receipts')) return json({ items: rooms.receipts(room), next: null });
  const [, id, verb] = /^messages\/([^/]+)\/(\w*)/.exec(path) ?? [];
  const row = rooms.rows.find((each) => each.id === Number(id) && rooms.isMember(each.room, user));
  if (verb === 'mark_read') {
    if (row) rooms.markRead(row.room, user, [row]);
    return json({});
  }
  if (verb === 'mark_unread') {
    if (!rooms.has('mark_unread')) rooms.violations.push('mark_unread without the capability');
    if (!row) return json(NOT_FOUND, 404);
    rooms.markUnread(row.room, user, row.id);
    return json({ unread_count: rooms.unread(row.room), first_unread_id: rooms.firstUnread(row.room) ?? null });
  }
  if (id === undefined) return json({ detail: 'Not found.' }, 404);
  return change(rooms, row, id, request);
}

// ————— Uploads

function answerUpload(rooms: ModelRooms, { user, method, key, file }: ModelRequest, id: string): Response {
  if (!rooms.has('uploads')) rooms.violations.push(`${method} uploads/ without the capability`);
  if (method === 'DELETE')
    return rooms.uploads.discard(user, id) ? new Response(null, { status: 204 }) : refusal('unknown_upload', 404);
  if (!file || !key) rooms.violations.push('an upload without a file or a key');
  const { fault } = rooms.uploads;
  if (fault === 'unavailable') return json({ detail: 'Try again.' }, 503);
  if (fault === 'too-large') return refusal('too_large', 413);
  const stored = rooms.uploads.add(user, file!, key);
  // As if the connection had ended.
  if (fault === 'lost') throw new TypeError('Failed to fetch');
  return json(onTheWire(stored), 201);
}

// ————— Rooms

const created = (found: ReturnType<ModelRooms['createRoom']>): Response => {
  if (typeof found !== 'string') return json(found, found.created ? 201 : 200);
  return refusal(found, found === 'conflict' ? 409 : found === 'access_denied' ? 403 : 404);
};

function createRoom(rooms: ModelRooms, { user, key, body }: ModelRequest): Response {
  if (!rooms.has('create_room')) rooms.violations.push('POST rooms/ without the capability');
  if (!key) rooms.violations.push('POST rooms/ without a key');
  const { user_ids, name, context } = body as { user_ids: number[]; name?: string; context?: RoomContext };
  return created(rooms.createRoom(user, { userIds: user_ids, name, context }, key));
}

const startDirect = (rooms: ModelRooms, { user, body }: ModelRequest): Response =>
  created(rooms.createRoom(user, { userIds: [body.user_id as number] }));

// ————— Messages

interface Draft {
  room: number;
  user: number;
  content: string;
  tempId: string | undefined;
  replyTo?: number | null | undefined;
  /** Ids of uploads. */
  attachments?: readonly string[] | undefined;
  /** A file that is sent with its message. */
  file?: File | undefined;
}

/** A client sends a message. @returns the reason if it is refused. */
export function storeFromClient(
  rooms: ModelRooms,
  { room, user, content, tempId, replyTo, attachments = [], file }: Draft,
): Row | { code: string; message: string; status: number } {
  for (const owner of marksIn(content))
    if (owner !== `${rooms.tenant}${user}`) rooms.violations.push(`${content} sent to ${rooms.tenant} as ${user}`);
  if (content.includes(rooms.rejectedText)) return { code: 'invalid', message: 'Not allowed.', status: 400 };
  const known = rooms.rows.find((row) => tempId !== undefined && row.sender === user && row.tempId === tempId);
  if (known?.deletedAt && rooms.has('delete')) return { code: 'unknown_message', message: 'Deleted.', status: 404 };
  if (known?.versions[0] !== content && known && rooms.has('idempotent_send'))
    return { code: 'conflict', message: 'Another text has this id.', status: 409 };
  if (!known && !rooms.rights(room).can.includes('send'))
    return { code: 'room_closed', message: 'The room is closed.', status: 403 };
  const quoted = rooms.rows.find(({ id }) => id === replyTo);
  if (!known && replyTo != null && (quoted?.room !== room || quoted.deletedAt))
    return { code: 'invalid', message: 'The message to reply to is not in this room.', status: 400 };
  if (attachments.length > MAX_FILES) rooms.violations.push(`${attachments.length} files in ${content}`);
  const uploaded = rooms.uploads.unsent(user, attachments);
  if (!known && !uploaded) return { code: 'unknown_upload', message: 'There is no such upload.', status: 404 };
  // A form has no key of its own for its file.
  const files = file && !known ? [rooms.uploads.add(user, file)] : (uploaded ?? []);
  return rooms.store(room, user, content, tempId, { replyTo: replyTo ?? undefined, files });
}

function send(rooms: ModelRooms, room: number, { user, key, body, file }: ModelRequest): Response {
  const { content, reply_to, attachments } = body as { content: string; reply_to?: unknown; attachments?: string[] };
  // The fields of a form are texts.
  const replyTo = reply_to == null ? null : Number(reply_to);
  if (file && rooms.hasMe && rooms.has('uploads'))
    rooms.violations.push('a form with a file, although there are uploads');
  if (attachments && !rooms.has('uploads')) rooms.violations.push('attachments without the capability');
  const stored = storeFromClient(rooms, { room, user, content, tempId: key, replyTo, attachments, file });
  if ('id' in stored) return json(rooms.message(stored), 201);
  if (stored.status === 400) return json({ content: [stored.message] }, 400);
  return json({ detail: stored.message, code: stored.code }, stored.status);
}

// ————— History

function history(rooms: ModelRooms, room: number, query: URLSearchParams): Response {
  const all = rooms.rowsOf(room);
  const limit = Number(query.get('limit') ?? 0);
  if (query.has('around') || query.has('at')) {
    if (!rooms.has('around')) rooms.violations.push(`${query} without the capability`);
    return around(rooms, room, query, limit);
  }
  const [after, before] = ['after', 'before'].map((name) => Number(query.get(name) ?? 0)) as [number, number];
  const found = all.filter(({ id }) => (!after || id > after) && (!before || id < before));
  const rows = after ? found.slice(0, limit) : found.slice(-limit);
  return json({
    messages: rows.map((row) => rooms.message(row)),
    has_more: found.length > rows.length,
    count: rows.length,
    ...rooms.seq(room),
  });
}

/** About half of the messages before the target, and half from it. */
function around(rooms: ModelRooms, room: number, query: URLSearchParams, limit: number): Response {
  const all = rooms.rowsOf(room);
  const time = Date.parse(query.get('at') ?? '');
  const isId = query.has('around');
  const found = all.findIndex(({ id, at }) => (isId ? id === Number(query.get('around')) : Date.parse(at) >= time));
  if (found < 0 && isId) return json(NOT_FOUND, 404);
  const place = found < 0 ? all.length : found;
  const [start, end] = [Math.max(0, place - Math.floor(limit / 2)), place + Math.ceil(limit / 2)];
  const rows = all.slice(start, end);
  return json({
    messages: rows.map((row) => rooms.message(row)),
    has_older: start > 0,
    has_newer: end < all.length,
    target_id: (all[place] ?? all.at(-1))?.id ?? null,
    ...rooms.seq(room),
  });
}

// ————— Changes of messages

const refusal = (code: string, status: number): Response => json({ detail: `Refused: ${code}.`, code }, status);

function change(rooms: ModelRooms, row: Row | undefined, id: string, request: ModelRequest): Response {
  const { user, method, url, body } = request;
  const [verb, capability] =
    method === 'PATCH' ? ['edit', 'edit'] : method === 'DELETE' ? ['delete', 'delete'] : ['react', 'reactions'];
  if (!rooms.has(capability)) rooms.violations.push(`${method} ${url.pathname} without the capability`);
  if (![id, row?.tempId].some((each) => rooms.requested.has(`${user} ${verb} ${each}`)))
    rooms.violations.push(`${verb} ${id} as ${user}, which was not requested`);
  if (!row) return json(NOT_FOUND, 404);
  if (row.deletedAt) return verb === 'delete' ? new Response(null, { status: 204 }) : json(NOT_FOUND, 404);
  const { can, closed_reason } = rooms.rights(row.room);
  const isOwn = row.sender === user;
  const canDeleteAny = verb === 'delete' && (can.includes('delete_any') || closed_reason !== null);
  if (verb === 'delete' && !isOwn && !rooms.everModerated.has(row.room))
    rooms.violations.push(`delete ${id}, which ${user} was never allowed to`);
  if (verb !== 'react' && !isOwn && !canDeleteAny) return refusal('not_yours', 403);
  if (!can.includes(verb === 'react' ? verb : `${verb}_${isOwn ? 'own' : 'any'}`))
    return refusal(closed_reason ? 'room_closed' : 'not_allowed', 403);
  if (verb === 'delete') {
    rooms.delete(row);
    return new Response(null, { status: 204 });
  }
  if (verb === 'react') rooms.react(row, user, body.emoji as string, body.on as boolean);
  else return edit(rooms, row, body as { content: string; edited_at?: string | null });
  return json(rooms.message(row));
}

function edit(rooms: ModelRooms, row: Row, body: { content: string; edited_at?: string | null }): Response {
  if (body.content.includes(rooms.rejectedText)) return json({ content: ['Not allowed.'] }, 400);
  if (row.content !== body.content && rooms.isTooLate(row)) return refusal('too_late', 403);
  if (row.content !== body.content && body.edited_at !== undefined && body.edited_at !== row.editedAt)
    return json({ detail: 'Edited elsewhere.', code: 'conflict', message: rooms.message(row) }, 409);
  rooms.edit(row, body.content);
  return json(rooms.message(row));
}
