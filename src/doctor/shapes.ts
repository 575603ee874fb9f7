/**
 * Entities as they ought to be. The widget lets a field of the wrong type fall back, so that a message is never lost for a
 * picture; here it counts. (Not made of zod: what the doctor used of it would have to be offered by the page's main script,
 * and everybody would pay for what hardly anybody loads.)
 */

/** Everything about a value that is not as agreed, by field path: `rooms[2].unread_count is a text; it should be a whole number`. */
export type Shape = (value: unknown, path: string) => string[];

const is =
  (what: string, test: (value: unknown) => boolean): Shape =>
  (value, path) =>
    test(value) ? [] : [`${path} is ${kindOf(value)}; it should be ${what}`];
const optional =
  (shape: Shape): Shape =>
  (value, path) =>
    value === undefined ? [] : shape(value, path);
const may =
  (shape: Shape): Shape =>
  (value, path) =>
    value === undefined || value === null ? [] : shape(value, path);
const list =
  (what: string, item: Shape): Shape =>
  (value, path) =>
    Array.isArray(value) ? value.flatMap((each: unknown, index) => item(each, `${path}[${index}]`)) : is(what, () => false)(value, path);
const object =
  (what: string, fields: Record<string, Shape>): Shape =>
  (value, path) =>
    isRecord(value) ? Object.entries(fields).flatMap(([name, shape]) => shape(value[name], `${path}.${name}`)) : is(what, () => false)(value, path);

export const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

export const isId = (value: unknown): value is string | number => (typeof value === 'string' ? value !== '' : Number.isSafeInteger(value));

const id = is('an id: a whole number, or a text that is not empty', isId);
const text = is('a text', (value) => typeof value === 'string');
const flag = is('true or false', (value) => typeof value === 'boolean');
const number = is('a number', (value) => typeof value === 'number');
const count = is('a whole number, not negative', (value) => Number.isSafeInteger(value) && (value as number) >= 0);

const USER = object('an object', { id, username: optional(text), first_name: may(text), last_name: may(text), profile_picture: may(text) });

/** What a room cannot be shown without. */
export const ROOM_ID = object('an object', { id });

export const ROOM = object('an object', {
  id,
  name: may(text),
  room_type: optional(text),
  participants: optional(list('a list of users', USER)),
  participant_count: optional(count),
  last_message: may(object('an object or null', { content: text, timestamp: text, sender: may(USER) })),
  unread_count: optional(count),
  is_active: optional(flag),
});

export const MESSAGE = object('an object', {
  id,
  room: optional(id),
  sender: may(USER),
  message_type: optional(text),
  content: may(text),
  attachment: may(text),
  timestamp: text,
  is_read: optional(flag),
  is_own_message: optional(flag),
  reply_to: may(object('an object or null', { id, content: optional(text) })),
});

export const GREETING = object('an object', {
  user_id: id,
  username: optional(text),
  protocol: optional(number),
  capabilities: optional(list('a list of texts', text)),
  heartbeat_s: optional(number),
  limits: optional(object('an object', { content: optional(count), attachment_bytes: optional(count), rate: optional(count) })),
});

export const SYNC_ROOM = object('an object', { room_id: id, seq: count, expired: optional(flag), has_more: optional(flag), changes: optional(list('a list of frames', object('a frame', { type: text }))) });

/** What something is, never what it says: a room is nobody's business but its members'. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value === '') return 'an empty text';
  return { string: 'a text', number: 'a number', boolean: 'true or false', object: 'an object' }[typeof value as string] ?? 'something else';
}
