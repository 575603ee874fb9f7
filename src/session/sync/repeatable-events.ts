import type { ChangeEvent } from '../../transport/index.js';
import { isRoomEvent, type RoomEvent } from '../../model/index.js';

/**
 * The changes that can be applied again after a response that was pending when they arrived. New messages are in the
 * page, and `messages-marked-read` would be counted twice.
 */
export const repeatableEvents = (events: readonly ChangeEvent[]): (ChangeEvent & RoomEvent)[] =>
  events.filter(
    (event): event is ChangeEvent & RoomEvent => isRoomEvent(event) && event.type !== 'messages-marked-read',
  );
