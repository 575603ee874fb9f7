/**
 * The one way out. Every answer, on the socket and on REST, becomes text here and nowhere else, so that a time that a
 * browser would misread, or a value that JSON would silently change, cannot leave this server.
 */

/** Thrown instead of sending something wrong. Names the place, never the content. */
export class UnserialisableError extends Error {
  override readonly name = 'UnserialisableError';
}

/** Nothing of ours is deeper; without a limit, the cost would grow with the square of the depth. */
const DEEPEST = 32;
const TIME_NAME = /^timestamp$|_(at|time)$/;
const ISO_WITH_OFFSET = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

const isTime = (value: unknown): boolean =>
  typeof value === 'string' && ISO_WITH_OFFSET.test(value) && !Number.isNaN(Date.parse(value));

function refuse(path: string, what: string): never {
  throw new UnserialisableError(`${path} is ${what}`);
}

/** @throws {UnserialisableError} for anything that JSON or the protocol cannot carry. */
export const toJson = (value: unknown): string => JSON.stringify(plain(value, '$', []));

const texts = new WeakMap<object, string>();

/** The same, for what goes to many and never changes: made into text once. */
export function toSharedJson(frame: object): string {
  let text = texts.get(frame);
  if (text === undefined) texts.set(frame, (text = toJson(frame)));
  return text;
}

function plain(value: unknown, path: string, above: object[]): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : refuse(path, 'not a finite number');
    case 'object':
      break;
    default:
      return refuse(path, `of type ${typeof value}`);
  }
  if (value === null) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? refuse(path, 'not a date') : value.toISOString();
  if (above.includes(value)) return refuse(path, 'part of itself');
  if (above.length >= DEEPEST) return refuse(path, 'nested too deeply');
  const inside = [...above, value];
  // Array.from: the holes of a sparse array are undefined too, and must not become null.
  if (Array.isArray(value)) return Array.from(value, (item: unknown, index) => plain(item, `${path}[${index}]`, inside));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return refuse(path, 'not a plain object');
  const entries: [string, unknown][] = [];
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue; // Absent, as JSON has it.
    const carried = plain(field, `${path}.${name}`, inside);
    if (TIME_NAME.test(name) && carried !== null && !isTime(carried)) {
      refuse(`${path}.${name}`, 'not a time with an offset');
    }
    entries.push([name, carried]);
  }
  return Object.fromEntries(entries);
}
