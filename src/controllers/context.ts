import { ContextEvent, createContext } from '@lit/context';
import type { ChatConnection } from '../client/index.js';

/** Carries the connection from `<chat-connection>` to the elements below it. */
export const connectionContext = createContext<ChatConnection>(Symbol.for('unified-chat.connection'));

/**
 * Answers everybody below `host` who asks for a connection, and those who ask again later. The connection never changes
 * identity, so there is nobody to be told of another: a `ContextProvider` would keep a list for it.
 */
export function provide(host: HTMLElement, connection: ChatConnection): void {
  host.addEventListener('context-request', (event) => {
    if (event.context !== connectionContext || event.composedPath()[0] === host) return;
    event.stopPropagation();
    (event as ContextEvent<typeof connectionContext>).callback(connection);
  });
}

/** The connection of the nearest provider above `host`, if there is one. */
export function request(host: HTMLElement): ChatConnection | undefined {
  let found: ChatConnection | undefined;
  host.dispatchEvent(new ContextEvent(connectionContext, host, (connection) => (found = connection)));
  return found;
}
