/** The only side effect of the package: registers the four elements, the connection first, each at most once. */
import { ChatConnectionElement } from './elements/chat-connection/chat-connection.js';
import { ChatRoomsElement } from './elements/chat-rooms/chat-rooms.js';
import { ChatStatusElement } from './elements/chat-status/chat-status.js';
import { ChatThreadElement } from './elements/chat-thread/chat-thread.js';

function define(tag: string, element: CustomElementConstructor): void {
  if (!customElements.get(tag)) customElements.define(tag, element);
}

define('chat-connection', ChatConnectionElement);
define('chat-rooms', ChatRoomsElement);
define('chat-thread', ChatThreadElement);
define('chat-status', ChatStatusElement);
