/**
 * The one script for a page without a bundler (`dist/chat.js`): registers the elements, and exports the connection.
 *
 * What the first message does not need comes after it, over the same connection to the same host: status, list of rooms and launcher at
 * once, beside the first question to the backend; all else when it is needed.
 */
import { ChatConnectionElement } from './elements/chat-connection/chat-connection.js';
import { ChatThreadElement } from './elements/chat-thread/chat-thread.js';
import { register } from './register.js';
import { lazyImport } from './internal/lazy-import.js';

export { registerLocale, type Terms } from './locale/index.js';
export * from './headless.js';

/** How long until a part that could not be loaded is asked for again, in milliseconds. */
const AGAIN_MS = 5_000;

registerEach({ 'chat-connection': ChatConnectionElement, 'chat-thread': ChatThreadElement });

/** One at a time, each in a task of its own: what stands on the page already is drawn at once, and the page is to stay alive meanwhile. */
function registerEach(elements: Record<string, CustomElementConstructor>): void {
  for (const [tag, element] of Object.entries(elements)) setTimeout(register, 0, tag, element);
}

const loadBeside = lazyImport(() => import('./secondary-elements.js'));
function registerBeside(): void {
  loadBeside().then(
    ({ ChatLauncherElement, ChatRoomsElement, ChatStatusElement }) =>
      registerEach({ 'chat-status': ChatStatusElement, 'chat-rooms': ChatRoomsElement, 'chat-launcher': ChatLauncherElement }),
    () => setTimeout(registerBeside, AGAIN_MS),
  );
}
registerBeside();
