/**
 * The only function of the chat that opens a WebSocket. The linter forbids `new WebSocket` elsewhere (except in the
 * doctor), so that no socket is opened without its token: a browser would report only 'closed: 1006'.
 */
import { base64url } from '../internal/base64url.js';
import type { Decode, Problem } from '../protocol/index.js';
import { ChatError } from './errors.js';

/**
 * How the token is transmitted.
 * - `query`: in the address, as `?token=`. Every backend supports it, but the token appears in access logs.
 * - `subprotocol`: as an offered subprotocol, `bearer.<base64url>`.
 * - `ticket`: not at all. The address contains a single-use ticket, which was requested by REST.
 */
export type AuthMode = 'query' | 'subprotocol' | 'ticket';

/** Minimum length of a token that is removed from the server's texts. A shorter one could match other text. */
const MIN_SECRET = 12;
/** Three forms of each of the last three tokens of a socket. */
const MAX_SECRETS = 9;

export interface SocketEnd {
  code: number;
  reason: string;
}

export interface SocketOptions<Frame> {
  /** `ws:` or `wss:` address without a token. */
  address: string;
  /** The token, or the ticket if `auth` is `ticket`. */
  token: string;
  /** Default: `query`. */
  auth?: AuthMode | undefined;
  decode: Decode<Frame>;
  onFrame(frame: Frame): void;
  /** Called when the server has accepted the socket. */
  onOpen?(): void;
  /** Called with everything that is received, valid or not: the connection is alive. Tokens are removed from it. */
  onAlive?(data: unknown): void;
  onProblem?(problem: Problem): void;
  /** Called once, whichever side has ended the socket, and never before this function has returned. */
  onEnd(end: SocketEnd): void;
  /** Default: the global one. */
  WebSocket?: typeof WebSocket | undefined;
}

export interface AuthenticatedSocket<Outgoing> {
  /** @returns whether the frame was handed to an open socket. It may not arrive. */
  send(frame: Outgoing): boolean;
  /**
   * Ends the socket. `onEnd` is called at once, without waiting for a peer that may be gone. `code`: 1000, or 3000 to
   * 4999.
   */
  end(code: number, reason: string): void;
}

/**
 * Opens a socket that carries the token.
 * @throws {ChatError} `token_missing` without a token; `bad_url` if the browser rejects the address.
 */
export function createAuthenticatedWebSocket<Frame, Outgoing>(
  options: SocketOptions<Frame>,
): AuthenticatedSocket<Outgoing> {
  const token = options.token.trim();
  if (!token) throw new ChatError('token_missing', 'Cannot connect without a token. Sign in first.');
  const socket = openSocket(options, token);
  socket.binaryType = 'arraybuffer';
  /** Each form in which a server may repeat a token of this socket. All of them are removed from received data. */
  const secrets: string[] = [];
  const hide = (secret: string): void => {
    // A short token may be part of any word.
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
  // An 'error' event contains nothing that 'close' does not contain, and 'close' always follows.
  socket.addEventListener('close', ({ code, reason }) => finish(code, reason));

  return {
    send(frame) {
      if (ended || socket.readyState !== socket.OPEN) return false;
      hide((frame as { token?: string }).token ?? '');
      socket.send(JSON.stringify(frame));
      return true;
    },
    end(code, reason) {
      // A browser sends only 1000 and 3000-4999. Closing is necessary during the handshake, too, although the browser
      // logs that as an error: it opens one socket per host at a time, and the next one waits up to 4 minutes behind
      // one that hangs.
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
    // The browser's message contains the address, and the address contains the token.
    throw new ChatError('bad_url', `The browser refuses to open a WebSocket to ${address}.`);
  }
}
