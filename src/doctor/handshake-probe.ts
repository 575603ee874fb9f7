/**
 * Opens a WebSocket with an invalid token or none, to see whether the server rejects it. This cannot use
 * `createAuthenticatedWebSocket`, which requires a token.
 */
import type { AuthMode } from '../transport/index.js';
import { base64url } from '../internal/base64url.js';

/** The close code of a rejected token. */
export const UNAUTHORIZED_CODE = 4001;

export type ProbeResult =
  /** The handshake failed. */
  | { outcome: 'refused' }
  /** The socket opened, and the server closed it. */
  | { outcome: 'closed'; code: number }
  /** The socket opened and stayed open. */
  | { outcome: 'accepted'; greeted: boolean }
  /** The handshake was not answered. */
  | { outcome: 'timeout' };

/** The `ws` package's class has an options argument, which a browser's class ignores. */
type SocketClass = new (url: string, protocols: string[], options: { origin: string | undefined }) => WebSocket;

export interface ProbeOptions {
  address: string;
  auth: AuthMode;
  /** Undefined: no token is sent. */
  token: string | undefined;
  WebSocket: SocketClass;
  /** The Origin header, where the class supports it. */
  origin: string | undefined;
  handshakeMs: number;
  /** How long an accepted socket may wait for a greeting or a close. */
  acceptedMs: number;
}

/** Puts the token where the auth mode requires it. */
export function placeToken(
  address: string,
  auth: AuthMode,
  token: string | undefined,
): { url: string; protocols: string[] } {
  if (auth === 'subprotocol') {
    const bearer = token === undefined ? [] : [`bearer.${base64url(token)}`];
    return { url: address, protocols: ['unified-chat', ...bearer] };
  }
  const name = auth === 'ticket' ? 'ticket' : 'token';
  const query = token === undefined ? '' : `?${name}=${encodeURIComponent(token)}`;
  return { url: address + query, protocols: [] };
}

export function probeHandshake(options: ProbeOptions): Promise<ProbeResult> {
  const { address, auth, token, WebSocket, origin, handshakeMs, acceptedMs } = options;
  const { url, protocols } = placeToken(address, auth, token);
  const socket = new WebSocket(url, protocols, { origin });
  return new Promise((resolve) => {
    let isOpen = false;
    let timer = setTimeout(() => finish({ outcome: 'timeout' }), handshakeMs);
    const finish = (result: ProbeResult): void => {
      clearTimeout(timer);
      resolve(result);
      socket.close();
    };
    socket.addEventListener('open', () => {
      isOpen = true;
      clearTimeout(timer);
      timer = setTimeout(() => finish({ outcome: 'accepted', greeted: false }), acceptedMs);
    });
    socket.addEventListener('message', ({ data }) => {
      if (String(data).includes('connection_established')) finish({ outcome: 'accepted', greeted: true });
    });
    // In Node, an 'error' event without a listener ends the process. 'close' always follows it.
    socket.addEventListener('error', () => {});
    socket.addEventListener('close', ({ code }) =>
      finish(isOpen ? { outcome: 'closed', code } : { outcome: 'refused' }),
    );
  });
}

/** The same JWT with an invalid signature; an arbitrary string if the token is no JWT. */
export function forgeToken(token: string): string {
  const parts = token.split('.');
  if (parts.length !== 3) return 'unified-chat-doctor-forged-token';
  return `${parts[0]}.${parts[1]}.${'A'.repeat(parts[2]!.length)}`;
}
