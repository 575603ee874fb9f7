/** Registers `<chat-launcher>` and the elements in its panel: `import 'unified-chat/chat-launcher'`. */
import './chat-rooms.js';
import './chat-status.js';
import './chat-thread.js';
import { ChatLauncherElement } from '../elements/chat-launcher/chat-launcher.js';
import { register } from '../register.js';

register('chat-launcher', ChatLauncherElement);
export { ChatLauncherElement };
