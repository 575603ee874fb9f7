/**
 * Entry point of `dist/chat.js`, the single script for pages without a bundler: registers the elements and exports the
 * connection.
 *
 * The script contains only what the first message needs. The chunk with status, room list and launcher is requested
 * at once, in parallel with the first requests to the backend; other chunks are loaded on demand.
 */
import { ChatConnectionElement } from './elements/chat-connection/chat-connection.js';
import { ChatThreadElement } from './elements/chat-thread/chat-thread.js';
import { register } from './register.js';
import { lazyImport } from './internal/lazy-import.js';

export { registerLocale, type Terms } from './locale/index.js';
export * from './headless.js';

/** Delay before a chunk that failed to load is requested again, in milliseconds. */
const RETRY_MS = 5_000;

/** Registering an element upgrades and renders its instances, so each gets its own task to avoid one long task. */
function registerEach(elements: Record<string, CustomElementConstructor>): void {
  for (const [tag, element] of Object.entries(elements)) setTimeout(register, 0, tag, element);
}

const loadSecondary = lazyImport(() => import('./secondary-elements.js'));
function registerSecondary(): void {
  loadSecondary().then(
    ({ ChatLauncherElement, ChatRoomsElement, ChatStatusElement }) =>
      registerEach({
        'chat-status': ChatStatusElement,
        'chat-rooms': ChatRoomsElement,
        'chat-launcher': ChatLauncherElement,
      }),
    () => setTimeout(registerSecondary, RETRY_MS),
  );
}
// In tasks of their own, because evaluating this script is a long one.
setTimeout(registerSecondary);
registerEach({ 'chat-connection': ChatConnectionElement, 'chat-thread': ChatThreadElement });
