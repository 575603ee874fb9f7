/** What all checks share: the backend under test, the options, the sockets, and the findings. */
import type { Id } from '../protocol/index.js';
import { ChatError, type Address, type AuthMode } from '../transport/index.js';
import { CHECKS, type CheckId } from './checks.js';
import type { Findings } from './findings.js';
import { sendRequest, type RequestOptions, type RequestResult } from './raw-request.js';
import { RecordingSocket, type ReceivedFrame } from './recording-socket.js';
import type { Redactor } from './redact.js';
import type { ListedRoom } from './rooms.js';
import type { RequestUpgrade } from './upgrade-request.js';

/** Time limits, in milliseconds. */
export interface DoctorTiming {
  /** For a REST response. @default 10_000 */
  requestMs: number;
  /** For a WebSocket handshake, and then for the greeting. @default 10_000 */
  greetingMs: number;
  /** For the reply to a frame. @default 6_000 */
  answerMs: number;
  /** How long to watch for a duplicate frame. @default 1_500 */
  watchMs: number;
}

export const DEFAULT_TIMING: DoctorTiming = { requestMs: 10_000, greetingMs: 10_000, answerMs: 6_000, watchMs: 1_500 };

export interface CheckContextOptions {
  address: Address;
  token: string;
  secondToken: string | undefined;
  auth: AuthMode;
  /** The origin of the site that uses the backend; undefined if not given. */
  origin: string | undefined;
  /** In a web page, which sees less of a failure than Node, and whose visitors must not look like attackers. */
  inBrowser: boolean;
  room: Id | undefined;
  timing: DoctorTiming;
  findings: Findings;
  redactor: Redactor;
  fetch: typeof fetch;
  WebSocket: typeof WebSocket | undefined;
  requestUpgrade: RequestUpgrade | undefined;
  signal: AbortSignal | undefined;
  onCheck: (id: CheckId, title: string) => void;
}

export class CheckContext {
  readonly options: Readonly<CheckContextOptions>;
  readonly findings: Findings;
  readonly timing: DoctorTiming;
  /** The usable rooms of `GET rooms/`. */
  rooms: ListedRoom[] = [];
  /** Whether REST accepts the token and returns JSON. */
  restWorks = false;
  /** The Origin header with which the WebSocket opens: not the site's own if that is refused; undefined: none. */
  acceptedOrigin: string | undefined;
  /** Raw REST bodies, each with a name for field paths. */
  readonly restBodies: [name: string, json: unknown][] = [];
  capabilities: readonly string[] = [];
  readonly #sockets = new Set<RecordingSocket>();

  constructor(options: CheckContextOptions) {
    this.options = options;
    this.findings = options.findings;
    this.timing = options.timing;
    this.acceptedOrigin = options.origin;
  }

  /** The room under test, with its id in the server's type: on the command line, every id is a string. */
  get room(): Id | undefined {
    const { room } = this.options;
    if (room === undefined) return this.rooms[0]?.id;
    return this.rooms.find(({ id }) => String(id) === String(room))?.id ?? room;
  }

  hasCapability(name: string): boolean {
    return this.capabilities.includes(name);
  }

  /** Reports that a check starts. @throws {ChatError} `aborted` */
  startCheck(id: CheckId): void {
    if (this.options.signal?.aborted) throw new ChatError('aborted', 'The diagnosis was aborted.');
    this.options.onCheck(id, CHECKS[id]);
  }

  /** Sends a REST request, with the user's token unless `options` has another one or undefined. */
  request(path: string, options: RequestOptions = {}): Promise<RequestResult> {
    const { address, token, fetch, signal } = this.options;
    const environment = { fetch, timeoutMs: this.timing.requestMs, signal };
    return sendRequest(new URL(path, address.api), { token, ...options }, environment);
  }

  /** The absolute path of a REST route, for messages. */
  routePath(path: string): string {
    return new URL(this.options.address.api).pathname + path;
  }

  /**
   * Opens a WebSocket; `opened` of the result has the outcome.
   * @param credential the token, or a ticket for it.
   */
  openSocket(credential: string): RecordingSocket {
    const { address, auth, WebSocket, requestUpgrade, signal } = this.options;
    const origin = requestUpgrade ? this.acceptedOrigin : undefined;
    const options = { address: address.socket, token: credential, auth, WebSocket: WebSocket!, origin, signal };
    const socket = new RecordingSocket(options);
    this.#sockets.add(socket);
    return socket;
  }

  /** All frames that any socket received. */
  get receivedFrames(): ReceivedFrame[] {
    return [...this.#sockets].flatMap(({ received }) => received);
  }

  closeSockets(): void {
    for (const socket of this.#sockets) socket.close();
  }
}
