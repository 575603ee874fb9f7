/**
 * The one script for a page without a bundler (`dist/chat.js`): registers the elements, and exports the connection.
 *
 * What the first message does not need comes after it, over the same connection to the same host: the list of rooms, at once,
 * beside the first question to the backend; all else when it is needed.
 */
import { ChatConnectionElement } from './elements/chat-connection/chat-connection.js';
import { ChatStatusElement } from './elements/chat-status/chat-status.js';
import { ChatThreadElement } from './elements/chat-thread/chat-thread.js';
import { register } from './register.js';
import { partLoader } from './session/load-part.js';

export { registerLocale, type Terms } from './locale/index.js';
export * from './headless.js';

register('chat-connection', ChatConnectionElement);
register('chat-thread', ChatThreadElement);
register('chat-status', ChatStatusElement);

const loadRooms = partLoader(() => import('./elements/chat-rooms/chat-rooms.js'));
const addRooms = (): void => void loadRooms().then(({ ChatRoomsElement }) => register('chat-rooms', ChatRoomsElement), () => setTimeout(addRooms, 5_000));
addRooms();
