import type { RoomEvent } from '../../model/index.js';
import type { Id } from '../../protocol/index.js';
import type { Receipt } from '../../transport/index.js';

/** The listed receipts of a room, as the events that a connection would have reported. */
export const receiptEvents = (
  roomId: Id,
  receipts: readonly Receipt[],
): Extract<RoomEvent, { type: 'message-read' | 'message-delivered' }>[] =>
  receipts.flatMap(({ userId, upTo, deliveredUpTo }) => {
    const fields = { roomId, userId, seq: undefined, messageIds: [] };
    return [
      ...(upTo === undefined ? [] : [{ type: 'message-read' as const, ...fields, upTo }]),
      ...(deliveredUpTo === undefined ? [] : [{ type: 'message-delivered' as const, ...fields, upTo: deliveredUpTo }]),
    ];
  });
