import { ContextEvent, createContext } from '@lit/context';
import type { ChatConnection } from '../client/index.js';

/** Provides the connection of a `<chat-connection>` to its descendants. */
const connectionContext = createContext<ChatConnection>(Symbol.for('unified-chat.connection'));

/**
 * Answers context requests from descendants of `host`. The value never changes, so subscribers need not be tracked as
 * Lit's `ContextProvider` does.
 */
export function provide(host: HTMLElement, connection: ChatConnection): void {
  host.addEventListener('context-request', (event) => {
    if (event.context !== connectionContext || event.composedPath()[0] === host) return;
    event.stopPropagation();
    (event as ContextEvent<typeof connectionContext>).callback(connection);
  });
}

/** The connection of the nearest provider above `host`, if any. */
export function requestConnection(host: HTMLElement): ChatConnection | undefined {
  let found: ChatConnection | undefined;
  host.dispatchEvent(new ContextEvent(connectionContext, host, (connection) => (found = connection)));
  return found;
}
