/** Registers `<chat-connection>` only: `import 'unified-chat/chat-connection'`. */
import { ChatConnectionElement } from '../elements/chat-connection/chat-connection.js';
import { register } from '../register.js';

register('chat-connection', ChatConnectionElement);
export { ChatConnectionElement };
