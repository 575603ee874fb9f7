/** What all checks share: whom they examine, with what, and where they write down what they find. */
import type { Id } from '../protocol/index.js';
import { ChatError, type Address, type AuthMode } from '../transport/index.js';
import { ask, type Asked, type AskParts, type Question } from './raw-request.js';
import type { Findings } from './findings.js';
import { POINTS, type PointId } from './checks.js';
import type { Redactor } from './redact.js';
import type { Listed } from './rooms.js';
import { Talk, type Heard } from './recording-socket.js';
import type { OpenUpgrade } from './upgrade.js';

/** How long things may take, in milliseconds. */
export interface DoctorTiming {
  /** Until a REST request counts as lost. Default 10,000. */
  requestMs: number;
  /** Until the server's greeting must be there, from the first byte. Default 10,000. */
  greetingMs: number;
  /** Until a frame must be answered. Default 6,000. */
  answerMs: number;
  /** How long is watched for what should not happen. Default 1,500. */
  watchMs: number;
}

export const DEFAULT_TIMING: DoctorTiming = { requestMs: 10_000, greetingMs: 10_000, answerMs: 6_000, watchMs: 1_500 };

export interface ExamParts {
  address: Address;
  token: string;
  secondToken: string | undefined;
  auth: AuthMode;
  /** The site that the backend must let in; undefined where nobody said. */
  origin: string | undefined;
  /** In a page, which is told less than a program, and whose visitors must not look like attackers. */
  inPage: boolean;
  room: Id | undefined;
  timing: DoctorTiming;
  findings: Findings;
  redactor: Redactor;
  fetch: typeof fetch;
  WebSocket: typeof WebSocket | undefined;
  openUpgrade: OpenUpgrade | undefined;
  signal: AbortSignal | undefined;
  onCheck: (id: PointId, title: string) => void;
}

export class Exam {
  readonly findings: Findings;
  readonly timing: DoctorTiming;
  /** Rooms as REST lists them, and what it said of them, word by word. */
  rooms: Listed[] = [];
  /** Whether REST can be used with this token. */
  restWorks = false;
  /** The origin under which a socket opens: none, where the site's own is refused. */
  openOrigin: string | undefined;
  /** What REST has said, for a look at all times in it: where it stands, and itself. */
  readonly saidByRest: [path: string, json: unknown][] = [];
  capabilities: readonly string[] = [];
  readonly #parts: ExamParts;
  readonly #talks = new Set<Talk>();

  constructor(parts: ExamParts) {
    this.#parts = parts;
    this.findings = parts.findings;
    this.timing = parts.timing;
    this.openOrigin = parts.origin;
  }

  get parts(): Readonly<ExamParts> {
    return this.#parts;
  }

  /** The room to talk about, by the id that the server gives it: on a command line, all ids are texts. */
  get room(): Id | undefined {
    const { room } = this.#parts;
    return room === undefined ? this.rooms[0]?.id : (this.rooms.find(({ id }) => String(id) === String(room))?.id ?? room);
  }

  has(capability: string): boolean {
    return this.capabilities.includes(capability);
  }

  /** Says what is being looked at now. @throws {ChatError} `aborted`. */
  begin(id: PointId): void {
    if (this.#parts.signal?.aborted) throw new ChatError('aborted', 'The examination was given up.');
    this.#parts.onCheck(id, POINTS[id]);
  }

  /** One REST request, as the person unless it says otherwise. */
  ask(path: string, question: Question = {}): Promise<Asked> {
    return ask(new URL(path, this.#parts.address.api), { token: this.#parts.token, ...question }, this.#askParts);
  }

  /** The path of a route as a server sees it, for people. */
  route(path: string): string {
    return new URL(this.#parts.address.api).pathname + path;
  }

  get #askParts(): AskParts {
    const { fetch, timing, signal } = this.#parts;
    return { fetch, timeoutMs: timing.requestMs, signal };
  }

  /**
   * Opens a socket; `talk.opened` says whether that worked.
   * @param credential the token, or what stands in for it (a ticket).
   */
  open(credential: string, origin = this.openOrigin): Talk {
    const { address, auth, WebSocket, openUpgrade, signal } = this.#parts;
    const talk = new Talk({ address: address.socket, token: credential, auth, WebSocket: WebSocket!, origin: openUpgrade ? origin : undefined, signal });
    this.#talks.add(talk);
    return talk;
  }

  /** All that was heard on all sockets of the person. */
  get heard(): Heard[] {
    return [...this.#talks].flatMap(({ heard }) => heard);
  }

  /** Ends whatever is still open. */
  end(): void {
    for (const talk of this.#talks) talk.close();
  }
}
