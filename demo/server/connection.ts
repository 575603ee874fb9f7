/** One accepted socket: JSON frames in, one after the other; JSON frames out, through the one serialiser. */
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { CloseCode } from '../../src/protocol/close-codes.js';
import type { Context } from './context.js';
import type { Connection } from './hub.js';
import { toJson, toSharedJson } from './serialise.js';

/** What a client may leave unread, in bytes, before it counts as gone. */
const MAX_BACKLOG = 8_000_000;
/** The longest delay that timers know. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export interface Handler {
  /** Called with one text at a time: the next waits until this is done, so that one author's messages keep their order. */
  onText(text: string): Promise<void>;
  /** The frame to send where an answer could not be serialised. */
  failure(): object | null;
  /** The token runs out in so many seconds. */
  onExpiring?(seconds: number): void;
  onClose?(): void;
}

export class SocketConnection implements Connection {
  /** Everything asked so far, done. */
  settled: Promise<void> = Promise.resolve();
  #closing = false;
  #isAlive = true;
  #gathers = false;
  #expiresAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #handler: Handler | undefined;

  constructor(
    readonly userId: number,
    readonly socket: WebSocket,
    /** Below the socket. */
    private readonly line: Duplex,
    private readonly context: Context,
  ) {}

  start(handler: Handler, expiresAt: Date): void {
    const { socket, context } = this;
    this.#handler = handler;
    this.expireAt(expiresAt);
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
      clearTimeout(this.#timer);
      this.#closing = true;
      handler.onClose?.();
      context.log.info({ user: this.userId, code }, 'disconnected');
    });
  }

  send(frame: object): void {
    const { socket, context } = this;
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > MAX_BACKLOG) return socket.terminate();
    this.#gather();
    try {
      socket.send(toSharedJson(context.differences.ids(frame)));
    } catch (error) {
      context.log.error({ err: error, user: this.userId }, 'frame not sent');
      const instead = this.#handler?.failure();
      if (instead) socket.send(toJson(instead));
    }
  }

  /** What is sent at the same moment is written in one go: a write costs more than all that leads to it. */
  #gather(): void {
    if (this.#gathers) return;
    this.#gathers = true;
    this.line.cork();
    setImmediate(() => {
      this.#gathers = false;
      this.line.uncork();
    });
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

  /** The token that this socket lives by runs out at `time`: it is said beforehand, and then the socket ends. */
  expireAt(time: Date): void {
    const now = Date.now();
    const isFirst = this.#expiresAt === 0;
    this.#expiresAt = time.getTime();
    const warnMs = this.#handler?.onExpiring ? this.context.options.expiryWarningSeconds * 1_000 : 0;
    // Tokens that live less than that are renewed half-way: at once would be for ever.
    const warnAt = Math.max(this.#expiresAt - warnMs, isFirst ? now : now + (this.#expiresAt - now) / 2);
    this.#at(warnAt, () => {
      if (warnMs > 0) this.#handler?.onExpiring?.(Math.max(0, Math.ceil((this.#expiresAt - Date.now()) / 1_000)));
      this.#at(this.#expiresAt, () => void this.#expire());
    });
  }

  async #expire(): Promise<void> {
    // What was asked until now may have been to go on with another token.
    await this.settled;
    if (this.#expiresAt <= Date.now()) await this.close(CloseCode.unauthorized, 'token expired');
  }

  #at(time: number, run: () => void): void {
    clearTimeout(this.#timer);
    if (this.#closing) return;
    const left = Math.max(0, time - Date.now());
    this.#timer = setTimeout(() => (left > MAX_DELAY_MS ? this.#at(time, run) : run()), Math.min(left, MAX_DELAY_MS));
  }
}
