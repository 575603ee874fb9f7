/** Cursors of paginated lists: opaque to clients, the position of the last item to this server. */
import type { Context as Call } from 'hono';
import { toId } from '../errors.js';
import { field } from './http-responses.js';
import type { Env } from './http-params.js';
import { toJson } from '../serialise.js';

const INVALID = 'This cursor is not valid.';
const NUMBERS = /^\d{1,16}(\.\d{1,10})*$/;

export const encodeCursor = (position: readonly number[]): string =>
  Buffer.from(position.join('.')).toString('base64url');

/**
 * The position in the query parameter `cursor`; undefined for the first page.
 * @param length The number of numbers in a position.
 * @param name The name of another parameter that contains a position.
 * @throws {RequestError} if this server did not make the cursor.
 */
export function readCursor(call: Call<Env>, length: number, name = 'cursor'): number[] | undefined {
  const text = call.req.query(name);
  if (text === undefined || text === '') return undefined;
  const decoded = Buffer.from(text, 'base64url').toString('latin1');
  const position = NUMBERS.test(decoded) ? decoded.split('.').map(Number) : [];
  if (position.length !== length) throw field(name, INVALID);
  return position;
}

/** Of a list by name: the name and the id of the last user. */
export const encodeNameCursor = (position: readonly [string, number]): string =>
  Buffer.from(toJson(position)).toString('base64url');

export function readNameCursor(call: Call<Env>): readonly [string, number] | undefined {
  const text = call.req.query('cursor');
  if (text === undefined || text === '') return undefined;
  const position = parse(Buffer.from(text, 'base64url').toString());
  if (!Array.isArray(position) || position.length !== 2) throw field('cursor', INVALID);
  const [name, given] = position as unknown[];
  const id = toId(given);
  if (typeof name !== 'string' || name.includes('\0') || id === null) throw field('cursor', INVALID);
  return [name, id];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
