/** One accepted socket. Incoming JSON frames are processed one at a time; outgoing frames pass the serialiser. */
import type { Duplex } from 'node:stream';
import { WebSocket } from 'ws';
import { CloseCode } from '../../../src/protocol/close-codes.js';
import type { Context } from '../context.js';
import type { Connection } from './hub.js';
import { RejectedFrames } from './rejected-frames.js';
import { settlesWithin } from '../with-timeout.js';
import { toJson, toSharedJson } from '../serialise.js';

/** Unsent bytes at which a client counts as dead, and at which reading from it pauses. */
const MAX_BACKLOG = 2_000_000;
const PAUSE_BACKLOG = 1_000_000;
/** With more unsent bytes than this, a close frame would not arrive in reasonable time. */
const MAX_BACKLOG_FOR_CLOSE = 65_536;
/** Maximum queue length, in frames and bytes. Above either, reading pauses until half of the queue is processed. */
const MAX_QUEUED_FRAMES = 64;
const MAX_QUEUED_BYTES = 262_144;
/** How long closing waits for earlier frames. */
const CLOSE_TIMEOUT_MS = 3_000;
/** Maximum delay of a timer. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export interface Handler {
  /** Called with one frame at a time, which keeps the messages of one author in order. */
  onText(text: string): Promise<void>;
  /** The frame to send instead of one that cannot be serialised. */
  errorFrame(): object | null;
  /** Called shortly before the token expires. */
  onExpiring?(seconds: number): void;
  onClose?(): void;
}

export class SocketConnection implements Connection {
  /**
   * Resolves when all frames received so far are processed. A promise set here before the first frame delays that
   * frame.
   */
  idle: Promise<void> = Promise.resolve();
  /** Frames waiting to be processed, and their total size. */
  #queue: { text: string; bytes: number }[] = [];
  #bytes = 0;
  #isProcessing = false;
  #closing = false;
  #isClosed = false;
  #isAlive = true;
  /** The client has not yet read everything that was sent. */
  #isBackedUp = false;
  #isCorked = false;
  #expiresAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #handler: Handler | undefined;
  readonly #rejected: RejectedFrames;

  constructor(
    readonly userId: number,
    readonly socket: WebSocket,
    /** The TCP stream of the socket. */
    private readonly stream: Duplex,
    private readonly context: Context,
  ) {
    const { limits, clock } = context.options;
    this.#rejected = new RejectedFrames(limits.invalidFramesPerSocket, () => clock.now());
  }

  start(handler: Handler, expiresAt: Date): void {
    const { socket, context } = this;
    this.#handler = handler;
    this.expireAt(expiresAt);
    socket.on('message', (data, isBinary) => {
      this.#isAlive = true;
      if (this.#closing) return;
      // Binary frames are not part of the protocol. An empty text gets the answer for invalid JSON.
      this.#enqueue(isBinary ? '' : String(data), (data as Buffer).length);
    });
    socket.on('pong', () => (this.#isAlive = true));
    socket.on('close', (code) => {
      clearTimeout(this.#timer);
      this.#closing = true;
      this.#isClosed = true;
      // Frames before a regular close are still processed. After a lost connection, no client waits for an answer.
      if (code === CloseCode.abnormal) this.discardQueue();
      handler.onClose?.();
      const { totals } = this.#rejected;
      if (totals) context.log.warn({ user: this.userId, totals }, 'frames rejected');
      context.log.info({ user: this.userId, code }, 'disconnected');
    });
  }

  /** Logs a rejected frame, if it is the first one with this error code. */
  logRejected(code: string, fields: object = {}): void {
    // Exceeded rate limits are logged once per user: see rate-limits.ts.
    if (this.#rejected.add(code) && code !== 'rate_limited')
      this.context.log.warn({ user: this.userId, code, ...fields }, 'frame rejected');
  }

  /** Counts and logs a frame that is not part of the protocol. Too many of them close the socket. */
  rejectInvalid(code: string): void {
    this.logRejected(code);
    if (this.#closing || !this.#rejected.addInvalid()) return;
    this.context.log.warn({ user: this.userId }, 'socket closed: too many invalid frames');
    this.closeNow(CloseCode.policy, 'too many invalid frames');
  }

  /** Queues a frame, and pauses reading if the queue is full. */
  #enqueue(text: string, bytes: number): void {
    this.#queue.push({ text, bytes });
    this.#bytes += bytes;
    if (this.#queue.length > MAX_QUEUED_FRAMES || this.#bytes > MAX_QUEUED_BYTES) this.socket.pause();
    if (this.#isProcessing) return;
    this.#isProcessing = true;
    this.idle = this.idle.then(() => this.#processQueue());
  }

  async #processQueue(): Promise<void> {
    const { socket } = this;
    for (let next; (next = this.#queue.shift());) {
      this.#bytes -= next.bytes;
      await this.#handler?.onText(next.text).catch((error: unknown) => this.#onFailure(error));
      if (socket.bufferedAmount > PAUSE_BACKLOG) await this.#waitForDrain();
      if (socket.isPaused && this.#queue.length <= MAX_QUEUED_FRAMES / 2 && this.#bytes <= MAX_QUEUED_BYTES / 2)
        socket.resume();
    }
    this.#isProcessing = false;
  }

  #onFailure(error: unknown): void {
    this.context.log.error({ err: error, user: this.userId }, 'frame failed');
    const failure = this.#handler?.errorFrame();
    if (failure) this.send(failure);
  }

  /** Resolves when the client has read everything that was sent, or the stream is closed. */
  #waitForDrain(): Promise<void> {
    this.#isBackedUp = true;
    return new Promise((resolve) => {
      const done = (): void => {
        this.#isBackedUp = false;
        this.stream.off('drain', done).off('close', done);
        resolve();
      };
      this.stream.on('drain', done).on('close', done);
      if (this.stream.destroyed || !this.stream.writableNeedDrain) done();
    });
  }

  /** Discards queued frames and accepts no more. */
  discardQueue(): void {
    this.#closing = true;
    this.#queue = [];
    this.#bytes = 0;
  }

  send(frame: object): void {
    const { socket, context } = this;
    if (socket.readyState !== WebSocket.OPEN) return;
    if (socket.bufferedAmount > MAX_BACKLOG) return socket.terminate();
    this.#cork();
    try {
      socket.send(toSharedJson(context.differences.ids(frame)));
    } catch (error) {
      context.log.error({ err: error, user: this.userId }, 'frame not sent');
      const fallback = this.#handler?.errorFrame();
      if (fallback) socket.send(toJson(fallback), () => {});
    }
  }

  /** Writes all frames of one tick in a single write, which is by far the most expensive step. */
  #cork(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.stream.cork();
    setImmediate(() => {
      this.#isCorked = false;
      this.stream.uncork();
    });
  }

  /** The socket is closed. No state may be kept for it any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Finishes the received frames, up to a timeout, accepts no more, and closes the socket. */
  async close(code: number, reason: string): Promise<void> {
    this.#closing = true;
    await settlesWithin(this.idle, CLOSE_TIMEOUT_MS);
    this.discardQueue();
    // The client's close frame must be read.
    if (this.socket.isPaused) this.socket.resume();
    this.socket.close(code, reason);
  }

  /** Closes the socket at once, without processing the queue. A client that does not read gets no close code. */
  closeNow(code: number, reason: string): void {
    this.discardQueue();
    if (this.socket.bufferedAmount > MAX_BACKLOG_FOR_CLOSE) this.socket.terminate();
    else this.socket.close(code, reason);
  }

  /** Terminates the socket if nothing arrived since the last call: the client vanished without closing. */
  checkAlive(): void {
    // While reading is paused by server load, pongs are not read either.
    if (this.socket.isPaused && !this.#isBackedUp) return;
    if (!this.#isAlive) return this.socket.terminate();
    this.#isAlive = false;
    this.socket.ping();
  }

  /** Sends `token_expiring` shortly before the expiry of the token, and closes the socket at the expiry. */
  expireAt(time: Date): void {
    const now = Date.now();
    const isFirst = this.#expiresAt === 0;
    this.#expiresAt = time.getTime();
    const warnMs = this.#handler?.onExpiring ? this.context.options.expiryWarningSeconds * 1_000 : 0;
    // Tokens with a shorter lifetime are renewed half-way. An immediate warning would repeat endlessly.
    const warnAt = Math.max(this.#expiresAt - warnMs, isFirst ? now : now + (this.#expiresAt - now) / 2);
    this.#schedule(warnAt, () => {
      if (warnMs > 0) this.#handler?.onExpiring?.(Math.max(0, Math.ceil((this.#expiresAt - Date.now()) / 1_000)));
      this.#schedule(this.#expiresAt, () => void this.#expire());
    });
  }

  async #expire(): Promise<void> {
    // A pending frame may renew the token.
    await settlesWithin(this.idle, CLOSE_TIMEOUT_MS);
    if (this.#expiresAt <= Date.now()) await this.close(CloseCode.unauthorized, 'token expired');
  }

  #schedule(time: number, run: () => void): void {
    clearTimeout(this.#timer);
    if (this.#closing) return;
    const left = Math.max(0, time - Date.now());
    this.#timer = setTimeout(
      () => (left > MAX_DELAY_MS ? this.#schedule(time, run) : run()),
      Math.min(left, MAX_DELAY_MS),
    );
  }
}
