/** Cursors of paginated lists: opaque to clients, the position of the last item to this server. */
import type { Context as Call } from 'hono';
import { field } from './http-responses.js';
import type { Env } from './http-params.js';

const NUMBERS = /^\d{1,16}(\.\d{1,10})*$/;

export const encodeCursor = (position: readonly number[]): string =>
  Buffer.from(position.join('.')).toString('base64url');

/**
 * The position in the query parameter `cursor`; undefined for the first page.
 * @param length The number of numbers in a position.
 * @throws {RequestError} if this server did not make the cursor.
 */
export function readCursor(call: Call<Env>, length: number): number[] | undefined {
  const text = call.req.query('cursor');
  if (text === undefined || text === '') return undefined;
  const decoded = Buffer.from(text, 'base64url').toString('latin1');
  const position = NUMBERS.test(decoded) ? decoded.split('.').map(Number) : [];
  if (position.length !== length) throw field('cursor', 'This cursor is not valid.');
  return position;
}
