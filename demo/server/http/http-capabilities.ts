/** REST routes beyond the baseline: `me/`, one or more per capability, and tickets. */
import type { Context as Call, Hono } from 'hono';
import { deleteMessage, editMessage, react, type Target } from '../messages/message-mutations.js';
import type { Context } from '../context.js';
import { answer, field } from './http-responses.js';
import { describe } from '../socket/greeting.js';
import { encodeCursor, readCursor } from './cursors.js';
import { limitRate } from './http-middleware.js';
import { json, roomOf, type Env } from './http-params.js';
import { findMessage } from '../messages/messages.js';
import { accessDenied, RequestError, toId } from '../errors.js';
import { isMember, listReceipts } from '../rooms/rooms.js';
import { readKnown, syncRooms } from '../messages/sync.js';
import { makeTicket, TICKET_SECONDS } from '../socket/tickets.js';

export function addBeyondBaseline(app: Hono<Env>, context: Context, api: string): void {
  app.get(`${api}/me/`, (call) => answer(context, 200, describe(context, call.get('viewer'))));

  app.get(`${api}/rooms/:id/receipts/`, limitRate(context, 'listsPerUser'), async (call) => {
    const roomId = roomOf(call);
    if (!(await isMember(context.database, roomId, call.get('viewer').id))) throw accessDenied(roomId);
    const { items, next } = await listReceipts(context.database, roomId, readCursor(call, 1)?.[0]);
    return answer(context, 200, { items, next: next === null ? null : encodeCursor([next]) });
  });

  app.get(`${api}/sync/`, limitRate(context, 'listsPerUser'), async (call) => {
    const known = (call.req.queries('room') ?? []).map((text): [string, number] => {
      const [, room, seq] = /^(\d+):(\d+)$/.exec(text) ?? [];
      if (room === undefined) throw field('room', 'Must be <id>:<seq>.');
      return [room, Number(seq)];
    });
    return answer(context, 200, { rooms: await syncRooms(context, call.get('viewer').id, readKnown(known)) });
  });

  app.patch(`${api}/messages/:id/`, async (call) => {
    const { content } = await json(call);
    const { message } = await editMessage(context, call.get('viewer'), await targetOf(call), content);
    return answer(context, 200, message);
  });

  app.delete(`${api}/messages/:id/`, async (call) => {
    await deleteMessage(context, call.get('viewer'), await targetOf(call));
    return call.body(null, 204);
  });

  app.post(`${api}/messages/:id/reactions/`, async (call) => {
    const { emoji, on } = await json(call);
    const { message } = await react(context, call.get('viewer'), await targetOf(call), { emoji, on });
    return answer(context, 200, message);
  });

  app.post(`${api}/ws_ticket/`, limitRate(context, 'ticketsPerUser'), async (call) => {
    const ticket = await makeTicket(context.database, call.get('viewer'), call.get('expiresAt'));
    return answer(context, 200, { ticket, expires_in_s: TICKET_SECONDS });
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
