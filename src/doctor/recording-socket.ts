/** One conversation on a socket, every word of it kept as it came. */
import type { ClientFrame } from '../protocol/index.js';
import { ChatError, createAuthenticatedWebSocket, type AuthenticatedSocket, type AuthMode, type SocketEnd } from '../transport/index.js';
import { parse } from './raw-request.js';
import { isRecord } from './shapes.js';

/** One frame, as it came; empty where it was none. */
export type Heard = Readonly<Record<string, unknown>>;

/** A frame that was waited for; or the end of the socket; or neither, in time. */
export type Reply = Heard | 'ended' | 'late';

export const isHeard = (reply: Reply): reply is Heard => typeof reply === 'object';

export interface TalkParts {
  address: string;
  token: string;
  auth: AuthMode;
  WebSocket: typeof WebSocket;
  /** Set where the socket's class takes it: that of `ws` does, as its third argument; a browser sets its own. */
  origin: string | undefined;
  signal: AbortSignal | undefined;
}

export class Talk {
  readonly heard: Heard[] = [];
  /** Whether the handshake succeeded; settles in any case, unless the server never answers. */
  readonly opened: Promise<boolean>;
  end: SocketEnd | undefined;
  #socket: WebSocket | undefined;
  readonly #line: AuthenticatedSocket<ClientFrame>;
  readonly #wakers = new Set<() => void>();
  readonly #signal: AbortSignal | undefined;

  constructor({ address, token, auth, WebSocket: Socket, origin, signal }: TalkParts) {
    this.#signal = signal;
    let settle!: (opened: boolean) => void;
    this.opened = new Promise((resolve) => (settle = resolve));
    // The socket itself is wanted too: what is sent here must be able to be wrong.
    const Kept = new Proxy(Socket, {
      construct: (target, [url, protocols]: [string, string[]?]) => {
        this.#socket = Reflect.construct(target, [url, protocols ?? [], ...(origin === undefined ? [] : [{ origin }])]) as WebSocket;
        // In Node, an error that nobody listens to ends the process; 'close' says all that is needed.
        this.#socket.addEventListener('error', () => {});
        return this.#socket;
      },
    });
    this.#line = createAuthenticatedWebSocket<Heard, ClientFrame>({
      address,
      token,
      auth,
      WebSocket: Kept,
      decode: (data) => ({ frame: read(data), problems: [] }),
      onFrame: (heard) => {
        this.heard.push(heard);
        this.#wake();
      },
      onEnd: (end) => {
        this.end = end;
        settle(false);
        this.#wake();
      },
    });
    this.#socket?.addEventListener('open', () => settle(true));
    signal?.addEventListener('abort', () => (this.close(), this.#wake()));
  }

  get isOpen(): boolean {
    return !this.end && this.#socket?.readyState === 1;
  }

  send(frame: ClientFrame): void {
    this.#line.send(frame);
  }

  /** Sends words that may be no frame at all. */
  sendText(text: string): void {
    if (this.isOpen) this.#socket?.send(text);
  }

  /** Sends a frame and waits for an answer among what comes after it. */
  ask(frame: ClientFrame, match: (heard: Heard) => boolean, ms: number): Promise<Reply> {
    const from = this.heard.length;
    this.send(frame);
    return this.wait(match, ms, from);
  }

  /**
   * Waits for a frame.
   * @param from how many frames to pass over.
   * @throws {ChatError} `aborted`.
   */
  async wait(match: (heard: Heard) => boolean, ms: number, from = 0): Promise<Reply> {
    const until = Date.now() + ms;
    for (;;) {
      if (this.#signal?.aborted) throw new ChatError('aborted', 'The examination was given up.');
      const found = this.heard.slice(from).find(match);
      if (found) return found;
      if (this.end) return 'ended';
      const left = until - Date.now();
      if (left <= 0) return 'late';
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#wakers.delete(done);
          resolve();
        };
        const timer = setTimeout(done, left);
        this.#wakers.add(done);
      });
    }
  }

  /** All that was caused so far has arrived: the server answers in order. @returns whether it still answers. */
  async settle(ms: number): Promise<boolean> {
    return isHeard(await this.ask({ type: 'ping' }, typed('pong'), ms));
  }

  close(): void {
    this.#line.end(1000, '');
    // One that hangs in its handshake is left in peace by `end`, and would hold the process.
    if (this.#socket?.readyState === 0) this.#socket.close();
  }

  #wake(): void {
    for (const wake of [...this.#wakers]) wake();
  }
}

export const typed = (...types: string[]) => (heard: Heard): boolean => types.includes(String(heard['type']));

/** Any answer to a question: the frame itself, or an error. */
export const answered = (type: string): ((heard: Heard) => boolean) => typed(type, 'error');

function read(data: unknown): Heard {
  const json = typeof data === 'string' ? parse(data) : undefined;
  return isRecord(json) ? json : {};
}

/** What an `error` frame says. */
export const errorText = (heard: Heard): string => `'${String(heard['message'] ?? heard['detail'] ?? JSON.stringify(heard))}'`;
