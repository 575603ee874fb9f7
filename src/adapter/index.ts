/** For a backend with a protocol of its own: `unified-chat/adapter`. docs/BACKENDS.md shows one. */
import { ChatConnection, type ConnectionDependencies } from '../client/index.js';
import { registerConnection } from '../controllers/index.js';
import { ChatError, systemClock } from '../transport/index.js';
import type { ChatAdapter } from './adapter.js';
import { adapterTransport } from './adapter-transport.js';

export { AdapterRefusal } from './adapter.js';
export type {
  AdapterAttachment,
  AdapterEvents,
  AdapterHistoryPart,
  AdapterMessage,
  AdapterReaction,
  AdapterRoom,
  AdapterTarget,
  AdapterUpload,
  AdapterUser,
  ChatAdapter,
  OutgoingMessage,
} from './adapter.js';

/**
 * Stands for the sign-in, which is the adapter's own: the session must know that a user is signed in. It is sent to no
 * server.
 */
const SIGNED_IN = 'signed in by the adapter';

/**
 * Connects by an adapter. All elements of the page that are not inside a `<chat-connection>` use the connection.
 * @param name identifies the backend: data on this device is kept apart by it and by the user.
 * @returns the connection, and how to end it.
 */
export function connectAdapter(
  adapter: ChatAdapter,
  name: string,
  dependencies: ConnectionDependencies = {},
): { connection: ChatConnection; end: () => void } {
  const connection = new AdapterChatConnection(
    { token: SIGNED_IN, share: false },
    { ...dependencies, transport: adapterTransport(adapter, name, dependencies.clock ?? systemClock) },
  );
  const withdraw = registerConnection(connection);
  connection.connect();
  return {
    connection,
    end: () => {
      withdraw();
      connection.disconnect();
    },
  };
}

/** The doctor checks what our own protocol promises. An adapter's backend promises nothing of it. */
class AdapterChatConnection extends ChatConnection {
  override diagnose(): Promise<never> {
    return Promise.reject(new ChatError('not_found', 'The doctor cannot check a backend behind an adapter.'));
  }
}
