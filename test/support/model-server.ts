/**
 * A model of a chat server, simple enough to be verified by reading, for tests that run thousands of random scenarios.
 * It stores the same data as a real server (model-rooms.ts), speaks the wire protocol, and fails on demand. It also
 * records misbehaviour of clients in `violations`.
 */
import { FakeSocket, json, page } from './fake-backend.js';
import { answerRequest, storeFromClient } from './model-requests.js';
import type { ModelRequest } from './model-room-requests.js';
import { ME } from './model-people.js';
import { ModelRooms } from './model-rooms.js';

export type { UploadFault } from './model-uploads.js';
export { isPair, isSameTopic, type Topic } from './model-conversations.js';
export { CAT, DAN, EVE, mark, marksIn, ME, OTHER, ownerOf, ROOMS, ROOMS_OF } from './model-people.js';
export { ALL_RIGHTS, OWNER_RIGHTS, type Rights, type Settings } from './model-room-list.js';
export type { HistoryEntry, Row } from './model-rooms.js';

export type SocketFault = 'none' | 'refuse' | 'hang' | 'silent';
export type RestFault = 'none' | 'down' | 'broken' | 'hang' | 'answer-lost' | 'busy' | 'portal';
export type FrameFault = 'drop' | 'twice' | 'late';

interface SentFrame {
  room_id: number;
  content: string;
  reply_to?: number | null;
  _tempId: string;
}

function readBody(body: unknown): Pick<ModelRequest, 'body' | 'file'> {
  if (typeof body === 'string') return { body: JSON.parse(body) as Record<string, unknown>, file: undefined };
  const fields = body instanceof FormData ? [...body] : [];
  const file = fields.map(([, value]) => value).find((value) => typeof value !== 'string');
  return { body: Object.fromEntries(fields), file };
}

export class ModelServer extends ModelRooms {
  readonly sockets: FakeSocket[] = [];
  /** Times of socket and request attempts, in ms. */
  readonly socketTimes: number[] = [];
  readonly requestTimes: number[] = [];
  socketFault: SocketFault = 'none';
  restFault: RestFault = 'none';
  /** Faults of the next outgoing frames. */
  readonly frameFaults: FrameFault[] = [];
  /**
   * Incoming frames on open sockets are lost. Such a socket stays deaf: a live connection does not lose single frames.
   */
  isDeaf = false;
  readonly #deafSockets = new Set<FakeSocket>();
  /** Outgoing frames on open sockets are lost. Such a socket stays mute: a half-open connection does not recover. */
  isMute = false;
  /** Whether a frame was lost or late, or a socket was deaf or mute. */
  hasLostFrames = false;
  readonly #muteSockets = new Set<FakeSocket>();
  readonly #inFlight = new Set<string>();
  /** User by token. */
  readonly #tokens = new Map<string, number>();
  /** The user of each socket, and the group of tabs that shares it. */
  readonly #owners = new Map<FakeSocket, { user: number; group: unknown }>();
  /** Tokens issued by another server. */
  readonly foreignTokens = new Set<string>();
  #delayedFrame: string | undefined;
  #hangingRequests: (() => void)[] = [];

  /** Delays an answer of REST, in ms. Undefined: no latency. */
  latency: (() => number) | undefined;
  /** Delays a frame, keeping the order of frames. */
  delayFrame: (run: () => void) => void = (run) => run();

  // ————— Users and faults

  acceptToken(token: string, user = ME): void {
    this.#tokens.set(token, user);
  }

  rejectToken(token: string): void {
    this.#tokens.delete(token);
  }

  /** Without sockets that are still connecting: those are closed as soon as they open. */
  get open(): FakeSocket[] {
    return this.sockets.filter(({ readyState }) => readyState === 1);
  }

  /** Whether an open socket is deaf or mute. */
  get hasDeadSocket(): boolean {
    return this.open.some((socket) => this.#deafSockets.has(socket) || this.#muteSockets.has(socket));
  }

  cut(code: number): void {
    for (const socket of this.open) socket.drop(code);
  }

  /** Removes all faults and releases hanging requests. */
  heal(): void {
    this.socketFault = this.restFault = 'none';
    this.isDeaf = this.isMute = false;
    this.uploads.fault = 'none';
    this.frameFaults.length = 0;
    for (const release of this.#hangingRequests.splice(0)) release();
  }

  // ————— Broadcasting

  protected override broadcast(user: number, frame: Record<string, unknown>): void {
    for (const socket of this.#openSocketsOf(user)) this.#sendFrame(socket, frame);
  }

  #openSocketsOf(user: number): FakeSocket[] {
    return this.open.filter((socket) => this.#owners.get(socket)?.user === user);
  }

  /** Sends a frame, subject to the current faults. */
  #sendFrame(socket: FakeSocket, frame: Record<string, unknown>): void {
    if (this.isMute) this.#muteSockets.add(socket);
    this.hasLostFrames ||= this.isDeaf || this.isMute;
    if (this.#muteSockets.has(socket)) return;
    const text = JSON.stringify(frame);
    // Answers always arrive, or the socket ends: only unsolicited frames can be lost unnoticed.
    const fault = 'seq' in frame ? this.frameFaults.shift() : undefined;
    this.hasLostFrames ||= fault === 'drop' || fault === 'late';
    if (fault === 'drop') return;
    if (fault === 'late') return void (this.#delayedFrame = text);
    const late = this.#delayedFrame;
    this.#delayedFrame = undefined;
    this.delayFrame(() => {
      socket.receive(text);
      if (fault === 'twice') socket.receive(text);
      if (late) socket.receive(late);
    });
  }

  // ————— Sockets

  readonly WebSocket = ((server: ModelServer) =>
    class {
      constructor(url: string) {
        return server.connect(url) as never;
      }
    })(this) as unknown as typeof WebSocket;

  /** @param group Tabs that share one socket. */
  connect(url: string, group?: unknown): FakeSocket {
    const socket = new FakeSocket(url, (from, frame) => this.#onFrame(from, frame));
    const token = new URL(url).searchParams.get('token') ?? '';
    const user = this.#tokens.get(token);
    if (this.foreignTokens.has(token)) this.violations.push('token sent to another tenant');
    // A client with an open socket must not open another.
    const others = this.#openSocketsOf(user ?? 0).filter((open) => this.#owners.get(open)?.group === group);
    if (others.length > 0 && !this.isDeaf && !this.isMute) this.violations.push('second socket');
    if (user !== undefined) this.#owners.set(socket, { user, group });
    this.sockets.push(socket);
    this.socketTimes.push(this.clock.now());
    const { socketFault } = this;
    queueMicrotask(() => {
      if (socketFault === 'hang') return;
      if (socketFault === 'refuse' || user === undefined || !this.#tokens.has(token)) return socket.drop(1006);
      socket.accept();
      if (socketFault === 'silent') return;
      this.#sendFrame(socket, { type: 'connection_established', ...this.me(user) });
    });
    return socket;
  }

  #onFrame(socket: FakeSocket, frame: Record<string, unknown>): void {
    if (this.isDeaf) this.#deafSockets.add(socket);
    if (this.#deafSockets.has(socket) || socket.readyState !== 1) return;
    const room_id = frame.room_id as number;
    const { user } = this.#owners.get(socket)!;
    if (typeof frame.room_id === 'string') this.violations.push(`a frame names the local id ${frame.room_id}`);
    const isMember = room_id === undefined || this.isMember(room_id, user);
    if (!isMember) {
      const { _tempId } = frame;
      return this.#sendFrame(socket, {
        type: 'error',
        message: 'Access denied.',
        code: 'access_denied',
        room_id,
        _tempId,
      });
    }
    switch (frame.type) {
      case 'ping':
        return this.#sendFrame(socket, { type: 'pong' });
      case 'subscribe_room':
        return this.#sendFrame(socket, { type: 'subscribed', room_id });
      case 'get_room_list':
        return this.#sendFrame(socket, { type: 'room_list', rooms: this.roomsOf(user).map((room) => this.room(room)) });
      case 'authenticate':
        if (!this.has('token_refresh')) this.violations.push('authenticate without the capability');
        return;
      case 'unsubscribe_room':
      case 'typing':
      case 'stop_typing':
        return;
      case 'mark_read':
        return this.read(room_id, user, frame.up_to as number | undefined);
      case 'mark_delivered':
        return this.deliver(room_id, user, frame.up_to as number);
      case 'sync':
        return this.#sendFrame(socket, {
          type: 'sync_result',
          rooms: this.sync(
            user,
            Object.entries(frame.rooms as Record<string, number>).map(([room, seq]) => [Number(room), seq]),
          ),
        });
      case 'send_message': {
        const message = frame as unknown as SentFrame;
        this.#checkNotInFlight(message._tempId);
        return this.#onMessage(socket, message);
      }
      default:
        this.violations.push(`an unknown frame: ${String(frame.type)}`);
    }
  }

  #onMessage(socket: FakeSocket, { room_id, content, reply_to, _tempId }: SentFrame): void {
    const { user } = this.#owners.get(socket)!;
    const stored = storeFromClient(this, { room: room_id, user, content, tempId: _tempId, replyTo: reply_to });
    if (!('id' in stored)) {
      const { code, message } = stored;
      return this.#sendFrame(socket, { type: 'error', message, code, _tempId, room_id });
    }
    if (!this.has('ack')) return;
    this.#sendFrame(socket, { type: 'message_ack', room_id, _tempId, message: { ...this.message(stored), _tempId } });
  }

  #checkNotInFlight(tempId: string): void {
    if (this.#inFlight.has(tempId)) this.violations.push(`two copies of ${tempId} in flight`);
  }

  // ————— REST

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    this.requestTimes.push(this.clock.now());
    if (url.href.includes('new_')) this.violations.push(`a request names a local id: ${url}`);
    const { restFault } = this;
    const signal = init.signal ?? undefined;
    if (signal?.aborted) throw new DOMException('', 'AbortError');
    if (restFault === 'down') throw new TypeError('Failed to fetch');
    if (restFault === 'portal') return page('<html>Welcome to the hotel</html>', 200);
    if (restFault === 'broken') return page('<html>500</html>', 500);
    if (restFault === 'busy') return json({ detail: 'Slow down.' }, 429, { 'Retry-After': '7' });
    const token = new Headers(init.headers).get('Authorization')?.slice(7) ?? '';
    if (this.foreignTokens.has(token)) this.violations.push('token sent to another tenant');
    const user = init.mode === 'no-cors' ? ME : this.#tokens.get(token);
    if (user === undefined)
      return json({ detail: `Given token not valid: ${new Headers(init.headers).get('Authorization')}` }, 401);
    const key = new Headers(init.headers).get('Idempotency-Key');
    const isSend = init.method === 'POST' && /\/(send_message|uploads)\/$/.test(url.pathname);
    if (isSend && key) {
      this.#checkNotInFlight(key);
      this.#inFlight.add(key);
    }
    try {
      if (restFault === 'hang') await this.#hang(signal);
      await this.#travel(signal);
      const answer = answerRequest(this, {
        user,
        method: init.method ?? 'GET',
        url,
        key: key ?? undefined,
        ...readBody(init.body),
      });
      // Processed, but the answer is lost.
      if (restFault === 'answer-lost') await this.#hang(signal);
      await this.#travel(signal);
      return answer;
    } finally {
      if (key) this.#inFlight.delete(key);
    }
  };

  /** The way of a request or an answer through the network. */
  async #travel(signal: AbortSignal | undefined): Promise<void> {
    const ms = this.latency?.();
    if (ms === undefined) return;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        cancel();
        reject(new DOMException('', 'AbortError'));
      };
      const cancel = this.clock.after(ms, () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort);
    });
  }

  /** Until the client aborts, or the faults are removed. */
  async #hang(signal: AbortSignal | undefined): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#hangingRequests.push(resolve);
      signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    });
  }
}
