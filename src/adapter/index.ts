/** For a backend that speaks something else: `unified-chat/adapter`. docs/BACKENDS.md shows one. */
import { registerConnection } from '../controllers/index.js';
import { ChatConnection, type ConnectionDependencies } from '../client/index.js';
import type { ChatAdapter } from './adapter.js';
import { wireOf } from './wire.js';
import { ChatError } from '../transport/index.js';

export { AdapterRefusal } from './adapter.js';
export type { AdapterEvents, AdapterMessage, AdapterRoom, AdapterUser, ChatAdapter, Outgoing } from './adapter.js';
export { wireOf, type AdapterParts } from './wire.js';

/**
 * Connects by an adapter, and gives the connection to all elements of the page that have no `<chat-connection>` above them.
 * @param name of the backend: what is kept on this device is kept apart by it and by the person.
 * @returns the connection, and how to end it.
 */
export function connectAdapter(adapter: ChatAdapter, name: string, parts: ConnectionDependencies = {}): { connection: ChatConnection; end: () => void } {
  const connection = new AdapterConnection({ url: `https://adapter.invalid/${encodeURIComponent(name)}`, token: claimsOf(adapter), share: false }, { ...parts, ...wireOf(adapter) });
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

/** The doctor checks the widget's own protocol, which a backend behind an adapter does not speak. */
class AdapterConnection extends ChatConnection {
  override diagnose(): Promise<never> {
    return Promise.reject(new ChatError('not_found', 'The doctor cannot check a backend behind an adapter.'));
  }
}

/** A token that only says whose it is: signing in is the adapter's affair, and nobody is asked for a token. */
const claimsOf = ({ user }: ChatAdapter): string => ['{"alg":"none"}', JSON.stringify({ user_id: user.id }), 'adapter'].map((part) => btoa(String.fromCharCode(...new TextEncoder().encode(part)))).join('.');
