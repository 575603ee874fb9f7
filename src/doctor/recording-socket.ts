/** A WebSocket that records every frame it receives, unvalidated. */
import type { ClientFrame, NotificationAction } from '../protocol/index.js';
import {
  ChatError,
  createAuthenticatedWebSocket,
  type AuthenticatedSocket,
  type AuthMode,
  type SocketEnd,
} from '../transport/index.js';
import { parseJson } from './raw-request.js';
import { roundedIds } from './rounded-ids.js';
import { isRecord } from './shapes.js';

/** A frame as it was received; empty if it was not a JSON object. */
export type ReceivedFrame = Readonly<Record<string, unknown>>;

/** What the doctor sends: frames of the chat, or of the notifications WebSocket. */
type SentFrame = ClientFrame | NotificationAction;

/** The expected frame; or the socket closed first; or neither happened in time. */
export type Reply = ReceivedFrame | 'closed' | 'timeout';

export const isFrame = (reply: Reply): reply is ReceivedFrame => typeof reply === 'object';

export interface RecordingSocketOptions {
  address: string;
  token: string;
  auth: AuthMode;
  WebSocket: typeof WebSocket;
  /** The Origin header, as third argument of the `ws` package's class. A browser sends its own. */
  origin: string | undefined;
  signal: AbortSignal | undefined;
}

export class RecordingSocket {
  readonly received: ReceivedFrame[] = [];
  /** Ids in frames that `JSON.parse` has rounded. */
  readonly roundedIds: string[] = [];
  /** Resolves to whether the handshake succeeded; never settles if the server does not answer. */
  readonly opened: Promise<boolean>;
  /** Close code and reason, once the socket has closed. */
  closed: SocketEnd | undefined;
  #rawSocket: WebSocket | undefined;
  readonly #socket: AuthenticatedSocket<SentFrame>;
  readonly #waiters = new Set<() => void>();
  readonly #signal: AbortSignal | undefined;

  constructor({ address, token, auth, WebSocket: Socket, origin, signal }: RecordingSocketOptions) {
    this.#signal = signal;
    let resolveOpened!: (opened: boolean) => void;
    this.opened = new Promise((resolve) => (resolveOpened = resolve));
    // Keeps the raw socket: some checks send invalid frames, which the authenticated socket does not allow.
    const CapturedSocket = new Proxy(Socket, {
      construct: (target, [url, protocols]: [string, string[]?]) => {
        const options = origin === undefined ? [] : [{ origin }];
        this.#rawSocket = Reflect.construct(target, [url, protocols ?? [], ...options]) as WebSocket;
        // In Node, an 'error' event without a listener ends the process. 'close' always follows it.
        this.#rawSocket.addEventListener('error', () => {});
        return this.#rawSocket;
      },
    });
    this.#socket = createAuthenticatedWebSocket<ReceivedFrame, SentFrame>({
      address,
      token,
      auth,
      WebSocket: CapturedSocket,
      decode: (data) => ({ frame: this.#decode(data), problems: [] }),
      onFrame: (frame) => {
        this.received.push(frame);
        this.#notifyWaiters();
      },
      onEnd: (end) => {
        this.closed = end;
        resolveOpened(false);
        this.#notifyWaiters();
      },
    });
    this.#rawSocket?.addEventListener('open', () => resolveOpened(true));
    signal?.addEventListener('abort', () => (this.close(), this.#notifyWaiters()));
  }

  get isOpen(): boolean {
    return !this.closed && this.#rawSocket?.readyState === 1;
  }

  send(frame: SentFrame): void {
    this.#socket.send(frame);
  }

  /** Sends any text, valid frame or not. */
  sendRaw(text: string): void {
    if (this.isOpen) this.#rawSocket?.send(text);
  }

  /** Sends a frame and waits for the first later frame that matches. */
  request(frame: SentFrame, match: (frame: ReceivedFrame) => boolean, timeoutMs: number): Promise<Reply> {
    const from = this.received.length;
    this.send(frame);
    return this.waitFor(match, timeoutMs, from);
  }

  /**
   * Waits for a frame that matches; it may have been received already.
   * @param from the index of the first received frame to consider.
   * @throws {ChatError} `aborted`
   */
  async waitFor(match: (frame: ReceivedFrame) => boolean, timeoutMs: number, from = 0): Promise<Reply> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      if (this.#signal?.aborted) throw new ChatError('aborted', 'The diagnosis was aborted.');
      const found = this.received.slice(from).find(match);
      if (found) return found;
      if (this.closed) return 'closed';
      const remainingMs = deadline - Date.now();
      if (remainingMs <= 0) return 'timeout';
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          this.#waiters.delete(done);
          resolve();
        };
        const timer = setTimeout(done, remainingMs);
        this.#waiters.add(done);
      });
    }
  }

  /**
   * Sends a ping and waits for the pong. The server answers in order, so all earlier replies have arrived by then.
   * @returns whether the server answered.
   */
  async roundTrip(timeoutMs: number): Promise<boolean> {
    return isFrame(await this.request({ type: 'ping' }, hasType('pong'), timeoutMs));
  }

  close(): void {
    this.#socket.end(1000, '');
    // A socket that is still connecting would keep the process alive.
    if (this.#rawSocket?.readyState === 0) this.#rawSocket.close();
  }

  #decode(data: unknown): ReceivedFrame {
    const json = typeof data === 'string' ? parseJson(data) : undefined;
    if (!isRecord(json)) return {};
    this.roundedIds.push(...roundedIds(data as string));
    return json;
  }

  #notifyWaiters(): void {
    for (const notify of [...this.#waiters]) notify();
  }
}

export const hasType =
  (...types: string[]) =>
  (frame: ReceivedFrame): boolean =>
    types.includes(String(frame['type']));

/** Matches a reply of the given type, or an error. */
export const replyOrError = (type: string): ((frame: ReceivedFrame) => boolean) => hasType(type, 'error');

/** The text of an `error` frame, in quotes. */
export const errorText = (frame: ReceivedFrame): string =>
  `'${String(frame['message'] ?? frame['detail'] ?? JSON.stringify(frame))}'`;
