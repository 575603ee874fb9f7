/** The transport for our own protocol (docs/PROTOCOL.md): a WebSocket, and REST beside it. */
import { makeAddress } from './address.js';
import { RestClient, type RestDeferred } from './rest.js';
import { createAuthenticatedWebSocket } from './socket.js';
import type { Transport } from './transport.js';

/** @param loadDeferred loads rest-deferred.ts. */
export const webTransport = (loadDeferred: () => RestDeferred | Promise<RestDeferred>): Transport => ({
  addressOf: makeAddress,
  createRequests: (options) => new RestClient({ ...options, loadDeferred }),
  open: createAuthenticatedWebSocket,
});
