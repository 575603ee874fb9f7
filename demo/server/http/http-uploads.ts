/** REST routes of the capability `uploads`. */
import type { Hono } from 'hono';
import type { Context } from '../context.js';
import { RequestError } from '../errors.js';
import { getMessages } from '../messages/messages.js';
import { completeUpload, startUpload } from '../uploads/presigned.js';
import { createUpload, discardUpload, readKey, uploadOnTheWire } from '../uploads/uploads.js';
import { limitRate, needs } from './http-middleware.js';
import { isForm, json, messageOf, type Env } from './http-params.js';
import { answer } from './http-responses.js';

export function addUploadRoutes(app: Hono<Env>, context: Context, api: string): void {
  const isOffered = needs(context, 'uploads');

  app.post(`${api}/uploads/`, isOffered, async (call) => {
    const viewer = call.get('viewer');
    const key = readKey(call.req.header('Idempotency-Key'));
    if (isForm(call)) {
      const upload = await createUpload(context, viewer, call.env.incoming, key);
      return answer(context, 201, uploadOnTheWire(context, viewer, upload));
    }
    const { upload, put } = await startUpload(context, viewer, await json(call), key);
    return answer(context, 201, put ? { id: upload.id, put } : uploadOnTheWire(context, viewer, upload));
  });

  app.post(`${api}/uploads/:id/complete/`, isOffered, async (call) => {
    const viewer = call.get('viewer');
    const upload = await completeUpload(context, viewer, call.req.param('id'));
    return answer(context, 200, uploadOnTheWire(context, viewer, upload));
  });

  app.delete(`${api}/uploads/:id/`, isOffered, async (call) => {
    await discardUpload(context, call.get('viewer'), call.req.param('id'));
    return call.body(null, 204);
  });

  // For new addresses of its files.
  app.get(`${api}/messages/:id/`, isOffered, limitRate(context, 'listsPerUser'), async (call) => {
    const { messageId } = await messageOf(context, call);
    const message = (await getMessages(context, call.get('viewer').id, [messageId])).get(messageId);
    if (!message) throw new RequestError('unknown_message', 'There is no such message.');
    return answer(context, 200, message);
  });
}
