/**
 * Entities as they ought to be. The widget's own schemas let a field of the wrong type fall back, so that a message is
 * never lost for a picture; here it counts.
 */
import type { Schema } from '../protocol/index.js';
import { Id, z } from '../protocol/schema.js';

const may = <T extends Schema>(schema: T) => z.optional(z.nullable(schema));
const text = z.string('a text');
const flag = z.boolean('true or false');
const count = z.custom<number>((value) => Number.isSafeInteger(value) && value >= 0, 'a whole number, not negative');

const User = z.looseObject({ id: Id, username: z.optional(text), first_name: may(text), last_name: may(text), profile_picture: may(text) }, 'an object');
const LastMessage = z.looseObject({ content: text, timestamp: text, sender: may(User) }, 'an object or null');

export const StrictRoom = z.looseObject(
  {
    id: Id,
    name: may(text),
    room_type: z.optional(text),
    participants: z.optional(z.array(User, 'a list of users')),
    participant_count: z.optional(count),
    last_message: may(LastMessage),
    unread_count: z.optional(count),
    is_active: z.optional(flag),
  },
  'an object',
);

export const StrictMessage = z.looseObject(
  {
    id: Id,
    room: z.optional(Id),
    sender: may(User),
    message_type: z.optional(text),
    content: may(text),
    attachment: may(text),
    timestamp: text,
    is_read: z.optional(flag),
    is_own_message: z.optional(flag),
    reply_to: may(z.looseObject({ id: Id, content: z.optional(text) }, 'an object or null')),
  },
  'an object',
);

export const StrictGreeting = z.looseObject({
  user_id: Id,
  username: z.optional(text),
  protocol: z.optional(z.number('a number')),
  capabilities: z.optional(z.array(text, 'a list of texts')),
  heartbeat_s: z.optional(z.number('a number')),
  limits: z.optional(z.looseObject({ content: z.optional(count), attachment_bytes: z.optional(count), rate: z.optional(count) }, 'an object')),
});

/** What a room cannot be shown without. */
export const RoomId = z.looseObject({ id: Id }, 'an object');

/** Everything about a value that is not as agreed, by field path: `rooms[2].unread_count is a text; it should be a whole number`. */
export function faults(schema: Schema, value: unknown, where: string): string[] {
  const result = z.safeParse(schema, value);
  if (result.success) return [];
  return result.error.issues.map(({ path, message }) => {
    const place = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`)).join('');
    const found = path.reduce<unknown>((at, step) => (at as Record<PropertyKey, unknown> | null | undefined)?.[step], value);
    return `${where}${place} is ${kindOf(found)}; it should be ${message === 'Invalid input' ? 'an id: a whole number, or a text that is not empty' : message}`;
  });
}

/** What something is, never what it says: a room is nobody's business but its members'. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (value === '') return 'an empty text';
  return { string: 'a text', number: 'a number', boolean: 'true or false', object: 'an object' }[typeof value as string] ?? 'something else';
}
