/**
 * Checks all times in the raw JSON that the server sent. The widget hides such errors: it reads a time without an
 * offset as UTC, and omits an invalid one.
 */
import type { CheckContext } from './check-context.js';
import { formatList } from './format-list.js';
import { timesWithOffset } from './remedies.js';

const TIME_NAME = /^timestamp$|_(at|time)$/;
const HAS_OFFSET = /(?:z|[+-]\d\d(?::?\d\d)?)$/i;
const HAS_TIME = /\d[T ]\d/;

/** Finds all invalid times: `rooms[0].last_message.timestamp: "2026-01-31T12:00:00"`. */
export function invalidTimes(json: unknown, path: string): string[] {
  if (Array.isArray(json)) return json.flatMap((item: unknown, index) => invalidTimes(item, `${path}[${index}]`));
  if (typeof json !== 'object' || json === null) return [];
  return Object.entries(json).flatMap(([name, value]: [string, unknown]) => {
    const field = `${path}.${name}`;
    if (!TIME_NAME.test(name) || value === null || typeof value === 'object') return invalidTimes(value, field);
    return isValidTime(value) ? [] : [`${field}: ${JSON.stringify(value)}`];
  });
}

const isValidTime = (value: unknown): boolean =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value)) && (!HAS_TIME.test(value) || HAS_OFFSET.test(value));

/** Runs after all other checks, because it examines everything that they received. */
export function checkTimes({ findings, restBodies, receivedFrames }: CheckContext): void {
  const check = (id: 'timestamps.rest' | 'timestamps.socket', bodies: [path: string, json: unknown][]): void => {
    if (bodies.length === 0) return;
    const invalid = [...new Set(bodies.flatMap(([path, json]) => invalidTimes(json, path)))];
    if (invalid.length === 0) return findings.pass(id);
    const count = invalid.length === 1 ? '1 time value is' : `${invalid.length} time values are`;
    findings.fail(id, `${count} not ISO 8601 with a UTC offset: ${formatList(invalid)}.`, timesWithOffset);
  };
  check('timestamps.rest', restBodies);
  check(
    'timestamps.socket',
    receivedFrames.map((frame) => [String(frame['type']), frame]),
  );
}
