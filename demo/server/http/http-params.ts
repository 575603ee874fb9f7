/** Parsing of request parameters. */
import type { HttpBindings } from '@hono/node-server';
import type { Context as Call } from 'hono';
import type { Viewer } from '../auth.js';
import type { Context } from '../context.js';
import { field } from './http-responses.js';
import { RequestError, toId } from '../errors.js';
import { findMessage } from '../messages/messages.js';
import { isMember } from '../rooms/rooms.js';

export interface Env {
  Bindings: HttpBindings;
  /** The authenticated user, and when the token expires. */
  Variables: { viewer: Viewer; expiresAt: Date };
}

/** The room id in the path; 0, which matches no room, if it is invalid. */
export const roomOf = (call: Call<Env>): number => toId(call.req.param('id')) ?? 0;

/** The path, for the log. Those of files are masked: names of files are content of users. */
export const pathForLog = (call: Call<Env>): string => call.req.path.replace(/(\/attachments\/).*/s, '$1…');

export const isForm = (call: Call<Env>): boolean =>
  call.req.header('Content-Type')?.startsWith('multipart/form-data') === true;

export function cursor(call: Call<Env>, name: string): number | null {
  const text = call.req.query(name);
  if (text === undefined || text === '') return null;
  const value = toId(text);
  if (value === null) throw field(name, 'A valid integer is required.');
  return value;
}

export async function json(call: Call<Env>): Promise<Record<string, unknown>> {
  const body: unknown = await call.req.json().catch(() => undefined);
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new RequestError('invalid', 'The body must be a JSON object.');
  return body as Record<string, unknown>;
}

/**
 * The message named in the path, with its room. A message in a room that the user is not a member of is always
 * unknown, even if the request is also invalid in another way.
 */
export async function messageOf(context: Context, call: Call<Env>): Promise<{ roomId: number; messageId: number }> {
  const messageId = toId(call.req.param('id'));
  const found = await findMessage(context, messageId);
  if (!found || messageId === null || !(await isMember(context.database, found.roomId, call.get('viewer').id)))
    throw new RequestError('unknown_message', 'There is no such message.');
  return { roomId: found.roomId, messageId };
}
