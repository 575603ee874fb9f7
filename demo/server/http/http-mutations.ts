/** REST routes of the capabilities `edit`, `delete`, `reactions` and `mark_unread`. */
import type { Context as Call, Hono } from 'hono';
import type { Context } from '../context.js';
import { RequestError, toId } from '../errors.js';
import { deleteMessage, editMessage, react, type Target } from '../messages/message-mutations.js';
import { findMessage } from '../messages/messages.js';
import { markUnread } from '../rooms/mark-unread.js';
import { isMember } from '../rooms/rooms.js';
import { needs } from './http-middleware.js';
import { json, type Env } from './http-params.js';
import { answer } from './http-responses.js';

export function addMutationRoutes(app: Hono<Env>, context: Context, api: string): void {
  app.patch(`${api}/messages/:id/`, needs(context, 'edit'), async (call) => {
    const { content, edited_at: seen } = await json(call);
    const { message } = await editMessage(context, call.get('viewer'), await targetOf(call), { content, seen });
    return answer(context, 200, message);
  });

  app.delete(`${api}/messages/:id/`, needs(context, 'delete'), async (call) => {
    await deleteMessage(context, call.get('viewer'), await targetOf(call));
    return call.body(null, 204);
  });

  app.post(`${api}/messages/:id/reactions/`, needs(context, 'reactions'), async (call) => {
    const { emoji, on } = await json(call);
    const { message } = await react(context, call.get('viewer'), await targetOf(call), { emoji, on });
    return answer(context, 200, message);
  });

  app.post(`${api}/messages/:id/mark_unread/`, needs(context, 'mark_unread'), async (call) => {
    const { roomId, messageId } = await targetOf(call);
    return answer(context, 200, await markUnread(context, call.get('viewer'), roomId, messageId));
  });

  /**
   * The message named in the path, with its room. A message in a room that the user is not a member of is always
   * unknown, even if the request is also invalid in another way.
   */
  async function targetOf(call: Call<Env>): Promise<Target> {
    const messageId = toId(call.req.param('id'));
    const found = await findMessage(context, messageId);
    if (!found || messageId === null || !(await isMember(context.database, found.roomId, call.get('viewer').id)))
      throw new RequestError('unknown_message', 'There is no such message.');
    return { roomId: found.roomId, messageId };
  }
}
