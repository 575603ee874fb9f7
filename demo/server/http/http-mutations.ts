/** REST routes of the capabilities `edit`, `delete`, `reactions` and `mark_unread`. */
import type { Hono } from 'hono';
import type { Context } from '../context.js';
import { deleteMessage, editMessage, react } from '../messages/message-mutations.js';
import { markUnread } from '../rooms/mark-unread.js';
import { needs } from './http-middleware.js';
import { json, messageOf, type Env } from './http-params.js';
import { answer } from './http-responses.js';

export function addMutationRoutes(app: Hono<Env>, context: Context, api: string): void {
  app.patch(`${api}/messages/:id/`, needs(context, 'edit'), async (call) => {
    const { content, edited_at: seen } = await json(call);
    const { message } = await editMessage(context, call.get('viewer'), await messageOf(context, call), {
      content,
      seen,
    });
    return answer(context, 200, message);
  });

  app.delete(`${api}/messages/:id/`, needs(context, 'delete'), async (call) => {
    await deleteMessage(context, call.get('viewer'), await messageOf(context, call));
    return call.body(null, 204);
  });

  app.post(`${api}/messages/:id/reactions/`, needs(context, 'reactions'), async (call) => {
    const { emoji, on } = await json(call);
    const { message } = await react(context, call.get('viewer'), await messageOf(context, call), { emoji, on });
    return answer(context, 200, message);
  });

  app.post(`${api}/messages/:id/mark_unread/`, needs(context, 'mark_unread'), async (call) => {
    const { roomId, messageId } = await messageOf(context, call);
    return answer(context, 200, await markUnread(context, call.get('viewer'), roomId, messageId));
  });
}
