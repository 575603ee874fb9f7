/** One accepted socket: JSON frames in, one after the other; JSON frames out, through the one serialiser. */
import { WebSocket } from 'ws';
import { CloseCode } from '../../src/protocol/close-codes.js';
import type { Connection } from './bus.js';
import type { Context } from './context.js';
import { toJson } from './serialise.js';

/** What a client may leave unread, in bytes, before it counts as gone. */
const MAX_BACKLOG = 8_000_000;
/** The longest delay that timers know. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export interface Handler {
  /** Called with one text at a time: the next waits until this is done, so that one author's messages keep their order. */
  onText(text: string): Promise<void>;
  /** The frame to send where an answer could not be serialised. */
  failure(): object | null;
  onClose?(): void;
}

export class SocketConnection implements Connection {
  /** Everything asked so far, done. */
  settled: Promise<void> = Promise.resolve();
  #closing = false;
  #isAlive = true;
  #expiry: NodeJS.Timeout | undefined;

  constructor(
    readonly userId: number,
    readonly socket: WebSocket,
    private readonly context: Context,
  ) {}

  start(handler: Handler, expiresAt: Date): void {
    const { socket, context } = this;
    this.#closeAt(expiresAt);
    this.#failure = () => handler.failure();
    socket.on('message', (data, isBinary) => {
      if (this.#closing) return;
      // Binary means nothing here; as an empty text it is answered like any other text that is not JSON.
      const text = isBinary ? '' : String(data);
      this.settled = this.settled.then(() => handler.onText(text)).catch((error: unknown) => {
        context.log.error({ err: error, user: this.userId }, 'frame failed');
      });
    });
    socket.on('pong', () => (this.#isAlive = true));
    socket.on('close', (code) => {
      clearTimeout(this.#expiry);
      this.#closing = true;
      handler.onClose?.();
      context.log.info({ user: this.userId, code }, 'disconnected');
    });
  }

  send(frame: object): void {
    const { socket, context } = this;
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > MAX_BACKLOG) return socket.terminate();
    try {
      socket.send(toJson(context.differences.ids(frame)));
    } catch (error) {
      context.log.error({ err: error, user: this.userId }, 'frame not sent');
      const instead = this.#failure();
      if (instead) socket.send(toJson(instead));
    }
  }

  /** Finishes what was asked, takes nothing new, and says goodbye. */
  async close(code: number, reason: string): Promise<void> {
    this.#closing = true;
    await this.settled;
    this.socket.close(code, reason);
  }

  /** Ends the socket if nothing answered since the last call: a client that vanished without a word. */
  checkAlive(): void {
    if (!this.#isAlive) return this.socket.terminate();
    this.#isAlive = false;
    this.socket.ping();
  }

  #failure: () => object | null = () => null;

  #closeAt(time: Date): void {
    const left = time.getTime() - Date.now();
    this.#expiry = setTimeout(
      () => (left > MAX_DELAY_MS ? this.#closeAt(time) : void this.close(CloseCode.unauthorized, 'token expired')),
      Math.min(Math.max(left, 0), MAX_DELAY_MS),
    );
  }
}
