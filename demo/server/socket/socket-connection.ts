/** One accepted socket: JSON frames in, one after the other; JSON frames out, through the one serialiser. */
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { CloseCode } from '../../../src/protocol/close-codes.js';
import type { Context } from '../context.js';
import type { Connection } from './hub.js';
import { inTime } from '../with-timeout.js';
import { toJson, toSharedJson } from '../serialise.js';

/** What a client may leave unread, in bytes, before it counts as gone; and before nothing more is read of it. */
const MAX_BACKLOG = 2_000_000;
const MAX_UNREAD = 1_000_000;
/** With more than this unread, in bytes, a client hears no goodbye. */
const MAX_HEARD = 65_536;
/** What may wait to be worked on, in frames and in bytes. Above either, the socket is not read until half of it is done. */
const MAX_FRAMES = 64;
const MAX_BYTES = 262_144;
/** How long an end waits for what was asked before it. */
const PATIENCE_MS = 3_000;
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
  /** Everything asked so far, done. What is put here before the first frame comes, is waited for. */
  settled: Promise<void> = Promise.resolve();
  /** Frames that wait for their turn, and how many bytes they have. */
  #queue: { text: string; bytes: number }[] = [];
  #bytes = 0;
  #isWorking = false;
  #closing = false;
  #isGone = false;
  #isAlive = true;
  /** The client has not read what was sent. */
  #isUnread = false;
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
      this.#isAlive = true;
      if (this.#closing) return;
      // Binary means nothing here; as an empty text it is answered like any other text that is not JSON.
      this.#take(isBinary ? '' : String(data), (data as Buffer).length);
    });
    socket.on('pong', () => (this.#isAlive = true));
    socket.on('close', (code) => {
      clearTimeout(this.#timer);
      this.#closing = true;
      this.#isGone = true;
      // Frames before a regular close are still handled; after a broken connection no client waits for an answer.
      if (code === CloseCode.abnormal) this.drop();
      handler.onClose?.();
      context.log.info({ user: this.userId, code }, 'disconnected');
    });
  }

  /** Puts a frame in the queue; reads no more of the socket while that is full. */
  #take(text: string, bytes: number): void {
    this.#queue.push({ text, bytes });
    this.#bytes += bytes;
    if (this.#queue.length > MAX_FRAMES || this.#bytes > MAX_BYTES) this.socket.pause();
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.settled = this.settled.then(() => this.#work());
  }

  async #work(): Promise<void> {
    const { socket } = this;
    for (let next; (next = this.#queue.shift()); ) {
      this.#bytes -= next.bytes;
      await this.#handler?.onText(next.text).catch((error: unknown) => this.#failed(error));
      if (socket.bufferedAmount > MAX_UNREAD) await this.#written();
      if (socket.isPaused && this.#queue.length <= MAX_FRAMES / 2 && this.#bytes <= MAX_BYTES / 2) socket.resume();
    }
    this.#isWorking = false;
  }

  #failed(error: unknown): void {
    this.context.log.error({ err: error, user: this.userId }, 'frame failed');
    const failure = this.#handler?.failure();
    if (failure) this.send(failure);
  }

  /** Waits until the client has read what was sent, or is gone. */
  #written(): Promise<void> {
    this.#isUnread = true;
    return new Promise((resolve) => {
      const done = (): void => {
        this.#isUnread = false;
        this.line.off('drain', done).off('close', done);
        resolve();
      };
      this.line.on('drain', done).on('close', done);
      if (this.line.destroyed || !this.line.writableNeedDrain) done();
    });
  }

  /** Forgets what was asked and is not begun; nothing new is taken. */
  drop(): void {
    this.#closing = true;
    this.#queue = [];
    this.#bytes = 0;
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
      if (instead) socket.send(toJson(instead), () => {});
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

  /** The socket has ended: nothing may be kept for it any more. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Finishes what was asked, as far as that does not take too long; takes nothing new, and says goodbye. */
  async close(code: number, reason: string): Promise<void> {
    this.#closing = true;
    await inTime(this.settled, PATIENCE_MS);
    this.drop();
    // The other side's goodbye must be read.
    if (this.socket.isPaused) this.socket.resume();
    this.socket.close(code, reason);
  }

  /** Ends the socket at once: nothing that was asked is finished. A client that does not read does not hear why. */
  end(code: number, reason: string): void {
    this.drop();
    if (this.socket.bufferedAmount > MAX_HEARD) this.socket.terminate();
    else this.socket.close(code, reason);
  }

  /** Ends the socket if nothing answered since the last call: a client that vanished without a word. */
  checkAlive(): void {
    // While the socket is not read because the server is busy, a pong is not read either.
    if (this.socket.isPaused && !this.#isUnread) return;
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
    await inTime(this.settled, PATIENCE_MS);
    if (this.#expiresAt <= Date.now()) await this.close(CloseCode.unauthorized, 'token expired');
  }

  #at(time: number, run: () => void): void {
    clearTimeout(this.#timer);
    if (this.#closing) return;
    const left = Math.max(0, time - Date.now());
    this.#timer = setTimeout(() => (left > MAX_DELAY_MS ? this.#at(time, run) : run()), Math.min(left, MAX_DELAY_MS));
  }
}
