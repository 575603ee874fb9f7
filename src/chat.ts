/**
 * The one script for a page without a bundler (`dist/chat.js`): registers the elements, and exports the connection.
 *
 * What the first message does not need comes after it, over the same connection to the same host: status, list of rooms and launcher at
 * once, beside the first question to the backend; all else when it is needed.
 */
import { ChatConnectionElement } from './elements/chat-connection/chat-connection.js';
import { ChatThreadElement } from './elements/chat-thread/chat-thread.js';
import { register } from './register.js';
import { partLoader } from './session/load-part.js';

export { registerLocale, type Terms } from './locale/index.js';
export * from './headless.js';

/** How long until a part that could not be loaded is asked for again, in milliseconds. */
const AGAIN_MS = 5_000;

register('chat-connection', ChatConnectionElement);
register('chat-thread', ChatThreadElement);

const loadBeside = partLoader(() => import('./beside.js'));
function registerBeside(): void {
  loadBeside().then(
    ({ ChatLauncherElement, ChatRoomsElement, ChatStatusElement }) => {
      register('chat-status', ChatStatusElement);
      register('chat-rooms', ChatRoomsElement);
      register('chat-launcher', ChatLauncherElement);
    },
    () => setTimeout(registerBeside, AGAIN_MS),
  );
}
registerBeside();
