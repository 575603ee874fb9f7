/** Registers `<chat-status>` only: `import 'unified-chat/chat-status'`. */
import './own-connection.js';
import { ChatStatusElement } from '../elements/chat-status/chat-status.js';
import { register } from '../register.js';

register('chat-status', ChatStatusElement);
export { ChatStatusElement };
