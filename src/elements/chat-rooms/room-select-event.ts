import type { Id, Room } from '../../protocol/index.js';
import { OUT } from '../events.js';

/** The user chose a room. `preventDefault()` keeps the present one. */
export class ChatRoomSelectEvent extends Event {
  constructor(
    readonly roomId: Id,
    readonly room: Room,
  ) {
    super('chat-room-select', { ...OUT, cancelable: true });
  }
}

/** Of an element, of `document`, of `window`: it bubbles. */
declare global {
  interface GlobalEventHandlersEventMap {
    'chat-room-select': ChatRoomSelectEvent;
  }
}
