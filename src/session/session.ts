/**
 * Keeps one person connected to one backend, told in the order in which it happens:
 *
 *     run        a socket is opened, lives, ends; then a wait that grows; then the next one. It never gives up.
 *     poll       while no socket is up and caught up, the same knowledge comes over REST.
 *     catch up   after every greeting: rooms and open threads are read again; only then is the phase `connected`.
 *
 * `configure` begins a new generation: everything the old one still has under way ends with its abort signal, and
 * what it may still say is not heard. Time, chance, sockets and `fetch` come in from outside.
 */
import {
  CloseCode,
  idKey,
  sameId,
  type ChatFrame,
  type ClientFrame,
  type FrameOf,
  type Id,
  type Message,
  type Room,
} from '../protocol/index.js';
import {
  ChatError,
  makeAddress,
  RestClient,
  sleep,
  stillWanted,
  toChatError,
  type Address,
  type AddressParts,
  type AuthMode,
  type Clock,
  type ErrorCode,
  type SocketEnd,
} from '../transport/index.js';
import { backoff } from './backoff.js';
import { isPassed, type Method, type Outgoing, type Report, type SessionEvent } from './events.js';
import { Line } from './line.js';
import { Outbox } from './outbox.js';
import type { NextTry, Phase } from './phase.js';
import type { ReasonCode } from './reasons.js';
import { RoomHistory } from './room-history.js';
import { readClaims, TokenKeeper, type AskForToken } from './token.js';

/** How long things may take, in milliseconds. */
export interface Timing {
  /** Between two polls while no socket is up. Default 5,000. */
  pollMs: number;
  /** Between two re-reads while connected to a backend that does not tell everything on the socket. Default 15,000. */
  rereadMs: number;
  /** Until a message sent by socket must be confirmed. Default 6,000. */
  confirmMs: number;
  /** Until the server's greeting must be there. Default 10,000. */
  handshakeMs: number;
  /** Of silence, before a ping, where the server does not say. Default 25,000. */
  heartbeatMs: number;
  /** Until a REST request counts as lost. Default 15,000. */
  requestMs: number;
}

export const DEFAULT_TIMING: Timing = {
  pollMs: 5_000,
  rereadMs: 15_000,
  confirmMs: 6_000,
  handshakeMs: 10_000,
  heartbeatMs: 25_000,
  requestMs: 15_000,
};

export interface SessionOptions {
  clock: Clock;
  random: () => number;
  report: Report;
  askForToken: AskForToken;
  /** Whether the browser says that there is no network. A hint: believed only when REST fails too. */
  isOffline: () => boolean;
  timing?: Partial<Timing> | undefined;
  WebSocket?: typeof WebSocket | undefined;
  fetch?: typeof fetch | undefined;
}

export interface Setup extends AddressParts {
  token: string;
  auth?: AuthMode | undefined;
  /** Whether the page can be asked for a token when there is none. */
  canAsk: boolean;
}

/** Of a baseline backend's rooms, so many are listened to, most recent first. */
const MAX_LISTENED = 50;
/** Tries that fail before 'reconnecting' becomes 'nothing works'. */
const PATIENCE = 3;

const NEVER = (): void => {};

export class Session {
  readonly #options: SessionOptions;
  readonly #timing: Timing;
  readonly #tokens: TokenKeeper;
  readonly #outbox: Outbox;
  readonly #open = new Map<string, RoomHistory>();

  #phase: Phase = { is: 'idle' };
  #generation = new AbortController();
  #address: Address | undefined;
  #rest: RestClient | undefined;
  #line: Line | undefined;
  #me: Id | null = null;
  #capabilities: readonly string[] = [];
  /** Rooms that the present socket was asked to tell about. */
  #listened = new Set<string>();
  #wasConnected = false;
  #next: NextTry = { attempt: 0, at: null };
  #tryNow: () => void = NEVER;
  #cancelPoll: () => void = NEVER;
  #polling: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    this.#tokens = new TokenKeeper(options.askForToken);
    const session = this;
    this.#outbox = new Outbox({
      clock: options.clock,
      random: options.random,
      confirmMs: this.#timing.confirmMs,
      report: options.report,
      get rest() {
        return session.#canAskRest ? session.#rest : undefined;
      },
      sendBySocket: ({ roomId, content, replyTo, localId }) =>
        this.#send({ type: 'send_message', room_id: roomId, content, ...(replyTo != null && { reply_to: replyTo }), _tempId: localId }),
      has: (capability) => this.has(capability),
      isMine: (message) => this.#isMine(message),
      newest: (roomId) => this.#open.get(idKey(roomId))?.cursor,
    });
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Of the backend, as long as this session knows it: sockets come and go, what it offers does not. */
  has(capability: string): boolean {
    return this.#capabilities.includes(capability);
  }

  // ————— Beginning and end

  /** Begins anew with this setup. What waits in the outbox stays, and goes out under the new token. */
  configure({ token, canAsk, auth = 'query', ...parts }: Setup): void {
    this.#end();
    const { signal } = this.#generation;
    this.#tokens.token = token;
    try {
      // Never by another way than asked for: it may have been chosen to keep the token out of addresses and logs.
      if (auth !== 'query') throw new ChatError('unsupported_auth', `auth="${auth as string}" is not known to this version; "query" is.`);
      this.#address = makeAddress(parts);
    } catch (thrown) {
      this.#problem(toChatError(thrown).message);
      return this.#enter({ is: 'error', reason: 'bad_configuration', next: null });
    }
    this.#rest = new RestClient({
      base: this.#address.api,
      token: () => this.#tokens.token,
      renew: (refused) => this.#renew(refused, signal),
      onProblem: (problem) => this.#report({ type: 'problem', problem }),
      clock: this.#options.clock,
      timeoutMs: this.#timing.requestMs,
      ...(this.#options.fetch && { fetch: this.#options.fetch }),
    });
    void this.#run(signal, canAsk);
  }

  /** Ends the socket, all requests and all timers. The outbox keeps what was not sent; `configure` goes on. */
  stop(): void {
    this.#end();
    this.#wasConnected = false;
    this.#enter({ is: 'idle' });
  }

  /** Forgets the person: open rooms, capabilities, the outbox. @returns the messages that were not stored. */
  forget(): Outgoing[] {
    this.#open.clear();
    this.#capabilities = [];
    this.#me = null;
    return this.#outbox.clear();
  }

  #end(): void {
    this.#generation.abort();
    this.#generation = new AbortController();
    this.#cancelPoll();
    this.#polling = undefined;
    this.#line?.end();
    this.#outbox.pause();
    this.#rest = undefined;
  }

  // ————— Run: one socket after the other

  async #run(signal: AbortSignal, canAsk: boolean): Promise<void> {
    if (!this.#tokens.token && !canAsk) return this.#enter({ is: 'idle' });
    this.#enter(this.#wasConnected ? { is: 'reconnecting', reason: 'token_changed', next: { attempt: 0, at: null } } : { is: 'connecting' });
    if (!this.#tokens.token) {
      const found = await this.#tokens.request();
      if (signal.aborted) return;
      if (!found) return this.#enter({ is: 'unauthorized', reason: 'token_missing' });
    }
    for (let failed = 0; ; ) {
      const end = await this.#live(signal);
      if (signal.aborted) return;
      failed = end.caughtUp ? 1 : failed + 1;
      const refused = end.code === CloseCode.unauthorized;
      if (refused) {
        this.#enter({ is: 'reconnecting', reason: 'token_changed', next: { attempt: 0, at: null } });
        if (!(await this.#renew(end.token, signal)) || signal.aborted) return;
      }
      if (refused && failed > PATIENCE) return this.#refuse(end.token);
      const waitMs = refused && failed === 1 ? 0 : backoff(failed, this.#options.random);
      this.#next = { attempt: failed, at: this.#options.clock.now() + waitMs };
      await this.#afterLoss(end, signal);
      if (signal.aborted) return;
      // REST has just renewed the token: the socket need not wait.
      if (end.token !== this.#tokens.token && failed < PATIENCE) continue;
      await this.#pause(this.#next.at! - this.#options.clock.now(), signal);
      if (signal.aborted) return;
      this.#next = { ...this.#next, at: null };
      if ('next' in this.#phase && this.#phase.next) this.#enter({ ...this.#phase, next: this.#next });
    }
  }

  /** Opens a socket and lives with it until it ends. */
  async #live(signal: AbortSignal): Promise<SocketEnd & { caughtUp: boolean; token: string }> {
    const { token } = this.#tokens;
    let caughtUp = false;
    let line: Line;
    try {
      line = new Line({
        address: this.#address!.socket,
        token,
        clock: this.#options.clock,
        handshakeMs: this.#timing.handshakeMs,
        heartbeatMs: this.#timing.heartbeatMs,
        WebSocket: this.#options.WebSocket,
        onGreeting: (frame) => {
          this.#greeted(frame);
          void this.#catchUp(line).then((done) => {
            if (!done) return;
            caughtUp = true;
            this.#wasConnected = true;
            this.#enter({ is: 'connected' });
          });
        },
        onFrame: (frame) => this.#onFrame(frame),
        onProblem: (problem) => this.#report({ type: 'problem', problem }),
      });
    } catch (thrown) {
      this.#problem(toChatError(thrown).message);
      return { code: CloseCode.abnormal, reason: '', caughtUp, token };
    }
    this.#line = line;
    this.#listened.clear();
    const giveUp = (): void => line.end();
    signal.addEventListener('abort', giveUp);
    const end = await line.ended;
    signal.removeEventListener('abort', giveUp);
    // By now another generation may have opened its own.
    if (this.#line === line) this.#line = undefined;
    if (!signal.aborted) this.#outbox.socketEnded();
    return { ...end, caughtUp, token };
  }

  /** Says what happened, after having asked REST where the socket alone cannot know. */
  async #afterLoss(end: SocketEnd & { caughtUp: boolean }, signal: AbortSignal): Promise<void> {
    if (end.caughtUp) {
      this.#enter({ is: 'reconnecting', reason: END_REASONS[end.code] ?? 'server_closed', next: this.#next });
      void this.#poll(signal);
    } else {
      await this.#poll(signal);
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    if (ms <= 0) return;
    const wake = new AbortController();
    const stop = (): void => wake.abort();
    this.#tryNow = stop;
    signal.addEventListener('abort', stop);
    await sleep(this.#options.clock, ms, wake.signal);
    signal.removeEventListener('abort', stop);
    this.#tryNow = NEVER;
  }

  /** Tries the socket now instead of when its time has come. */
  retryNow(): void {
    this.#tryNow();
  }

  /** The browser says that the network is gone: whether that is true, the line itself must say. */
  doubt(): void {
    this.#line?.probe();
  }

  #greeted(frame: FrameOf<'connection_established'>): void {
    // First, because another person's name makes the store forget everything, us included.
    this.#report({ type: 'user', id: frame.user_id, username: frame.username });
    this.#me = frame.user_id;
    this.#capabilities = frame.capabilities;
    this.#report({ type: 'offer', capabilities: frame.capabilities, limits: frame.limits ?? {} });
  }

  // ————— Catch up: after every greeting

  /** @returns false when the line ended before everything was read. */
  async #catchUp(line: Line): Promise<boolean> {
    for (let attempt = 1; !line.signal.aborted; attempt++) {
      try {
        await this.#listen(line, [...this.#open.values()].map(({ roomId }) => roomId));
        const rooms = await this.#rooms(line);
        if (!this.has('user_channel')) void this.#listen(line, rooms.slice(0, MAX_LISTENED).map(({ id }) => id));
        await this.#readOpenRooms(line.signal);
        this.#outbox.wake();
        return !line.signal.aborted;
      } catch (thrown) {
        const error = toChatError(thrown);
        if (line.signal.aborted || error.code === 'unauthorized') return false;
        // The socket lives, so messages come and go; but what came in meanwhile cannot be read yet, and we say so.
        const waitMs = backoff(attempt, this.#options.random);
        this.#enter({ is: 'reconnecting', reason: 'catching_up', next: { attempt, at: this.#options.clock.now() + waitMs } });
        await this.#pause(waitMs, line.signal);
      }
    }
    return false;
  }

  /** Reads the list of rooms: from REST, whose unread counts are right on every backend, or else from the socket. */
  async #rooms(line: Line): Promise<Room[]> {
    try {
      return await this.#roomsByRest(line.signal);
    } catch (thrown) {
      const rooms = await this.#roomsBySocket(line);
      if (!rooms) throw thrown;
      return rooms;
    }
  }

  /** @returns nothing where there is no socket, or no answer. */
  async #roomsBySocket(line: Line | undefined): Promise<Room[] | undefined> {
    let rooms: Room[] | undefined;
    if (line?.send({ type: 'get_room_list' })) {
      await line.sees(this.#timing.confirmMs, (frame) => {
        if (frame.type === 'room_list') ({ rooms } = frame);
        return rooms !== undefined;
      });
    }
    return rooms;
  }

  async #roomsByRest(signal: AbortSignal): Promise<Room[]> {
    const rooms = await this.#usable().rest.listRooms(signal);
    stillWanted(signal);
    this.#report({ type: 'rooms', rooms, method: 'rest', exactUnread: true });
    return rooms;
  }

  /** Asks to be told what happens in these rooms, and waits until the server has agreed (or refused). */
  async #listen(line: Line, roomIds: Id[]): Promise<void> {
    const asked = roomIds.filter((roomId) => {
      if (this.#listened.has(idKey(roomId)) || !line.send({ type: 'subscribe_room', room_id: roomId })) return false;
      this.#listened.add(idKey(roomId));
      return true;
    });
    await Promise.all(
      asked.map((roomId) =>
        line.sees(this.#timing.confirmMs, (frame) => (frame.type === 'subscribed' || frame.type === 'error') && sameId(frame.room_id, roomId)),
      ),
    );
  }

  async #readOpenRooms(signal: AbortSignal): Promise<void> {
    const results = await Promise.allSettled([...this.#open.values()].map((history) => this.#read(history, signal)));
    for (const result of results) {
      // A room that we may not see (any more) is its own thread's trouble, not the connection's.
      if (result.status === 'rejected' && !['not_found', 'forbidden'].includes(toChatError(result.reason).code)) throw result.reason;
    }
  }

  #read(history: RoomHistory, signal: AbortSignal): Promise<void> {
    if (!this.#rest) return Promise.reject(new ChatError('disconnected', 'Not connected.'));
    return history.catchUp(this.#rest, (messages) => this.#recognised(history.roomId, messages), signal);
  }

  // ————— Poll: while no socket does it

  /** Reads everything over REST, once at a time, and says what came of it. */
  #poll(signal: AbortSignal): Promise<void> {
    this.#polling ??= this.#pollOnce(signal).finally(() => {
      if (signal.aborted) return;
      this.#polling = undefined;
      this.#schedulePoll();
    });
    return this.#polling;
  }

  async #pollOnce(signal: AbortSignal): Promise<void> {
    try {
      await this.#roomsByRest(signal);
      await this.#readOpenRooms(signal);
      if (signal.aborted) return;
      this.#outbox.wake();
      this.#restAnswered();
    } catch (thrown) {
      const error = toChatError(thrown);
      if (signal.aborted || error.code === 'aborted') return;
      // Renewed, and refused again: asking once more would only turn in a circle.
      if (error.code === 'unauthorized') return this.#refuse(this.#tokens.token);
      const reason = await this.#explain(error, signal);
      if (!signal.aborted) this.#restFailed(reason);
    }
  }

  #schedulePoll(): void {
    this.#cancelPoll();
    this.#cancelPoll = NEVER;
    const { is } = this.#phase;
    if (is === 'idle' || is === 'unauthorized' || !this.#rest) return;
    const complete = is === 'connected' && this.has('user_channel');
    if (complete) return;
    const ms = is === 'connected' ? this.#timing.rereadMs : this.#timing.pollMs;
    const { signal } = this.#generation;
    this.#cancelPoll = this.#options.clock.after(ms, () => void this.#poll(signal));
  }

  /** REST works, so as long as the socket does not: polling. The first second after a loss is left to the socket. */
  #restAnswered(): void {
    if (!this.#isWaiting) return;
    if (this.#phase.is === 'reconnecting' && this.#next.attempt < 2) return;
    this.#enter({ is: 'polling', reason: this.#wasConnected ? 'websocket_lost' : 'websocket_blocked', next: this.#next });
  }

  /** Neither works. Patience first: a restart takes a few seconds. */
  #restFailed(reason: ReasonCode): void {
    if (!this.#isWaiting) return;
    const next = this.#next;
    if (reason === 'browser_offline') this.#enter({ is: 'offline', next });
    else if (this.#wasConnected && next.attempt < PATIENCE) this.#enter({ is: 'reconnecting', reason, next });
    else this.#enter({ is: 'error', reason, next });
  }

  /** Whether the socket has failed at least once and is not up. */
  get #isWaiting(): boolean {
    return !this.#line?.isUp && this.#next.attempt > 0 && this.#phase.is !== 'connected' && this.#canAskRest;
  }

  /** What a failed request means, in words that help. */
  async #explain({ code }: ChatError, signal: AbortSignal): Promise<ReasonCode> {
    if (code !== 'unreachable') return ERROR_REASONS[code] ?? 'server_failing';
    if (this.#options.isOffline()) return 'browser_offline';
    // A server that answers, but whose answer this page may not read, does not want this site.
    return (await this.#rest?.isThere(signal)) ? 'origin_refused' : 'server_unreachable';
  }

  // ————— The token

  get #canAskRest(): boolean {
    return this.#tokens.token !== '' && this.#phase.is !== 'unauthorized' && this.#phase.is !== 'idle';
  }

  /** The server refused this token. @returns whether there is another one now. */
  async #renew(refused: string, signal: AbortSignal): Promise<boolean> {
    const renewed = await this.#tokens.renew(refused);
    if (signal.aborted) return false;
    if (!renewed) this.#refuse(refused);
    return renewed;
  }

  /** Ends here until the page has another token. */
  #refuse(token: string): void {
    const { expiresAt } = readClaims(token);
    const expired = expiresAt !== null && expiresAt <= this.#options.clock.now();
    this.#end();
    this.#enter({ is: 'unauthorized', reason: expired ? 'token_expired' : 'token_refused' });
  }

  #isMine(message: Message): boolean {
    const me = this.#me ?? readClaims(this.#tokens.token).userId;
    return me === null ? message.is_own_message : sameId(message.sender?.id, me);
  }

  // ————— What comes in

  #onFrame(frame: ChatFrame): void {
    switch (frame.type) {
      case 'room_list':
        // Where a backend names capabilities it counts for the user; others may say 0 on the socket.
        return this.#report({ type: 'rooms', rooms: frame.rooms, method: 'websocket', exactUnread: this.#capabilities.length > 0 });
      case 'new_message':
      case 'message_ack':
        return this.#onMessage(frame.room_id, frame.message, frame._tempId);
      case 'error':
        this.#outbox.failed(frame);
        return this.#problem(frame.message);
      default:
        if (isPassed(frame)) this.#report({ type: 'frame', frame });
    }
  }

  #onMessage(roomId: Id, message: Message, tempId: string | undefined): void {
    const localId = this.#outbox.recognise(roomId, message, message._tempId ?? tempId);
    // Only a server that tells of every message makes a live one the end of what is known.
    if (this.has('user_channel') && this.#phase.is === 'connected') this.#open.get(idKey(roomId))?.advance(message);
    this.#report({ type: 'live-message', roomId, message: { ...message, _tempId: localId } });
  }

  #recognised(roomId: Id, messages: Message[]): Message[] {
    return messages.map((message) => ({ ...message, _tempId: this.#outbox.recognise(roomId, message) }));
  }

  // ————— What goes out

  /** Delivers a message, now or as soon as there is a way. Answers come as `stored` or `refused`. */
  deliver(outgoing: Outgoing): void {
    this.#outbox.add(outgoing);
  }

  retry(localId: string): boolean {
    return this.#outbox.retry(localId);
  }

  discard(localId: string): boolean {
    return this.#outbox.discard(localId);
  }

  /** Reads the list of rooms anew, by socket or else by REST. @throws {ChatError} */
  async refreshRooms(): Promise<Method> {
    if (await this.#roomsBySocket(this.#line)) return 'websocket';
    await this.#roomsByRest(this.#usable().signal);
    return 'rest';
  }

  /** Shows a room: loads its newest messages and keeps them complete until `close`. */
  open(roomId: Id): void {
    const key = idKey(roomId);
    if (this.#open.has(key)) return;
    const history = new RoomHistory(roomId, this.#options.report);
    this.#open.set(key, history);
    if (!this.#rest || !this.#canAskRest) return; // the catch-up to come reads it
    const { signal } = this.#generation;
    const listening = this.#line?.isUp ? this.#listen(this.#line, [roomId]) : undefined;
    void Promise.resolve(listening)
      .then(() => this.#read(history, signal))
      .catch(NEVER); // reported as 'history-failed'
  }

  /** Tries again to load a room whose history failed. */
  reload(roomId: Id): void {
    const history = this.#open.get(idKey(roomId));
    if (history) void this.#read(history, this.#generation.signal).catch(NEVER);
  }

  close(roomId: Id): void {
    if (!this.#open.delete(idKey(roomId)) || !this.has('user_channel')) return;
    this.#listened.delete(idKey(roomId));
    this.#send({ type: 'unsubscribe_room', room_id: roomId });
  }

  /** Loads the page of history before a message. @throws {ChatError} */
  async loadOlder(roomId: Id, before: Id): Promise<void> {
    const { rest, signal } = this.#usable();
    this.#report({ type: 'history-loading', roomId, side: 'older' });
    try {
      const { messages, hasMore } = await rest.history(roomId, { before, limit: 50 }, signal);
      stillWanted(signal);
      this.#report({ type: 'history', roomId, side: 'older', messages: this.#recognised(roomId, messages), hasMore });
    } catch (thrown) {
      const error = toChatError(thrown);
      if (error.code !== 'aborted') this.#report({ type: 'history-failed', roomId, error });
      throw error;
    }
  }

  /**
   * Marks a whole room as read, by socket or else message by message over REST.
   * @param unread the ids of its unread messages, for REST.
   * @throws {ChatError}
   */
  async markRead(roomId: Id, unread: readonly Id[]): Promise<void> {
    if (this.#send({ type: 'mark_read', room_id: roomId, message_ids: [] })) return;
    const { rest, signal } = this.#usable();
    for (const messageId of unread) await rest.markMessageRead(messageId, signal);
  }

  /** Tells the room that I type, or do not any more. Lost without a socket, as it should be. */
  typing(roomId: Id, isTyping: boolean): void {
    this.#send({ type: isTyping ? 'typing' : 'stop_typing', room_id: roomId });
  }

  #send(frame: ClientFrame): boolean {
    return this.#line?.send(frame) ?? false;
  }

  #usable(): { rest: RestClient; signal: AbortSignal } {
    if (!this.#rest || !this.#canAskRest) throw new ChatError('disconnected', 'Not connected: there is no valid sign-in.');
    return { rest: this.#rest, signal: this.#generation.signal };
  }

  // ————— What is told

  #enter(phase: Phase): void {
    this.#phase = phase;
    this.#report({ type: 'phase', phase });
    if (!this.#polling) this.#schedulePoll();
  }

  #problem(detail: string): void {
    this.#report({ type: 'problem', problem: { code: 'server_error', detail } });
  }

  #report(event: SessionEvent): void {
    this.#options.report(event);
  }
}

/** Why a socket that had been up has ended. */
const END_REASONS: Partial<Record<number, ReasonCode>> = {
  [CloseCode.unauthorized]: 'token_changed',
  [CloseCode.goingAway]: 'server_restarting',
  [CloseCode.serviceRestart]: 'server_restarting',
  [CloseCode.timeout]: 'connection_silent',
  [CloseCode.abnormal]: 'connection_lost',
};

/** What a failed request means; 'unreachable' needs a second look. */
const ERROR_REASONS: Partial<Record<ErrorCode, ReasonCode>> = {
  forbidden: 'access_refused',
  timeout: 'server_slow',
  unexpected_answer: 'unexpected_answer',
  not_found: 'unexpected_answer',
};
