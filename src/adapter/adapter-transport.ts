/** A transport that uses an adapter. */
import type { Clock, Transport } from '../transport/index.js';
import type { ChatAdapter } from './adapter.js';
import { AdapterBackend } from './adapter-backend.js';
import { AdapterConnection } from './adapter-connection.js';
import { AdapterRequests } from './adapter-requests.js';

/** @param name identifies the backend. */
export function adapterTransport(adapter: ChatAdapter, name: string, clock: Clock): Transport {
  const backend = new AdapterBackend(adapter, name, clock);
  const id = `adapter:${encodeURIComponent(name)}`;
  return {
    userId: adapter.user.id,
    addressOf: () => ({ base: id, api: id, socket: id }),
    createRequests: (options) => new AdapterRequests(backend, options),
    open: (options) => new AdapterConnection(backend, options),
    // Each tab has a connection of its own: `share` is off.
    decode: () => ({ problems: [] }),
  };
}
