/**
 * One socket from its first byte to its end: the handshake's deadline, the greeting, the heartbeat. It opens once and
 * ends once; the session opens another.
 */
import {
  CloseCode,
  decodeChatFrame,
  type ChatFrame,
  type ClientFrame,
  type FrameOf,
  type Id,
  type Problem,
} from '../protocol/index.js';
import type { AuthMode, Clock, SocketEnd, Transport, TransportConnection } from '../transport/index.js';
import type { Heartbeat } from './heartbeat.js';

/** How long a socket in doubt gets to answer, in milliseconds. */
const VERIFY_MS = 3_000;

export interface SocketConnectionOptions {
  address: string;
  /** The token, or the ticket. */
  token: string;
  auth: AuthMode;
  clock: Clock;
  /** Milliseconds until the greeting (`connection_established`) must be there. */
  handshakeMs: number;
  /** Milliseconds of silence after which to ping, where the server does not say. */
  heartbeatMs: number;
  WebSocket?: typeof WebSocket | undefined;
  /** Opens it: a real one, or one that another tab relays. */
  open: Transport['open'];
  /** Loads the heartbeat, which is needed only after a silence. */
  loadHeartbeat(): Promise<typeof Heartbeat>;
  onGreeting(frame: FrameOf<'connection_established'>): void;
  /** Every frame after the greeting. */
  onFrame(frame: ChatFrame): void;
  /** Called with every text that comes in, unchanged. */
  onText?(text: unknown): void;
  onProblem(problem: Problem): void;
  /** A room's id as the server writes it. */
  idOf?(roomId: Id): Id;
}

export class SocketConnection {
  /** Resolves once, with how it ended. */
  readonly ended: Promise<SocketEnd>;
  readonly #options: SocketConnectionOptions;
  readonly #socket: TransportConnection;
  readonly #scope = new AbortController();
  readonly #waiting = new Set<(frame: ChatFrame) => void>();
  #heartbeat: Heartbeat | undefined;
  #isGreeted = false;
  #everyMs: number;
  #cancelLoading: () => void = () => {};
  /** The text of the greeting. */
  greeting: unknown = null;
  #last: unknown = null;
  #cancelHandshake: () => void;

  /** @throws {ChatError} if the browser refuses the address, or there is no token. */
  constructor(options: SocketConnectionOptions) {
    this.#options = options;
    this.#everyMs = options.heartbeatMs;
    let end!: (end: SocketEnd) => void;
    this.ended = new Promise((resolve) => (end = resolve));
    this.#socket = options.open({
      address: options.address,
      token: options.token,
      auth: options.auth,
      decode: decodeChatFrame,
      WebSocket: options.WebSocket,
      onAlive: (text) => {
        this.#heartbeat?.alive();
        this.#last = text;
        options.onText?.(text);
      },
      onFrame: (frame) => this.#onFrame(frame),
      onProblem: options.onProblem,
      onEnd: (how) => {
        this.#cancelHandshake();
        this.#heartbeat?.stop();
        this.#cancelLoading();
        this.#scope.abort();
        end(how);
      },
    });
    this.#cancelHandshake = options.clock.after(options.handshakeMs, () => this.end(CloseCode.timeout, 'no greeting'));
  }

  /** Aborts when the socket ends. */
  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  /** The server has greeted us: frames may be sent. */
  get isUp(): boolean {
    return this.#isGreeted && !this.signal.aborted;
  }

  /** @returns whether the frame was handed to an open, greeted socket. */
  send(frame: ClientFrame): boolean {
    const { idOf } = this.#options;
    // The machine slept: the server has closed this socket long ago.
    if (this.#heartbeat?.isOverdue) this.end(CloseCode.timeout, 'slept');
    return (
      this.isUp && this.#socket.send('room_id' in frame && idOf ? { ...frame, room_id: idOf(frame.room_id) } : frame)
    );
  }

  end(code: number = CloseCode.normal, reason = ''): void {
    this.#socket.end(code, reason);
  }

  /** Pings at once: the browser says that the network has changed. */
  probe(): void {
    if (this.#heartbeat?.isOverdue) this.end(CloseCode.timeout, 'slept');
    else this.#heartbeat?.probe();
  }

  /** Checks whether frames arrive at the server: only the answer to a ping proves that. */
  async verify(): Promise<void> {
    if (!this.send({ type: 'ping' })) return;
    if (!(await this.waitForFrame(VERIFY_MS, ({ type }) => type === 'pong')))
      this.end(CloseCode.timeout, 'no answer to ping');
  }

  /**
   * Waits for a frame.
   * @param ms how long, in milliseconds.
   * @returns whether it came; not, when it does not come in time or the socket ends.
   */
  waitForFrame(ms: number, match: (frame: ChatFrame) => boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (came: boolean): void => {
        cancel();
        this.#waiting.delete(look);
        this.signal.removeEventListener('abort', giveUp);
        resolve(came);
      };
      const giveUp = (): void => done(false);
      const look = (frame: ChatFrame): void => {
        if (match(frame)) done(true);
      };
      const cancel = this.#options.clock.after(ms, giveUp);
      this.#waiting.add(look);
      this.signal.addEventListener('abort', giveUp);
      if (this.signal.aborted) giveUp();
    });
  }

  /** If the code cannot be loaded, it is tried again. */
  async #startHeartbeat(): Promise<void> {
    const { clock, loadHeartbeat } = this.#options;
    const Beat = await loadHeartbeat().catch(() => undefined);
    if (this.signal.aborted) return;
    if (!Beat) return void (this.#cancelLoading = clock.after(this.#everyMs, () => void this.#startHeartbeat()));
    this.#heartbeat?.stop();
    this.#heartbeat = new Beat(
      clock,
      this.#everyMs,
      () => this.#socket.send({ type: 'ping' }),
      () => this.end(CloseCode.timeout, 'no answer to ping'),
    );
  }

  #onFrame(frame: ChatFrame): void {
    if (frame.type === 'connection_established') {
      this.#cancelHandshake();
      this.greeting = this.#last;
      if (frame.heartbeat_s) this.#everyMs = frame.heartbeat_s * 1000;
      this.#isGreeted = true;
      void this.#startHeartbeat();
      this.#options.onGreeting(frame);
    } else {
      this.#options.onFrame(frame);
      for (const look of [...this.#waiting]) look(frame);
    }
  }
}
