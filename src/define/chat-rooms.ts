/** Registers `<chat-rooms>` only: `import 'unified-chat/chat-rooms'`. */
import './own-connection.js';
import { ChatRoomsElement } from '../elements/chat-rooms/chat-rooms.js';
import { register } from '../register.js';

register('chat-rooms', ChatRoomsElement);
export { ChatRoomsElement };
