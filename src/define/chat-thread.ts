/** Registers `<chat-thread>` only: `import 'unified-chat/chat-thread'`. */
import './own-connection.js';
import { ChatThreadElement } from '../elements/chat-thread/chat-thread.js';
import { register } from '../register.js';

register('chat-thread', ChatThreadElement);
export { ChatThreadElement };
