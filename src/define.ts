/** The only side effect of the package: registers the elements, the connection first, each at most once. */
import { ChatConnectionElement } from './elements/chat-connection/chat-connection.js';
import { ChatLauncherElement } from './elements/chat-launcher/chat-launcher.js';
import { ChatRoomsElement } from './elements/chat-rooms/chat-rooms.js';
import { ChatStatusElement } from './elements/chat-status/chat-status.js';
import { ChatThreadElement } from './elements/chat-thread/chat-thread.js';
import { register } from './register.js';

register('chat-connection', ChatConnectionElement);
register('chat-rooms', ChatRoomsElement);
register('chat-thread', ChatThreadElement);
register('chat-status', ChatStatusElement);
register('chat-launcher', ChatLauncherElement);
