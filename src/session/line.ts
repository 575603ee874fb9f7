/**
 * One socket from its first byte to its end: the handshake's deadline, the greeting, the heartbeat. It opens once and
 * ends once; the session opens another.
 */
import { CloseCode, decodeChatFrame, type ChatFrame, type ClientFrame, type FrameOf, type Problem } from '../protocol/index.js';
import { createAuthenticatedWebSocket, type AuthenticatedSocket, type Clock, type SocketEnd } from '../transport/index.js';
import { Heartbeat } from './heartbeat.js';

/** How long a line in doubt gets to answer, in milliseconds. */
const PROBE_MS = 3_000;

export interface LineOptions {
  address: string;
  token: string;
  clock: Clock;
  /** Milliseconds until the greeting (`connection_established`) must be there. */
  handshakeMs: number;
  /** Milliseconds of silence after which to ping, where the server does not say. */
  heartbeatMs: number;
  WebSocket?: typeof WebSocket | undefined;
  onGreeting(frame: FrameOf<'connection_established'>): void;
  /** Every frame after the greeting. */
  onFrame(frame: ChatFrame): void;
  onProblem(problem: Problem): void;
}

export class Line {
  /** Resolves once, with how it ended. */
  readonly ended: Promise<SocketEnd>;
  readonly #options: LineOptions;
  readonly #socket: AuthenticatedSocket<ClientFrame>;
  readonly #scope = new AbortController();
  readonly #waiting = new Set<(frame: ChatFrame) => void>();
  #heartbeat: Heartbeat | undefined;
  #cancelHandshake: () => void;

  /** @throws {ChatError} where the browser refuses the address, or there is no token. */
  constructor(options: LineOptions) {
    this.#options = options;
    let end!: (end: SocketEnd) => void;
    this.ended = new Promise((resolve) => (end = resolve));
    this.#socket = createAuthenticatedWebSocket<ChatFrame, ClientFrame>({
      address: options.address,
      token: options.token,
      decode: decodeChatFrame,
      ...(options.WebSocket && { WebSocket: options.WebSocket }),
      onAlive: () => this.#heartbeat?.alive(),
      onFrame: (frame) => this.#onFrame(frame),
      onProblem: options.onProblem,
      onEnd: (how) => {
        this.#cancelHandshake();
        this.#heartbeat?.stop();
        this.#scope.abort();
        end(how);
      },
    });
    this.#cancelHandshake = options.clock.after(options.handshakeMs, () => this.end(CloseCode.timeout, 'no greeting'));
  }

  /** Aborts when the line ends. */
  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  /** The server has greeted us: frames may be sent. */
  get isUp(): boolean {
    return this.#heartbeat !== undefined && !this.signal.aborted;
  }

  /** @returns whether the frame was handed to an open, greeted socket. */
  send(frame: ClientFrame): boolean {
    return this.isUp && this.#socket.send(frame);
  }

  end(code: number = CloseCode.normal, reason = ''): void {
    this.#socket.end(code, reason);
  }

  /** Doubts that the line is alive (the browser says that the network is gone): asks at once. */
  probe(): void {
    this.#heartbeat?.probe(PROBE_MS);
  }

  /**
   * Waits for a frame.
   * @param ms how long, in milliseconds.
   * @returns whether it came; not, when it does not come in time or the line ends.
   */
  sees(ms: number, match: (frame: ChatFrame) => boolean): Promise<boolean> {
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

  #onFrame(frame: ChatFrame): void {
    if (frame.type === 'connection_established') {
      this.#cancelHandshake();
      const everyMs = frame.heartbeat_s ? frame.heartbeat_s * 1000 : this.#options.heartbeatMs;
      this.#heartbeat?.stop();
      this.#heartbeat = new Heartbeat(
        this.#options.clock,
        everyMs,
        () => this.send({ type: 'ping' }),
        () => this.end(CloseCode.timeout, 'no answer to ping'),
      );
      this.#options.onGreeting(frame);
    } else {
      this.#options.onFrame(frame);
      for (const look of [...this.#waiting]) look(frame);
    }
  }
}
