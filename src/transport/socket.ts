/**
 * The one function that opens a WebSocket. There is no other `new WebSocket` in this package (the linter sees to it),
 * so a socket without its token, which a browser only ever calls 'closed: 1006', cannot be written.
 */
import { base64url } from '../internal/base64url.js';
import type { Decode, Problem } from '../protocol/index.js';
import { ChatError } from './errors.js';

/**
 * How the token travels.
 * - `query`: in the address, `?token=`. Every backend supports it; it appears in access logs.
 * - `subprotocol`: as an offered subprotocol, `bearer.<base64url>`.
 * - `ticket`: not at all; the address has a ticket for one use, which was fetched by REST.
 */
export type AuthMode = 'query' | 'subprotocol' | 'ticket';

/** A token of fewer characters is not searched for in the server's texts. */
const MIN_SECRET = 12;
/** Three forms of the last three tokens of a socket. */
const MAX_SECRETS = 9;

export interface SocketEnd {
  code: number;
  reason: string;
}

export interface SocketOptions<Frame> {
  /** `ws:` or `wss:` address without a token. */
  address: string;
  /** The token; the ticket, where `auth` is `ticket`. */
  token: string;
  /** Default `query`. */
  auth?: AuthMode | undefined;
  decode: Decode<Frame>;
  onFrame(frame: Frame): void;
  /** The server has accepted it. */
  onOpen?(): void;
  /** Anything at all came in, usable or not: the line is alive. Without the token, if the server repeats it. */
  onAlive?(data: unknown): void;
  onProblem?(problem: Problem): void;
  /** Called once, whichever side ended it; never before this function has returned. */
  onEnd(end: SocketEnd): void;
  /** Default: the global one. */
  WebSocket?: typeof WebSocket | undefined;
}

export interface AuthenticatedSocket<Outgoing> {
  /** @returns whether the frame was handed to an open socket. Whether it arrived is for the server to say. */
  send(frame: Outgoing): boolean;
  /** Ends it; `onEnd` follows at once, without waiting for a peer that may be gone. `code`: 1000, or 3000 to 4999. */
  end(code: number, reason: string): void;
}

/**
 * Opens a socket that carries the token.
 * @throws {ChatError} `token_missing` without a token; `bad_url` for an address that the browser refuses.
 */
export function createAuthenticatedWebSocket<Frame, Outgoing>(
  options: SocketOptions<Frame>,
): AuthenticatedSocket<Outgoing> {
  const token = options.token.trim();
  if (!token) throw new ChatError('token_missing', 'Cannot connect without a token. Sign in first.');
  const socket = openSocket(options, token);
  socket.binaryType = 'arraybuffer';
  /** Each form in which a server may repeat a token of this socket: none leaves this function. */
  const secrets: string[] = [];
  const hide = (secret: string): void => {
    // A short one may be part of any word.
    if (secret.length >= MIN_SECRET) secrets.push(secret, encodeURIComponent(secret), base64url(secret));
    secrets.splice(0, secrets.length - MAX_SECRETS);
  };
  hide(token);

  let ended = false;
  const finish = (code: number, reason: string): void => {
    if (ended) return;
    ended = true;
    options.onEnd({ code, reason });
  };

  socket.addEventListener('open', () => {
    if (!ended) options.onOpen?.();
  });
  socket.addEventListener('message', (event) => {
    if (ended) return;
    let data: unknown = event.data;
    for (const secret of secrets) if (typeof data === 'string') data = data.replaceAll(secret, '…');
    options.onAlive?.(data);
    const { frame, problems } = options.decode(data);
    for (const problem of problems) options.onProblem?.(problem);
    if (frame) options.onFrame(frame);
  });
  // 'error' says nothing that 'close' does not say too, and 'close' always follows.
  socket.addEventListener('close', ({ code, reason }) => finish(code, reason));

  return {
    send(frame) {
      if (ended || socket.readyState !== socket.OPEN) return false;
      hide((frame as { token?: string }).token ?? '');
      socket.send(JSON.stringify(frame));
      return true;
    },
    end(code, reason) {
      // A browser sends only 1000 and 3000-4999. Also during the handshake, although the browser logs that as an error:
      // it opens one socket at a time to a host, and the next one waits up to 4 minutes behind one that hangs.
      socket.close(code, reason);
      finish(code, reason);
    },
  };
}

function openSocket(
  { address, auth, WebSocket: Socket = globalThis.WebSocket }: SocketOptions<unknown>,
  token: string,
): WebSocket {
  try {
    return auth === 'subprotocol'
      ? new Socket(address, ['unified-chat', `bearer.${base64url(token)}`])
      : new Socket(`${address}?${auth === 'ticket' ? 'ticket' : 'token'}=${encodeURIComponent(token)}`);
  } catch {
    // The browser's own message contains the address, and the address contains the token.
    throw new ChatError('bad_url', `The browser refuses to open a WebSocket to ${address}.`);
  }
}
