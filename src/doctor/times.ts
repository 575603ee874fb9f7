/**
 * Times in what a server really sent. The widget forgives a time without an offset (it takes it for UTC) and a broken one
 * (it shows none), so what it has read cannot tell.
 */
import type { Exam } from './check-context.js';
import { withOffset } from './remedies.js';

const TIME_NAME = /^timestamp$|_(at|time)$/;
const HAS_OFFSET = /(?:z|[+-]\d\d(?::?\d\d)?)$/i;
const HAS_TIME = /\d[T ]\d/;

/** Names every time that is not as agreed: `rooms[0].last_message.timestamp: 2026-01-31T12:00:00`. */
export function badTimes(json: unknown, path: string): string[] {
  if (Array.isArray(json)) return json.flatMap((item: unknown, index) => badTimes(item, `${path}[${index}]`));
  if (typeof json !== 'object' || json === null) return [];
  return Object.entries(json).flatMap(([name, value]: [string, unknown]) => {
    const here = `${path}.${name}`;
    if (!TIME_NAME.test(name) || value === null || typeof value === 'object') return badTimes(value, here);
    return isGoodTime(value) ? [] : [`${here}: ${JSON.stringify(value)}`];
  });
}

const isGoodTime = (value: unknown): boolean =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value)) && (!HAS_TIME.test(value) || HAS_OFFSET.test(value));

/** Judges all times that were heard, at the end, when all is said. */
export function checkTimes({ findings, saidByRest, heard }: Exam): void {
  const judge = (id: 'time.rest' | 'time.socket', said: [path: string, json: unknown][]): void => {
    if (said.length === 0) return;
    const bad = [...new Set(said.flatMap(([path, json]) => badTimes(json, path)))];
    if (bad.length > 0) findings.wrong(id, `${bad.length === 1 ? 'A time is' : `${bad.length} times are`} not ISO 8601 with an offset: ${some(bad)}.`, withOffset);
    else findings.pass(id);
  };
  judge('time.rest', saidByRest);
  judge('time.socket', heard.map((frame) => [String(frame['type']), frame]));
}

/** The first few of many, for a sentence. */
export function some(list: readonly string[], most = 6): string {
  const more = list.length - most;
  return list.slice(0, most).join('; ') + (more > 0 ? `; and ${more} more` : '');
}
