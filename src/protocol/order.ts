/**
 * The order of a room's messages: by time, then by id. A page keeps the order of the server. This order applies only
 * between messages that were never in one page.
 */
import { idKey, isOrdered, type Id } from './ids.js';

/**
 * Compares two ids that are whole numbers. It compares their digits, so that a 64-bit id that is sent as a string keeps
 * its order.
 * @returns negative, zero or positive; zero also if an id implies no order.
 */
export function compareIds(a: Id, b: Id): number {
  if (!isOrdered(a) || !isOrdered(b)) return 0;
  const [x, y] = [idKey(a), idKey(b)];
  if (x.length !== y.length) return x.length - y.length;
  return x < y ? -1 : x > y ? 1 : 0;
}

/** The fields that determine the order of a message. */
export interface Ordered {
  readonly id: Id;
  readonly timestamp: string;
}

/** The digits after the second. `Date.parse` reads only three of them. */
const fraction = (timestamp: string): string => /\.(\d+?)0*(?!\d)/.exec(timestamp)?.[1] ?? '';

function compareTimes(a: string, b: string): number {
  const ms = Date.parse(a) - Date.parse(b);
  if (ms !== 0) return ms;
  const [x, y] = [fraction(a), fraction(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** @returns negative, zero or positive; zero only if neither time nor id implies an order. */
export const compareMessages = (a: Ordered, b: Ordered): number =>
  compareTimes(a.timestamp, b.timestamp) || compareIds(a.id, b.id);

/**
 * Whether a message that has just arrived belongs before another one, because it was overtaken in transit. Its id must
 * be lower, and its time not later: an imported message has a new id and an old time, and stays where the reader sees
 * it arrive.
 */
export const isOvertaken = (a: Ordered, b: Ordered): boolean =>
  compareIds(a.id, b.id) < 0 && compareTimes(a.timestamp, b.timestamp) <= 0;
