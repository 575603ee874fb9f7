/**
 * The one function that opens a WebSocket. There is no other `new WebSocket` in this package (the linter sees to it),
 * so a socket without its token, which a browser only ever calls 'closed: 1006', cannot be written.
 */
import { CloseCode, type Decode, type Problem } from '../protocol/index.js';
import { ChatError } from './errors.js';

/** How the token travels. `query`: `?token=`, percent-encoded. */
export type AuthMode = 'query';

export interface SocketEnd {
  code: number;
  reason: string;
}

export interface SocketOptions<Frame> {
  /** `ws:` or `wss:` address without a token. */
  address: string;
  token: string;
  decode: Decode<Frame>;
  onFrame(frame: Frame): void;
  /** Anything at all came in, usable or not: the line is alive. */
  onAlive?(): void;
  onProblem?(problem: Problem): void;
  /** Called once, whichever side ended it; never before this function has returned. */
  onEnd(end: SocketEnd): void;
  /** Default: the global one. */
  WebSocket?: typeof WebSocket;
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
export function createAuthenticatedWebSocket<Frame, Outgoing>(options: SocketOptions<Frame>): AuthenticatedSocket<Outgoing> {
  const token = options.token.trim();
  if (!token) throw new ChatError('token_missing', 'A WebSocket was asked for without a token. Sign in first.');
  const Socket = options.WebSocket ?? globalThis.WebSocket;
  let socket: WebSocket;
  try {
    socket = new Socket(`${options.address}?token=${encodeURIComponent(token)}`);
  } catch {
    // The browser's own message holds the address, and the address holds the token.
    throw new ChatError('bad_url', `The browser refuses to open a WebSocket to ${options.address}.`);
  }
  socket.binaryType = 'arraybuffer';

  let ended = false;
  const finish = (code: number, reason: string): void => {
    if (ended) return;
    ended = true;
    options.onEnd({ code, reason });
  };

  socket.addEventListener('open', () => {
    // Ended while it was still connecting: closing only now spares the page an error in its console.
    if (ended) socket.close();
  });
  socket.addEventListener('message', ({ data }) => {
    if (ended) return;
    options.onAlive?.();
    const { frame, problems } = options.decode(data);
    for (const problem of problems) options.onProblem?.(problem);
    if (frame) options.onFrame(frame);
  });
  // 'error' says nothing that 'close' does not say too, and 'close' always follows.
  socket.addEventListener('close', ({ code, reason }) => finish(code, reason));

  return {
    send(frame) {
      if (ended || socket.readyState !== socket.OPEN) return false;
      socket.send(JSON.stringify(frame));
      return true;
    },
    end(code, reason) {
      // A browser sends only 1000 and 3000-4999.
      // One that hangs in its handshake is closed at once all the same: a browser opens only one at a time to a host.
      if (socket.readyState === socket.OPEN || code === CloseCode.timeout) socket.close(code, reason);
      finish(code, reason);
    },
  };
}
