/**
 * The life of one socket: the handshake's deadline, the greeting, the heartbeat, the end. It is never reopened: the
 * session opens another one.
 */
import { CloseCode, type Id, type Problem } from '../protocol/index.js';
import type {
  AuthMode,
  Clock,
  ConnectedEvent,
  SocketEnd,
  Transport,
  TransportCommand,
  TransportConnection,
  TransportEvent,
} from '../transport/index.js';
import type { Heartbeat } from './heartbeat.js';

/** The deadline for the answer to the ping of `verify`, in milliseconds. */
const VERIFY_MS = 3_000;

export interface SocketConnectionOptions {
  address: string;
  /** The token or the ticket. */
  token: string;
  auth: AuthMode;
  clock: Clock;
  /** The deadline for the greeting (`connection-established`), in milliseconds. */
  handshakeMs: number;
  /** The silence before a ping, if the server does not specify it, in milliseconds. */
  heartbeatMs: number;
  WebSocket?: typeof WebSocket | undefined;
  /** Opens the connection: a real socket, or one that another tab relays. */
  open: Transport['open'];
  /** Loads the heartbeat, which is needed only after a silence. */
  loadHeartbeat(): Promise<typeof Heartbeat>;
  onGreeting(event: ConnectedEvent): void;
  /** Every event after the greeting. */
  onEvent(event: TransportEvent): void;
  /** Called with everything that is received, before it is decoded. */
  onText?(text: unknown): void;
  onProblem(problem: Problem): void;
  /** A room's id in the server's notation: number or string. */
  idOf?(roomId: Id): Id;
}

export class SocketConnection {
  /** Resolves once, when the socket has ended. */
  readonly ended: Promise<SocketEnd>;
  readonly #options: SocketConnectionOptions;
  readonly #socket: TransportConnection;
  readonly #scope = new AbortController();
  /** The functions that look at events, each with the one that ends its wait. */
  readonly #waiting = new Map<(event: TransportEvent) => void, () => void>();
  #heartbeat: Heartbeat | undefined;
  #isGreeted = false;
  #everyMs: number;
  #cancelLoading: () => void = () => {};
  /** The text of the greeting. */
  greeting: unknown = null;
  #last: unknown = null;
  #cancelHandshake: () => void;

  /** @throws {ChatError} if the browser rejects the address, or if there is no token. */
  constructor(options: SocketConnectionOptions) {
    this.#options = options;
    this.#everyMs = options.heartbeatMs;
    let end!: (end: SocketEnd) => void;
    this.ended = new Promise((resolve) => (end = resolve));
    this.#socket = options.open({
      address: options.address,
      token: options.token,
      auth: options.auth,
      WebSocket: options.WebSocket,
      onAlive: (text) => {
        this.#heartbeat?.alive();
        this.#last = text;
        options.onText?.(text);
      },
      onEvent: (event) => this.#onEvent(event),
      onProblem: options.onProblem,
      onEnd: (how) => {
        this.#cancelHandshake();
        this.#heartbeat?.stop();
        this.#cancelLoading();
        this.#scope.abort();
        this.#waiting.forEach((giveUp) => giveUp());
        end(how);
      },
    });
    this.#cancelHandshake = options.clock.after(options.handshakeMs, () => this.end(CloseCode.timeout, 'no greeting'));
  }

  /** Aborts when the socket ends. */
  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  /** Whether the server has sent its greeting, so that commands may be sent. */
  get isUp(): boolean {
    return this.#isGreeted && !this.signal.aborted;
  }

  /** @returns whether the command was handed to an open, greeted socket. */
  send(command: TransportCommand): boolean {
    const { idOf } = this.#options;
    // The machine slept: the server has closed this socket long ago.
    if (this.#heartbeat?.isOverdue) this.end(CloseCode.timeout, 'slept');
    return (
      this.isUp &&
      this.#socket.send('roomId' in command && idOf ? { ...command, roomId: idOf(command.roomId) } : command)
    );
  }

  end(code: number = CloseCode.normal, reason = ''): void {
    this.#socket.end(code, reason);
  }

  /** Sends a ping now, because the browser reports a change of the network. */
  probe(): void {
    if (this.#heartbeat?.isOverdue) this.end(CloseCode.timeout, 'slept');
    else this.#heartbeat?.probe();
  }

  /** Checks whether commands reach the server. Only the answer to a ping proves it. */
  async verify(): Promise<void> {
    if (!this.send({ type: 'ping' })) return;
    if (!(await this.waitForEvent(VERIFY_MS, ({ type }) => type === 'pong')))
      this.end(CloseCode.timeout, 'no answer to ping');
  }

  /**
   * Waits for a matching event.
   * @param ms the longest wait, in milliseconds.
   * @returns false if it is not received in time, or if the socket ends first.
   */
  waitForEvent(ms: number, match: (event: TransportEvent) => boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const done = (came: boolean): void => {
        cancel();
        this.#waiting.delete(look);
        resolve(came);
      };
      const giveUp = (): void => done(false);
      const look = (event: TransportEvent): void => {
        if (match(event)) done(true);
      };
      const cancel = this.#options.clock.after(ms, giveUp);
      this.#waiting.set(look, giveUp);
      if (this.signal.aborted) giveUp();
    });
  }

  /** Starts the heartbeat. If its code cannot be loaded, loading is retried after one heartbeat interval. */
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

  #onEvent(event: TransportEvent): void {
    if (event.type === 'connection-established') {
      this.#cancelHandshake();
      this.greeting = this.#last;
      if (event.heartbeatS) this.#everyMs = event.heartbeatS * 1000;
      this.#isGreeted = true;
      void this.#startHeartbeat();
      this.#options.onGreeting(event);
    } else {
      this.#options.onEvent(event);
      this.#waiting.forEach((_, look) => look(event));
    }
  }
}
