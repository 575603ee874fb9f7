/** REST routes beyond the baseline: `me/`, receipts, changes, and tickets. */
import type { Hono } from 'hono';
import type { Context } from '../context.js';
import { answer, field } from './http-responses.js';
import { describe } from '../socket/greeting.js';
import { encodeCursor, readCursor } from './cursors.js';
import { limitRate, needs } from './http-middleware.js';
import { json, roomOf, type Env } from './http-params.js';
import { accessDenied } from '../errors.js';
import { hideReceipts, listReceipts } from '../rooms/receipts.js';
import { isMember } from '../rooms/rooms.js';
import { readKnown, syncRooms } from '../messages/sync.js';
import { makeTicket, TICKET_SECONDS } from '../socket/tickets.js';

export function addBeyondBaseline(app: Hono<Env>, context: Context, api: string): void {
  app.get(`${api}/me/`, (call) => answer(context, 200, describe(context, call.get('viewer'))));

  app.patch(`${api}/me/`, needs(context, 'hide_receipts'), async (call) => {
    const viewer = call.get('viewer');
    const { hide_receipts: hides } = await json(call);
    if (typeof hides !== 'boolean') throw field('hide_receipts', 'Must be true or false.');
    await hideReceipts(context, viewer, hides);
    return answer(context, 200, describe(context, { ...viewer, hidesReceipts: hides }));
  });

  app.get(`${api}/rooms/:id/receipts/`, limitRate(context, 'listsPerUser'), async (call) => {
    const roomId = roomOf(call);
    const { id } = call.get('viewer');
    if (!(await isMember(context.database, roomId, id))) throw accessDenied(roomId);
    const { items, next } = await listReceipts(context, id, roomId, readCursor(call, 1)?.[0]);
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

  app.post(`${api}/ws_ticket/`, limitRate(context, 'ticketsPerUser'), async (call) => {
    const ticket = await makeTicket(context.database, call.get('viewer'), call.get('expiresAt'));
    return answer(context, 200, { ticket, expires_in_s: TICKET_SECONDS });
  });
}
