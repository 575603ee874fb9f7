import type { Id, Room } from '../../protocol/index.js';
import { BUBBLING } from '../events.js';

/** `chat-room-select`: the user selects a room. `preventDefault()` keeps the current selection. */
export class ChatRoomSelectEvent extends Event {
  constructor(
    readonly roomId: Id,
    readonly room: Room,
  ) {
    super('chat-room-select', { ...BUBBLING, cancelable: true });
  }
}

declare global {
  interface GlobalEventHandlersEventMap {
    'chat-room-select': ChatRoomSelectEvent;
  }
}
