/** What all checks share: the backend under test, the options, the sockets, and the findings. */
import type { Id } from '../protocol/index.js';
import { ChatError, type Address, type AuthMode } from '../transport/index.js';
import { CHECKS, type CheckId } from './checks.js';
import type { Findings } from './findings.js';
import { isResponse, sendRequest, type RequestOptions, type RequestResult } from './raw-request.js';
import { RecordingSocket, type ReceivedFrame } from './recording-socket.js';
import type { Redactor } from './redact.js';
import type { ListedRoom } from './rooms.js';
import { roundedIds } from './rounded-ids.js';
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
  /** Why the page could not provide a token; undefined if it was not asked, or has no signed-in user. */
  tokenProblem: ChatError | undefined;
  secondToken: string | undefined;
  auth: AuthMode;
  /** The origin of the site that uses the backend; undefined if not given. */
  origin: string | undefined;
  /** In a web page, which sees less of a failure than Node, and whose visitors must not look like attackers. */
  inBrowser: boolean;
  /** Whether to check the notifications WebSocket. */
  hasNotifications: boolean;
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
  /** The entries of `GET rooms/` as they were received. */
  roomEntries: readonly unknown[] = [];
  /** Ids of the second user's rooms, as texts; undefined if they are unknown. */
  secondRoomIds: ReadonlySet<string> | undefined;
  /** Whether REST accepts the token and returns JSON. */
  restWorks = false;
  /** The Origin header with which the WebSocket opens: not the site's own if that is refused; undefined: none. */
  acceptedOrigin: string | undefined;
  /** Whether a WebSocket opens even at a path without a route. Then the path may be wrong although one opens. */
  acceptsAnyPath = false;
  /** Raw REST bodies, each with a name for field paths. */
  readonly restBodies: [name: string, json: unknown][] = [];
  /** Ids in REST bodies that `JSON.parse` has rounded. */
  readonly roundedRestIds = new Set<string>();
  /** The user's id in the greeting. */
  userId: Id | undefined;
  capabilities: readonly string[] = [];
  /** `limits` of the greeting. */
  limits: Readonly<Record<string, unknown>> = {};
  /** The first frame of the WebSocket. */
  greeting: Readonly<Record<string, unknown>> = {};
  /** Whether the user hides receipts: the backend then lists none. */
  hidesReceipts = false;
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

  /** A room of the user that the second user is not in: the room under test, if possible. */
  get foreignRoom(): ListedRoom | undefined {
    const { secondRoomIds, rooms } = this;
    const foreign = rooms.filter(({ id }) => secondRoomIds && !secondRoomIds.has(String(id)));
    return foreign.find(({ id }) => id === this.room) ?? foreign[0];
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
  async request(path: string, options: RequestOptions = {}): Promise<RequestResult> {
    const { address, token, fetch, signal } = this.options;
    const environment = { fetch, timeoutMs: this.timing.requestMs, signal };
    const result = await sendRequest(new URL(path, address.api), { token, ...options }, environment);
    if (isResponse(result) && result.json !== undefined) {
      for (const id of roundedIds(result.text)) this.roundedRestIds.add(id);
    }
    return result;
  }

  /** The absolute path of a REST route, for messages. */
  routePath(path: string): string {
    return new URL(this.options.address.api).pathname + path;
  }

  /**
   * Opens a WebSocket; `opened` of the result has the outcome.
   * @param credential the token, or a ticket for it.
   * @param address default: that of the chat.
   */
  openSocket(credential: string, address = this.options.address.socket): RecordingSocket {
    const { auth, WebSocket, requestUpgrade, signal } = this.options;
    const origin = requestUpgrade ? this.acceptedOrigin : undefined;
    const options = { address, token: credential, auth, WebSocket: WebSocket!, origin, signal };
    const socket = new RecordingSocket(options);
    this.#sockets.add(socket);
    return socket;
  }

  /** Ids in frames that `JSON.parse` has rounded. */
  get roundedSocketIds(): Set<string> {
    return new Set([...this.#sockets].flatMap((socket) => socket.roundedIds));
  }

  /** All frames that any socket received. */
  get receivedFrames(): ReceivedFrame[] {
    return [...this.#sockets].flatMap(({ received }) => received);
  }

  closeSockets(): void {
    for (const socket of this.#sockets) socket.close();
  }
}
