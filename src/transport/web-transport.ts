/** The transport for our own protocol (docs/PROTOCOL.md): a WebSocket, and REST beside it. */
import type { ClientFrame } from '../protocol/index.js';
import { makeAddress } from './address.js';
import { decodeEvent, toFrame } from './frames.js';
import { RestClient, type RestDeferred } from './rest.js';
import { createAuthenticatedWebSocket } from './socket.js';
import type { Transport, TransportConnection } from './transport.js';
import type { TransportEvent } from './transport-events.js';

/** @param loadDeferred loads rest-deferred.ts. */
export const webTransport = (loadDeferred: () => RestDeferred | Promise<RestDeferred>): Transport => ({
  addressOf: makeAddress,
  createRequests: (options) => new RestClient({ ...options, loadDeferred }),
  decode: decodeEvent,
  open(options): TransportConnection {
    const { send, end } = createAuthenticatedWebSocket<TransportEvent, ClientFrame>({
      ...options,
      decode: decodeEvent,
      onFrame: options.onEvent,
    });
    return { send: (command) => send(toFrame(command)), end };
  },
});
