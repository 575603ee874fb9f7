/**
 * Strict validation of raw entities. The widget replaces a field of the wrong type with a default, so that a message is
 * not lost because of a bad picture; here it is an error. (Not written with zod: the page's main script would have to
 * export the parts of zod that the doctor uses, and every page would load them.)
 */
import { isId } from '../internal/is-id.js';

/** Returns each violation with its field path: `rooms[2].unread_count is a string; expected a non-negative integer`. */
export type Shape = (value: unknown, path: string) => string[];

const is =
  (expected: string, test: (value: unknown) => boolean): Shape =>
  (value, path) =>
    test(value) ? [] : mismatch(value, path, expected);
const optional =
  (shape: Shape): Shape =>
  (value, path) =>
    value === undefined ? [] : shape(value, path);
/** Optional, and may be null. */
const nullish =
  (shape: Shape): Shape =>
  (value, path) =>
    value === undefined || value === null ? [] : shape(value, path);
const array =
  (expected: string, item: Shape): Shape =>
  (value, path) =>
    Array.isArray(value)
      ? value.flatMap((each: unknown, index) => item(each, `${path}[${index}]`))
      : mismatch(value, path, expected);
const object =
  (expected: string, fields: Record<string, Shape>): Shape =>
  (value, path) =>
    isRecord(value)
      ? Object.entries(fields).flatMap(([name, shape]) => shape(value[name], `${path}.${name}`))
      : mismatch(value, path, expected);

const mismatch = (value: unknown, path: string, expected: string): string[] => [
  `${path} is ${typeName(value)}; expected ${expected}`,
];

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const id = is('an id (an integer or a non-empty string)', isId);
const string = is('a string', (value) => typeof value === 'string');
const boolean = is('a boolean', (value) => typeof value === 'boolean');
const number = is('a number', (value) => typeof value === 'number');
const count = is('a non-negative integer', (value) => Number.isSafeInteger(value) && (value as number) >= 0);

const USER = object('an object', {
  id,
  username: optional(string),
  first_name: nullish(string),
  last_name: nullish(string),
  profile_picture: nullish(string),
});

/** A user of a list of people. */
export const PERSON = USER;
export const MEMBER = object('an object', { user: USER, role: string });

/** The settings of a room, with the capability `room_settings`. */
export const SETTINGS = object('an object', {
  pinned: boolean,
  archived: boolean,
  muted_until: is('a time or null', (value) => value === null || typeof value === 'string'),
  notify: string,
});

/** The minimum without which the widget cannot display a room. */
export const ROOM_ID = object('an object', { id });

export const ROOM = object('an object', {
  id,
  name: nullish(string),
  room_type: optional(string),
  participants: optional(array('an array of users', USER)),
  participant_count: optional(count),
  last_message: nullish(object('an object or null', { content: string, timestamp: string, sender: nullish(USER) })),
  unread_count: optional(count),
  is_active: optional(boolean),
});

/** A room with the capability `permissions`. */
export const PERMISSIONS = object('an object', {
  can: array('an array of strings', string),
  closed_reason: is('a string or null', (value) => value === null || typeof value === 'string'),
});

const idOrNull = is('an id or null', (value) => value === null || isId(value));

/** A room with the capability `around`. */
export const READ_POSITIONS = object('an object', { first_unread_id: idOrNull, last_read_id: idOrNull });

export const MESSAGE = object('an object', {
  id,
  room: optional(id),
  sender: nullish(USER),
  message_type: optional(string),
  content: nullish(string),
  attachment: nullish(string),
  timestamp: string,
  is_read: optional(boolean),
  is_own_message: optional(boolean),
  reply_to: nullish(object('an object or null', { id, content: optional(string) })),
});

export const GREETING = object('an object', {
  user_id: id,
  username: optional(string),
  protocol: optional(number),
  capabilities: optional(array('an array of strings', string)),
  heartbeat_s: optional(number),
  limits: optional(
    object('an object', { content: optional(count), attachment_bytes: optional(count), rate: optional(count) }),
  ),
});

export const SYNC_ROOM = object('an object', {
  room_id: id,
  seq: count,
  expired: optional(boolean),
  has_more: optional(boolean),
  changes: optional(array('an array of frames', object('a frame', { type: string }))),
});

const NOTIFICATION = object('an object', {
  id,
  sender: nullish(USER),
  notification_type: optional(string),
  title: optional(string),
  message: optional(string),
  priority: optional(string),
  is_read: optional(boolean),
  created_at: string,
  read_at: nullish(string),
  action_url: nullish(string),
});

/** The frames of the notifications WebSocket, by type. */
export const NOTIFICATION_FRAMES: Record<string, Shape> = {
  recent_notifications: object('an object', { notifications: array('an array of notifications', NOTIFICATION) }),
  new_notification: object('an object', { notification: NOTIFICATION }),
  unread_count: object('an object', { count }),
};

/** The type of a value, never the value itself: the content of rooms is private. */
function typeName(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (value === '') return 'an empty string';
  // Only these integers have no exact value; rounded-ids.ts explains.
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return 'a number beyond 2^53 − 1';
  const names = { string: 'a string', number: 'a number', boolean: 'a boolean', object: 'an object' };
  return (names as Record<string, string>)[typeof value] ?? 'of another type';
}
