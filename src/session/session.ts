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
import { afterClose, CloseCode, idKey, sameId, type ChatFrame, type ClientFrame, type FrameOf, type Id, type Message } from '../protocol/index.js';
import {
  ChatError,
  makeAddress,
  notificationsSocket,
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
import { backoff, SPREAD } from './backoff.js';
import type { Method, Outgoing, Report, SessionEvent } from './events.js';
import { Line, type OpenSocket } from './line.js';
import type { NotificationFeed } from './notifications.js';
import { LazyOutbox } from './lazy-outbox.js';
import type { Lines } from './outbox.js';
import type { NextTry, Phase } from './phase.js';
import { Reader } from './reader.js';
import { loadCatchUp } from './room-history.js';
import type { ReasonCode } from './reasons.js';
import type { Leader } from './sharing.js';
import { TabLink, takeTurn, type TabMessage, type TabParts } from './tabs.js';
import { readClaims, TokenKeeper, type AskForToken } from './token.js';
import type { Vault } from './vault.js';

/** How long things may take, in milliseconds. */
export interface Timing {
  /** Between two polls while no socket is up. Default 5,000. */
  pollMs: number;
  /** Between two re-reads while connected to a backend that does not tell everything on the socket. Default 15,000. */
  rereadMs: number;
  /** Between two looks whether anything is missing, while connected to a backend that counts (`sync`). Default 60,000. */
  checkMs: number;
  /** Until a message sent by socket must be confirmed. Default 6,000. */
  confirmMs: number;
  /** Until the server's greeting must be there. Default 10,000. */
  handshakeMs: number;
  /** Of silence, before a ping, where the server does not say. Default 25,000. */
  heartbeatMs: number;
  /** Until a REST request, or a question to the page, counts as lost. Default 15,000. */
  requestMs: number;
}

export const DEFAULT_TIMING: Timing = {
  pollMs: 5_000,
  rereadMs: 15_000,
  checkMs: 60_000,
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
  /** Where messages are kept. Default: this device. */
  vault?: Vault | undefined;
  tabs: TabParts;
  timing?: Partial<Timing> | undefined;
  WebSocket?: typeof WebSocket | undefined;
  fetch?: typeof fetch | undefined;
}

export interface Setup extends AddressParts {
  token: string;
  auth?: AuthMode | undefined;
  /** Whether the page can be asked for a token when there is none. */
  canAsk: boolean;
  /** Whether the tabs of one person share one socket. Default true. */
  share?: boolean | undefined;
  /** Whether to listen to the notifications socket too. Default false. */
  notifications?: boolean | undefined;
}

const AUTH_MODES: readonly AuthMode[] = ['query', 'subprotocol', 'ticket'];
/** Tries that fail before 'reconnecting' becomes 'nothing works'. */
const PATIENCE = 3;
/** So long a line must have been caught up before its end counts as a first failure again, in milliseconds. */
const HEALTHY_MS = 10_000;
/** A hint that the network is back is followed at most this often, in milliseconds: some browsers give one every moment. */
const HINT_MS = 1_000;
/** So often in a row a hole is filled before it is taken for the server's own way of counting. */
const MAX_HOLES = 3;

const NEVER = (): void => {};

/** How a socket ended, and what had come of it. */
interface Life extends SocketEnd {
  caughtUp: boolean;
  isHealthy: boolean;
  /** The token that it went by; or that it was to go over to, and may have ended of. */
  token: string;
}

export class Session {
  readonly #options: SessionOptions;
  readonly #timing: Timing;
  readonly #tokens: TokenKeeper;
  readonly #outbox: LazyOutbox;
  readonly #reader: Reader;

  #phase: Phase = { is: 'idle' };
  #setup: Setup | undefined;
  #generation = new AbortController();
  #address: Address | undefined;
  #rest: RestClient | undefined;
  #line: Line | undefined;
  /** The token that the present socket goes by, and those that it was given since and has not answered to. */
  #lineTokens: string[] = [];
  #me: Id | null = null;
  #capabilities: readonly string[] = [];
  #wasConnected = false;
  #catching: { line: Line; done: Promise<boolean> } | undefined;
  #hasHole = false;
  #next: NextTry = { attempt: 0, at: null };
  #triedAt = -Infinity;
  #tryNow: () => void = NEVER;
  /** Before this REST is not to be asked: the server said so. */
  #notBefore = 0;
  #cancelPoll: () => void = NEVER;
  #polling: Promise<void> | undefined;

  // Tabs: see tabs.ts.
  /** Which backend, and which person there. */
  #scope = '';
  #link: TabLink | undefined;
  #leader: Leader | undefined;
  /** Another tab has the socket. */
  #follows = false;
  #feed: { feed: NotificationFeed | undefined; stop: AbortController } | undefined;
  readonly #following = new Set<(message: TabMessage) => void>();

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#timing = { ...DEFAULT_TIMING, ...options.timing };
    const { clock, random, report, vault } = options;
    this.#tokens = new TokenKeeper({
      clock,
      random,
      ask: options.askForToken,
      answerMs: this.#timing.requestMs,
      onProblem: (detail) => report({ type: 'problem', problem: { code: 'token_provider', detail } }),
      onLate: (token) => {
        if (this.#setup && this.#phase.is === 'unauthorized') this.configure({ ...this.#setup, token });
      },
    });
    const session = this;
    const lines: Lines = {
      clock,
      random,
      report,
      confirmMs: this.#timing.confirmMs,
      get rest() {
        return session.#canAskRest ? session.#rest : undefined;
      },
      sendBySocket: ({ roomId, content, replyTo, localId }) =>
        this.#send({ type: 'send_message', room_id: roomId, content, ...(replyTo != null && { reply_to: replyTo }), _tempId: localId }),
      has: (capability) => this.has(capability),
      isMine: (message) => this.#isMine(message),
      newest: (roomId) => this.#reader.cursor(roomId),
      tell: (message) => this.#link?.tell(message),
      doubt: () => void this.#line?.verify(),
    };
    this.#outbox = new LazyOutbox(lines, vault);
    this.#reader = new Reader({
      report,
      answerMs: this.#timing.confirmMs,
      has: (capability) => this.has(capability),
      get rest() {
        return session.#rest;
      },
      get line() {
        return session.#line?.isUp ? session.#line : undefined;
      },
      recognise: (roomId, message) => this.#recognise(roomId, message),
      onHole: () => this.#fillHole(),
      get isComplete() {
        return session.has('user_channel') && session.#phase.is === 'connected';
      },
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
  configure(setup: Setup): void {
    const { token, canAsk, auth = 'query', ...parts } = setup;
    if (this.#goOnWith(setup)) return;
    this.#end();
    this.#setup = setup;
    const { signal } = this.#generation;
    this.#tokens.token = token;
    try {
      // Never by another way than asked for: it may have been chosen to keep the token out of addresses and logs.
      if (!AUTH_MODES.includes(auth)) throw new ChatError('unsupported_auth', `auth="${auth as string}" is not known; these are: ${AUTH_MODES.join(', ')}.`);
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

  /** Another token of the same person, and a backend that takes it on the open socket: nothing needs to begin anew. */
  #goOnWith(setup: Setup): boolean {
    const old = this.#setup;
    const { userId } = readClaims(setup.token);
    if (!old || !this.#line?.isUp || !this.has('token_refresh') || !sameId(userId, this.#me)) return false;
    if ((Object.keys({ ...old, ...setup }) as (keyof Setup)[]).some((key) => key !== 'token' && old[key] !== setup[key])) return false;
    this.#setup = setup;
    this.#tokens.token = setup.token;
    this.#tokenRenewed();
    return true;
  }

  /** Ends the socket, all requests and all timers. The outbox keeps what was not sent; `configure` goes on. */
  stop(): void {
    this.#end();
    this.#setup = undefined;
    this.#wasConnected = false;
    this.#enter({ is: 'idle' });
  }

  /** The page is put aside (frozen, or kept for the way back): as little as possible is left, and nothing is lost. */
  suspend(): void {
    if (!this.#rest) return;
    this.#end();
    this.#enter({ is: 'reconnecting', reason: 'page_asleep', next: { attempt: 0, at: null } });
  }

  /** The page is back. */
  resume(): void {
    if (this.#setup && this.#phase.is === 'reconnecting' && !this.#rest) this.configure({ ...this.#setup, token: this.#tokens.token });
  }

  /** Forgets the person: open rooms, capabilities, the outbox. @returns the messages that were not stored. */
  forget(): Outgoing[] {
    this.#reader.clear();
    this.#capabilities = [];
    this.#me = null;
    this.#scope = '';
    return this.#outbox.clear();
  }

  #end(): void {
    this.#generation.abort();
    this.#generation = new AbortController();
    this.#cancelPoll();
    this.#polling = undefined;
    this.#tokens.stop();
    this.#line?.end();
    this.#outbox.lead(false);
    this.#link?.close();
    this.#line = this.#link = this.#leader = this.#rest = undefined;
    this.#following.clear();
    this.#stopFeed();
    this.#follows = false;
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
    this.#tokens.renewInTime(() => this.#tokenRenewed());
    await this.#belong(readClaims(this.#tokens.token).userId, signal);
    for (let failed = 0; !signal.aborted; ) {
      const end = await this.#live(signal);
      if (signal.aborted) return;
      const after = afterClose(end.code);
      if (after === 'now') {
        if (this.#phase.is === 'connected') this.#enter({ is: 'reconnecting', reason: 'tab_changed', next: { attempt: 0, at: null } });
        continue;
      }
      failed = end.isHealthy ? 1 : failed + 1;
      const refused = after === 'renew';
      if (refused) {
        this.#enter({ is: 'reconnecting', reason: 'token_changed', next: { attempt: 0, at: null } });
        if (!(await this.#renew(end.token, signal)) || signal.aborted) return;
      }
      if (refused && failed > PATIENCE) return this.#refuse(end.token);
      const attempt = after === 'spread' && end.caughtUp ? Math.max(failed, SPREAD) : failed;
      const waitMs = refused && failed === 1 ? 0 : backoff(attempt, this.#options.random);
      this.#next = { attempt: failed, at: this.#options.clock.now() + waitMs };
      await this.#afterLoss(end, signal);
      if (signal.aborted) return;
      // REST has just renewed the token: the socket need not wait.
      if (end.token !== this.#tokens.token && failed < PATIENCE) continue;
      await this.#pause(Math.max(this.#next.at!, this.#notBefore) - this.#options.clock.now(), signal);
      if (signal.aborted) return;
      this.#next = { ...this.#next, at: null };
      if ('next' in this.#phase && this.#phase.next) this.#enter({ ...this.#phase, next: this.#next });
    }
  }

  /** Opens a socket and lives with it until it ends. */
  async #live(signal: AbortSignal): Promise<Life> {
    const { clock } = this.#options;
    const { token } = this.#tokens;
    const auth = this.#setup?.auth ?? 'query';
    const life: Life = { code: CloseCode.abnormal, reason: '', caughtUp: false, isHealthy: false, token };
    let connectedAt = Infinity;
    let line: Line;
    this.#triedAt = clock.now();
    this.#lineTokens = [token];
    try {
      const open = this.#follows ? await this.#followLeader(signal) : undefined;
      const credential = auth === 'ticket' && !open ? await this.#usable().rest.ticket(signal) : token;
      stillWanted(signal);
      // Meanwhile the socket has passed to another tab, or to this one.
      if (this.#follows !== (open !== undefined)) return { ...life, code: CloseCode.leaderGone };
      line = new Line({
        address: this.#address!.socket,
        token: credential,
        auth,
        open,
        clock,
        handshakeMs: this.#timing.handshakeMs,
        heartbeatMs: this.#timing.heartbeatMs,
        WebSocket: this.#options.WebSocket,
        onGreeting: (frame) => {
          this.#greeted(frame, signal);
          void this.#catchUp(line).then((done) => {
            if (!done) return;
            life.caughtUp = true;
            connectedAt = Math.min(connectedAt, clock.now());
            this.#connected();
          });
        },
        onFrame: (frame) => this.#onFrame(frame),
        onText: (text) => this.#leader?.text(text),
        onProblem: (problem) => this.#report({ type: 'problem', problem }),
      });
    } catch (thrown) {
      const { code, message } = toChatError(thrown);
      if (code === 'unauthorized') return { ...life, code: CloseCode.unauthorized };
      // What REST could not do, REST will explain.
      if (code === 'bad_url') this.#problem(message);
      return life;
    }
    this.#line = line;
    this.#reader.newLine();
    const giveUp = (): void => line.end();
    signal.addEventListener('abort', giveUp);
    const end = await line.ended;
    signal.removeEventListener('abort', giveUp);
    // By now another generation may have opened its own.
    if (this.#line === line) this.#line = undefined;
    if (!signal.aborted) {
      this.#outbox.box?.socketEnded();
      this.#leader?.ended();
    }
    return { ...life, ...end, token: this.#lineTokens[1] ?? this.#lineTokens[0] ?? token, isHealthy: clock.now() - connectedAt >= HEALTHY_MS };
  }

  /** Says what happened, after having asked REST where the socket alone cannot know. */
  async #afterLoss(end: Life, signal: AbortSignal): Promise<void> {
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

  /** Something says that the network may have come back, or gone (the browser, a page that is looked at again). */
  hint(): void {
    if (this.#line) this.#line.probe();
    else if (this.#options.clock.now() - this.#triedAt >= HINT_MS) this.#tryNow();
  }

  #greeted(frame: FrameOf<'connection_established'>, signal: AbortSignal): void {
    // First, because another person's name makes the store forget everything, us included.
    this.#report({ type: 'user', id: frame.user_id, username: frame.username });
    this.#me = frame.user_id;
    this.#capabilities = frame.capabilities;
    this.#report({ type: 'offer', capabilities: frame.capabilities, limits: frame.limits ?? {} });
    if (frame.timestamp) this.#tokens.serverTime = Date.parse(frame.timestamp);
    this.#tokens.renewInTime(() => this.#tokenRenewed());
    void this.#belong(frame.user_id, signal);
    this.#leader?.greet();
    void this.#startFeed(frame.user_id);
  }

  // ————— Notifications: by the tab that has the socket

  async #startFeed(userId: Id): Promise<void> {
    if (!this.#setup?.notifications || this.#follows || this.#feed) return;
    const stop = new AbortController();
    const mine: { feed: NotificationFeed | undefined; stop: AbortController } = { feed: undefined, stop };
    this.#feed = mine;
    const part = await import('./notifications.js').catch(() => undefined);
    // Not to be had without a network: the next greeting tries again.
    if (!part && this.#feed === mine) this.#feed = undefined;
    if (!part || stop.signal.aborted) return;
    const { clock, random, WebSocket } = this.#options;
    const auth = this.#setup.auth ?? 'query';
    mine.feed = new part.NotificationFeed({
      clock,
      random,
      WebSocket,
      auth,
      address: notificationsSocket(this.#address!, userId),
      credential: async () => (auth === 'ticket' ? this.#usable().rest.ticket(stop.signal) : this.#tokens.token),
      renew: () => this.#tokens.renew(this.#tokens.token),
      report: (state, fresh) => {
        this.#link?.tell({ kind: 'notifications', state, fresh });
        this.#report({ type: 'notifications', state, fresh });
      },
      onProblem: (problem) => this.#report({ type: 'problem', problem }),
      signal: stop.signal,
    });
  }

  #stopFeed(): void {
    this.#feed?.stop.abort();
    this.#feed = undefined;
  }

  /** Marks a notification as read, or all of them. @returns whether it could be told. */
  markNotificationRead(id?: Id): boolean {
    return this.#feed?.feed?.markRead(id) ?? false;
  }

  // ————— Catch up: after every greeting, and wherever something is found missing

  /** @returns false when the line ended before everything was read. */
  #catchUp(line: Line): Promise<boolean> {
    if (this.#catching?.line !== line) {
      const done = this.#catchUpOf(line).finally(() => {
        if (this.#catching?.line === line) this.#catching = undefined;
      });
      this.#catching = { line, done };
    }
    return this.#catching.done;
  }

  async #catchUpOf(line: Line): Promise<boolean> {
    let holes = 0;
    for (let attempt = 1; !line.signal.aborted; ) {
      try {
        this.#hasHole = false;
        await this.#reader.catchUp(line);
        // Another one was found behind the one that was filled.
        if (this.#hasHole && ++holes < MAX_HOLES) continue;
        this.#outbox.wake();
        return !line.signal.aborted;
      } catch (thrown) {
        const error = toChatError(thrown);
        if (line.signal.aborted || error.code === 'unauthorized') return false;
        // The socket lives, so messages come and go; but what came in meanwhile cannot be read yet, and we say so.
        const waitMs = Math.max(backoff(attempt, this.#options.random), error.retryAfterMs ?? 0);
        this.#enter({ is: 'reconnecting', reason: 'catching_up', next: { attempt: attempt++, at: this.#options.clock.now() + waitMs } });
        await this.#pause(waitMs, line.signal);
      }
    }
    return false;
  }

  #fillHole(): void {
    this.#hasHole = true;
    const line = this.#line;
    if (line?.isUp) void this.#catchUp(line).then((done) => done && this.#connected());
  }

  #connected(): void {
    this.#wasConnected = true;
    void loadCatchUp().catch(NEVER);
    if (this.#phase.is !== 'connected') this.#enter({ is: 'connected' });
  }

  // ————— Tabs: one of them holds the socket, one of them sends

  /** It is known whose connection this is. @returns when it is clear which tab has the socket. */
  async #belong(userId: Id | null, signal: AbortSignal): Promise<void> {
    // Nobody can know yet whom this tab would share with, nor for whom messages would be kept.
    if (userId === null) return this.#outbox.lead(true);
    const { tabs } = this.#options;
    const scope = `${this.#address!.base} ${idKey(userId)}`;
    if (this.#link && scope === this.#scope) return;
    this.#scope = scope;
    this.#link?.close();
    this.#link = new TabLink(scope, tabs, (message) => void this.#onTab(message, signal));
    this.#outbox.enter(scope);
    if (!tabs.locks) return this.#outbox.lead(true);
    this.#queueToSend(tabs.locks, scope, signal);
    // One that has a socket already keeps it.
    if (tabs.BroadcastChannel && this.#setup?.share !== false && !this.#line) await this.#queueForSocket(tabs.locks, scope, signal);
  }

  #queueToSend(locks: LockManager, scope: string, signal: AbortSignal, steal = false): void {
    const lead = (on: boolean): void => {
      if (scope === this.#scope) this.#outbox.lead(on);
    };
    void takeTurn(locks, `unified-chat outbox ${scope}`, signal, () => lead(true), () => (lead(false), this.#queueToSend(locks, scope, signal)), steal);
  }

  async #queueForSocket(locks: LockManager, scope: string, signal: AbortSignal, steal = false): Promise<void> {
    const isFree = await takeTurn(
      locks,
      `unified-chat socket ${scope}`,
      signal,
      () => this.#follow(false),
      () => {
        this.#follow(true);
        void this.#queueForSocket(locks, scope, signal);
      },
      steal,
    );
    if (!isFree) this.#follow(true);
  }

  #follow(on: boolean): void {
    if (on === this.#follows) return;
    this.#follows = on;
    this.#leader = undefined;
    this.#stopFeed();
    this.#line?.end(CloseCode.leaderGone, 'another tab');
    this.#tryNow();
  }

  async #followLeader(signal: AbortSignal): Promise<OpenSocket | undefined> {
    const sharing = await import('./sharing.js').catch(() => undefined);
    stillWanted(signal);
    // Not to be had without a network: then this tab has a socket of its own.
    if (!sharing) this.#follows = false;
    if (!sharing || !this.#follows) return undefined;
    const { locks } = this.#options.tabs;
    const link = this.#link!;
    return sharing.follow({
      link,
      listen: (onTab) => {
        this.#following.add(onTab);
        return () => this.#following.delete(onTab);
      },
      after: (ms, run) => this.#options.clock.after(ms, run),
      // It holds the lock and does nothing: stopped by a dialog or a debugger, or put aside without being told.
      onSilence: () => {
        this.#queueToSend(locks!, this.#scope, signal, true);
        void this.#queueForSocket(locks!, this.#scope, signal, true);
      },
    });
  }

  async #onTab(message: TabMessage, signal: AbortSignal): Promise<void> {
    switch (message.kind) {
      case 'join':
        if (this.#follows || this.#leader) return this.#leader?.onTab(message);
        return this.#becomeLeader(signal);
      case 'send':
        return this.#leader?.onTab(message);
      case 'greeting':
      case 'text':
      case 'ended':
        for (const listen of [...this.#following]) listen(message);
        // The other tab has its socket back: so have we.
        if (message.kind === 'greeting' && message.text !== null && this.#follows && !this.#line) this.#tryNow();
        return;
      case 'notifications':
        return this.#report({ type: 'notifications', state: message.state, fresh: message.fresh });
      default:
        return this.#outbox.box?.onTab(message);
    }
  }

  async #becomeLeader(signal: AbortSignal): Promise<void> {
    if (this.#setup?.share === false) return;
    const sharing = await import('./sharing.js').catch(() => undefined);
    if (!sharing || signal.aborted || this.#follows || !this.#link) return;
    this.#leader ??= new sharing.Leader(this.#link, () => this.#line);
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
      await this.#reader.listByRest(signal);
      await this.#reader.readOpen(signal);
      if (signal.aborted) return;
      this.#outbox.wake();
      this.#restAnswered();
    } catch (thrown) {
      const error = toChatError(thrown);
      if (signal.aborted || error.code === 'aborted') return;
      // Renewed, and refused again: asking once more would only turn in a circle.
      if (error.code === 'unauthorized') return this.#refuse(this.#tokens.token);
      if (error.retryAfterMs) this.#notBefore = this.#options.clock.now() + error.retryAfterMs;
      const reason = await this.#explain(error, signal);
      if (!signal.aborted) this.#restFailed(reason);
    }
  }

  #schedulePoll(): void {
    this.#cancelPoll();
    this.#cancelPoll = NEVER;
    const { is } = this.#phase;
    if (is === 'idle' || is === 'unauthorized' || !this.#rest) return;
    const isLive = is === 'connected' && this.has('user_channel');
    // A backend that counts may lose a frame behind its own back, and nobody would know before the next one of that room.
    if (isLive && !this.has('sync')) return;
    const { checkMs, rereadMs, pollMs } = this.#timing;
    const ms = Math.max(isLive ? checkMs : is === 'connected' ? rereadMs : pollMs, this.#notBefore - this.#options.clock.now());
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
    if (renewed) this.#tokens.renewInTime(() => this.#tokenRenewed());
    else this.#refuse(refused);
    return renewed;
  }

  /** There is another token, and the old one is still good: the open socket goes over to it, where it can. */
  #tokenRenewed(): void {
    this.#tokens.renewInTime(() => this.#tokenRenewed());
    const { token } = this.#tokens;
    if (this.has('token_refresh') && this.#send({ type: 'authenticate', token })) this.#lineTokens.push(token);
  }

  /** Ends here until the page has another token. */
  #refuse(token: string): void {
    const expired = token === this.#tokens.token && this.#tokens.isExpired;
    // Another tab may have a better token, and sends what is written here.
    const link = this.#link;
    this.#link = undefined;
    this.#end();
    this.#link = link;
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
      case 'message_ack':
        return void this.#recognise(frame.room_id, frame.message, frame._tempId);
      case 'new_message': {
        const { message, _tempId } = frame;
        const localId = this.#recognise(frame.room_id, message, message._tempId ?? _tempId);
        return this.#reader.take({ ...frame, message: { ...message, _tempId: localId } });
      }
      case 'error':
        this.#outbox.box?.failed(frame);
        return this.#problem(frame.message);
      case 'authenticated':
        this.#lineTokens.shift();
        return;
      case 'token_expiring':
        return void this.#tokens.renewNow(() => this.#tokenRenewed());
      default:
        this.#reader.take(frame);
    }
  }

  // ————— What goes out

  /**
   * Delivers a message, now or as soon as there is a way. Answers come as `stored` or `refused`.
   * @param shown called when it is kept and may be shown as being sent.
   */
  deliver(outgoing: Outgoing, shown: () => void): void {
    this.#outbox.add(outgoing, shown);
  }

  #recognise(roomId: Id, message: Message, tempId = message._tempId): string | undefined {
    const { box } = this.#outbox;
    return box ? box.recognise(roomId, message, tempId) : tempId;
  }

  /** What was written for a room and not sent, on this device. */
  async draft(roomId: Id): Promise<string> {
    return (this.#scope && (await this.#outbox.vault())?.draft(this.#scope, roomId)) || '';
  }

  async putDraft(roomId: Id, text: string): Promise<void> {
    if (this.#scope) await (await this.#outbox.vault())?.putDraft(this.#scope, roomId, text);
  }

  /** Forgets everything of everybody on this device. */
  async purge(): Promise<void> {
    await (await this.#outbox.vault())?.purge();
  }

  retry(localId: string): boolean {
    return this.#outbox.box?.retry(localId) ?? false;
  }

  discard(localId: string): void {
    this.#outbox.discard(localId);
  }

  /** Reads the list of rooms anew, by socket or else by REST. @throws {ChatError} */
  async refreshRooms(): Promise<Method> {
    if (await this.#reader.listBySocket(this.#line)) return 'websocket';
    await this.#reader.listByRest(this.#usable().signal);
    return 'rest';
  }

  /** Shows a room: loads its newest messages and keeps them complete until `close`. */
  open(roomId: Id): void {
    // Without a connection, the catch-up to come reads it.
    if (this.#reader.open(roomId) && this.#rest && this.#canAskRest) void this.#reader.read(roomId, this.#generation.signal);
  }

  /** Tries again to load a room whose history failed. */
  reload(roomId: Id): void {
    void this.#reader.read(roomId, this.#generation.signal);
  }

  close(roomId: Id): void {
    this.#reader.close(roomId);
  }

  /** Loads the page of history before a message. @throws {ChatError} */
  async loadOlder(roomId: Id, before: Id): Promise<void> {
    const { rest, signal } = this.#usable();
    await this.#reader.readOlder(roomId, before, rest, signal);
  }

  /**
   * Marks a whole room as read, by socket or else message by message over REST.
   * @param unread the ids of its unread messages, for REST.
   * @throws {ChatError}
   */
  async markRead(roomId: Id, unread: readonly Id[]): Promise<void> {
    if (this.#send({ type: 'mark_read', room_id: roomId, message_ids: [] })) {
      const line = this.#line!;
      // Where nobody answers, it may not have arrived: then the line is dead, and the next one brings the true counts.
      if (!(await line.sees(this.#timing.confirmMs, (frame) => frame.type === 'messages_marked_read' && sameId(frame.room_id, roomId)))) void line.verify();
      return;
    }
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
  [CloseCode.policy]: 'connection_refused',
  [CloseCode.tooBig]: 'connection_refused',
  [CloseCode.serverError]: 'server_failing',
  [CloseCode.tryAgainLater]: 'server_busy',
  [CloseCode.timeout]: 'connection_silent',
  [CloseCode.abnormal]: 'connection_lost',
};

/** What a failed request means; 'unreachable' needs a second look. */
const ERROR_REASONS: Partial<Record<ErrorCode, ReasonCode>> = {
  forbidden: 'access_refused',
  timeout: 'server_slow',
  rate_limited: 'server_busy',
  unexpected_answer: 'unexpected_answer',
  not_found: 'unexpected_answer',
};
