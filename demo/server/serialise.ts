/**
 * Serialises every response, for sockets and REST. Timestamps that browsers would misread, and values that JSON would
 * silently change, are rejected here.
 */

/** Names the position of the invalid value, never its content. */
export class UnserialisableError extends Error {
  override readonly name = 'UnserialisableError';
}

/** Deeper than any response of this server. Without a limit, the cost would grow quadratically with the depth. */
const MAX_DEPTH = 32;
const TIME_NAME = /^timestamp$|_(at|time)$/;
const ISO_WITH_OFFSET = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

const isTime = (value: unknown): boolean =>
  typeof value === 'string' && ISO_WITH_OFFSET.test(value) && !Number.isNaN(Date.parse(value));

function fail(path: string, problem: string): never {
  throw new UnserialisableError(`${path} is ${problem}`);
}

/** @throws {UnserialisableError} for anything that JSON or the protocol cannot represent. */
export const toJson = (value: unknown): string => JSON.stringify(toPlain(value, '$', []));

const texts = new WeakMap<object, string>();

/** Serialises a frame once for many recipients. The frame must not change afterwards. */
export function toSharedJson(frame: object): string {
  let text = texts.get(frame);
  if (text === undefined) texts.set(frame, (text = toJson(frame)));
  return text;
}

function toPlain(value: unknown, path: string, ancestors: object[]): unknown {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : fail(path, 'not a finite number');
    case 'object':
      break;
    default:
      return fail(path, `of type ${typeof value}`);
  }
  if (value === null) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? fail(path, 'not a date') : value.toISOString();
  if (ancestors.includes(value)) return fail(path, 'part of itself');
  if (ancestors.length >= MAX_DEPTH) return fail(path, 'nested too deeply');
  const inside = [...ancestors, value];
  // Array.from also visits the holes of a sparse array, which must not become null.
  if (Array.isArray(value))
    return Array.from(value, (item: unknown, index) => toPlain(item, `${path}[${index}]`, inside));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return fail(path, 'not a plain object');
  const entries: [string, unknown][] = [];
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue; // Omitted, as in JSON.
    const carried = toPlain(field, `${path}.${name}`, inside);
    if (TIME_NAME.test(name) && carried !== null && !isTime(carried)) {
      fail(`${path}.${name}`, 'not a time with a UTC offset');
    }
    entries.push([name, carried]);
  }
  return Object.fromEntries(entries);
}
