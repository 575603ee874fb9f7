/** Capabilities `receipts`, `delivered` and `hide_receipts`: how far each member has read and received a room. */
import type { Viewer } from '../auth.js';
import { has } from '../capabilities.js';
import { describe } from '../socket/greeting.js';
import type { Context } from '../context.js';
import { accessDenied, RequestError } from '../errors.js';

export interface Receipt {
  user_id: number;
  /** Everything up to this message is read. Null: nothing. */
  up_to: number | null;
  /** Everything up to this message has reached a device of the member. */
  delivered_up_to?: number;
}

const RECEIPTS_PER_PAGE = 500;

/**
 * The last message that each member has read and received, as `viewerId` may know it: without members who hide their
 * receipts, without members who have received nothing, and without messages that were read individually. Nothing for a
 * viewer who hides receipts.
 * @param after The last member of the previous page.
 */
export async function listReceipts(
  { database, options }: Pick<Context, 'database' | 'options'>,
  viewerId: number,
  roomId: number,
  after = 0,
): Promise<{ items: Receipt[]; next: number | null }> {
  const withDelivery = has(options, 'delivered');
  const found = await database.query<Receipt>(
    // What was marked as unread is read nevertheless, for others; and what is read was delivered.
    `select o.user_id, nullif(r.up_to, 0) as up_to
       ${withDelivery ? ', case when (o.delivered_time, o.delivered_up_to) > (r.at, r.up_to) then o.delivered_up_to else r.up_to end as delivered_up_to' : ''}
     from members o join users u on u.id = o.user_id and not u.hides_receipts
     cross join lateral (
       select f.at, f.up_to from (values (o.read_time, o.read_up_to), (o.receipt_time, o.receipt_up_to)) f (at, up_to)
       order by f.at desc, f.up_to desc limit 1) r
     where o.room_id = $1 and o.user_id > $2::bigint
       and (o.read_up_to > 0 or o.receipt_up_to > 0 ${withDelivery ? 'or o.delivered_up_to > 0' : ''})
       and not exists (select 1 from users me where me.id = $3 and me.hides_receipts)
     order by o.user_id limit $4`,
    [roomId, after, viewerId, RECEIPTS_PER_PAGE + 1],
  );
  const items = found.slice(0, RECEIPTS_PER_PAGE);
  return { items, next: found.length > items.length ? items.at(-1)!.user_id : null };
}

/**
 * A device of the user has received everything up to a message. The authors of the new messages are notified.
 * @throws {RequestError} `access_denied`; `unknown_message` if the room does not have the message.
 */
export async function markDelivered(
  context: Context,
  viewer: Viewer,
  roomId: number,
  messageId: number,
): Promise<void> {
  await context.rateLimits.count('deliveredPerUser', viewer.id);
  const [done] = await context.database.query<{
    isMember: boolean;
    isKnown: boolean;
    upTo: number | null;
    authors: number[];
  }>(
    'select is_member as "isMember", is_known as "isKnown", up_to as "upTo", authors from mark_delivered($1, $2, $3)',
    [roomId, viewer.id, messageId],
    'mark delivered',
  );
  const { isMember, isKnown, upTo, authors } = done!;
  if (!isMember) throw accessDenied(roomId);
  if (!isKnown) throw new RequestError('unknown_message', 'There is no such message.', { roomId, messageId });
  if (upTo === null || authors.length === 0) return;
  const frame = {
    type: 'message_delivered',
    room_id: roomId,
    user_id: viewer.id,
    up_to: upTo,
    timestamp: new Date(),
  };
  context.broadcast({ to: 'users', userIds: authors, frames: [frame] });
}

/** Hides or shows the receipts of a user, and tells all devices of the user. */
export async function hideReceipts(context: Context, viewer: Viewer, hides: boolean): Promise<void> {
  await context.rateLimits.count('settingsPerUser', viewer.id);
  const changed = await context.database.query(
    'update users set hides_receipts = $2 where id = $1 and hides_receipts <> $2 returning 1',
    [viewer.id, hides],
  );
  if (changed.length === 0) return;
  // The greeting contains the setting.
  const frame = { type: 'connection_established', ...describe(context, { ...viewer, hidesReceipts: hides }) };
  context.broadcast({ to: 'users', userIds: [viewer.id], frames: [frame] });
}
