/**
 * One person's connection to one backend: the front door of everything that is no element.
 *
 * It owns the state and the session. Elements (or a page without any) ask it for things; it shows them at once, has
 * the session do them, and whatever comes back changes the state by the same way in. Its identity never changes, so
 * it can be handed on by context; whoever shows something subscribes to the slice of state it shows.
 */
import type { Finding, Report } from '../doctor/findings.js';
import { idKey, sameId, type Id, type Message, type Room } from '../protocol/index.js';
import {
  isSamePerson,
  loadDeferred,
  loadWithDeferred,
  lazyImport,
  Session,
  type ChatState,
  type Method,
  type Reason,
  type SessionEvent,
  type TabApis,
  type Timing,
  type MessageStorage,
} from '../session/index.js';
import { ChatError, isNoAccess, parseUrl, systemClock, type Clock } from '../transport/index.js';
import type { ConnectionConfig } from './config.js';
import { ListenerRegistry, type ConnectionEvents, type Listener } from './events.js';
import { edgeOf } from '../store/timeline-entries.js';
import { newLocalId } from './local-id.js';
import { reduce, usePages, type Action } from '../store/reduce.js';
import { currentReason, isOwn, roomOf, threadOf, totalUnread } from '../store/selectors.js';
import { isSeen } from '../store/threads.js';
import { INITIAL, type ChatData, type ChatMessage, type ChatUser } from '../store/state.js';

/** What a connection is built on. All of it has a default; tests bring their own. */
export interface ConnectionDependencies {
  clock?: Clock;
  random?: () => number;
  WebSocket?: typeof WebSocket;
  fetch?: typeof fetch;
  timing?: Partial<Timing>;
  /** Where messages wait that are not stored yet. Default: this device. */
  vault?: MessageStorage;
  /** What tabs find each other with. Default: what the browser has. */
  tabs?: TabApis;
}

export interface SendOptions {
  /** The message this one answers. */
  replyTo?: Id | undefined;
}

export interface SendResult {
  method: Method;
  message: ChatMessage;
}

/** Milliseconds after its last reader has left that a room's history is still kept up to date. */
const LINGER_MS = 5_000;
/** Milliseconds after which somebody who said nothing more has stopped typing. */
const TYPING_MS = 6_000;
/** Milliseconds after the last key until a draft is kept. */
const DRAFT_MS = 400;
/** Milliseconds between two words of how far I have read a room. */
const READ_EVERY_MS = 1_000;
/** Milliseconds until the list is read again for a room that it did not have. */
const MEET_MS = 60_000;
/** Milliseconds between two words that I am typing. */
const TYPING_EVERY_MS = 3_000;

const NOTHING = (): void => {};

const loadPages = lazyImport(() => import('./deferred.js'));
loadWithDeferred(() => loadPages().then(usePages));

/** Whether the page can be asked for a token. */
const canAsk = ({ tokenProvider, tokenUrl }: ConnectionConfig): boolean => !!(tokenProvider || tokenUrl);

/** What the browser has for tabs to find each other; a page that may store nothing may not even ask. */
function tabApis(): TabApis {
  try {
    return { locks: (globalThis.navigator as Partial<Navigator> | undefined)?.locks, BroadcastChannel: globalThis.BroadcastChannel };
  } catch {
    return {};
  }
}

/** Whether a page may hold what was said while there was no socket. */
const isNews = ({ side, skipped, roomId }: Extract<SessionEvent, { type: 'history' }>, before: ChatData): boolean =>
  side === 'missed' || side === 'overlap' || (side === 'newest' && !skipped && threadOf(before, roomId).loaded);

interface Waiting {
  readonly sent: Promise<SendResult>;
  resolve(sent: SendResult): void;
  reject(error: ChatError): void;
}

export class ChatConnection {
  /** Origins besides the page's and the backend's that elements may load pictures from, with spaces between. */
  mediaHosts = '';
  #data = INITIAL;
  readonly #subscribers = new Set<(previous: ChatData) => void>();
  readonly #events = new ListenerRegistry();
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #fetch: typeof fetch;
  readonly #session: Session;
  #config: ConnectionConfig = {};
  /** The user who is signed in, as the page says; empty: none; undefined: it has never said. */
  #siteUser: string | undefined;
  /** The token that was left in place when its person signed out: it is not used again. */
  #left: { token: string; person: string | undefined | null } | undefined;
  /** The token at the last change of `user`; and the last one that was not empty. */
  #siteUserToken = '';
  #lastToken = '';
  /** What a listener of `chat-token-expired` has answered, before the session asks for it. */
  #answer: Promise<string> | string | undefined;
  #running = false;
  /** From `connect` to `disconnect`. */
  #life = new AbortController();
  readonly #pendingSends = new Map<string, Waiting>();
  /** Readers of each open room. */
  readonly #openRooms = new Map<string, { roomId: Id; count: number }>();
  readonly #timers = new Map<string, { cancel: () => void; run: () => void }>();
  /** Rooms (by their timer) in which a key was pressed since we last said so. */
  readonly #typed = new Set<string>();
  readonly #reported = new Set<string>();

  constructor(config: ConnectionConfig = {}, parts: ConnectionDependencies = {}) {
    this.#clock = parts.clock ?? systemClock;
    this.#random = parts.random ?? Math.random;
    this.#fetch = parts.fetch ?? ((input, init) => globalThis.fetch(input, init));
    this.#session = new Session({
      ...parts,
      tabs: parts.tabs ?? tabApis(),
      clock: this.#clock,
      random: this.#random,
      report: (event) => this.#onSession(event),
      askForToken: (signal) => this.#askForToken(signal),
      asksByRequest: () => !this.#config.tokenProvider && !!this.#config.tokenUrl,
      onOtherToken: (token) => this.#start(token),
      onSignedOut: () => {
        this.#left = { token: this.#config.token ?? '', person: null };
        this.#resetUser();
      },
      // Where nobody says (Node has a navigator without it), we are not offline.
      isHidden: () => globalThis.document?.visibilityState === 'hidden',
      isOffline: () => (globalThis.navigator as Partial<Navigator> | undefined)?.onLine === false,
    });
    this.configure(config);
  }

  // ————— State

  /** See docs/API.md for the eight states. */
  get state(): ChatState {
    return this.data.phase.is;
  }

  /** Why it is in this state: a stable code and an English sentence. */
  get reason(): Reason {
    return currentReason(this.data);
  }

  /** Who is signed in, as far as it is known. */
  get user(): ChatUser | null {
    return this.data.user;
  }

  /** Most recent activity first. */
  get rooms(): readonly Room[] {
    return this.data.rooms;
  }

  /** What is loaded of a room, oldest first, own messages on their way at the end. At most 2,000 stored ones, see `loadNewer`. */
  messages(roomId: Id): readonly ChatMessage[] {
    return threadOf(this.data, roomId).timeline;
  }

  /** The whole state, immutable. */
  get data(): ChatData {
    return this.#data;
  }

  /** The base of relative addresses (attachments, pictures). */
  get url(): string {
    return parseUrl(this.#config.url || '/', globalThis.location?.href)?.href ?? '';
  }

  /** Calls back after every change of the state. @returns how to stop. */
  subscribe(listener: (data: ChatData, previous: ChatData) => void): () => void {
    const tell = (previous: ChatData): void => {
      try {
        listener(this.#data, previous);
      } catch (thrown) {
        // A page's mistake must not stop the connection; it belongs in the page's own error log.
        globalThis.reportError?.(thrown);
      }
    };
    this.#subscribers.add(tell);
    return () => void this.#subscribers.delete(tell);
  }

  /** Listens to what happens. @returns how to stop. */
  on<Name extends keyof ConnectionEvents>(name: Name, listener: Listener<Name>): () => void {
    return this.#events.on(name, listener);
  }

  /** Whether it is for this `url` and `token`. */
  serves(url: string | undefined, token: string): boolean {
    return this.#config.token === token && (this.#config.url ?? '') === (url ?? '');
  }

  // ————— Connecting

  /** Changes the configuration; a running connection goes over to it without losing anything. */
  configure(changes: ConnectionConfig): void {
    const old = this.#config;
    const config = { ...old, ...changes };
    const keys = Object.keys(config) as (keyof ConnectionConfig)[];
    if (keys.every((key) => config[key] === old[key])) return;
    this.#config = config;
    const before = this.#siteUser;
    if (config.user !== undefined || before !== undefined) this.#siteUser = String(config.user ?? '');
    const left = !!before && before !== this.#siteUser;
    if (config.token !== old.token) this.#left = undefined;
    // A token that certainly belongs to another user than the last one is already the new user's.
    else if (left && config.token && this.#left?.token !== config.token && isSamePerson(this.#siteUserToken, config.token) !== false) this.#left = { token: config.token, person: before };
    if (this.#siteUser !== before || !this.#siteUserToken) this.#siteUserToken = config.token ?? '';
    const elsewhere = config.url !== old.url || config.apiPath !== old.apiPath || config.wsPath !== old.wsPath;
    const signedOut = !config.token && !canAsk(config) && (!!old.token || canAsk(old));
    // A connection that does not run cannot ask the server.
    const isUncertain = !this.#running && !!this.#lastToken && !!config.token && !isSamePerson(this.#lastToken, config.token);
    this.#lastToken = config.token || this.#lastToken;
    if (left || isUncertain || ((elsewhere || signedOut) && Object.keys(old).length > 0) || this.#session.isOther(config.token ?? '')) this.#resetUser();
    // A framework may hand us another closure at every drawing: the next question goes to it, and nothing else changes.
    const asksOnly = old.tokenProvider && config.tokenProvider;
    if (!this.#running) return;
    if (keys.every((key) => config[key] === old[key] || (asksOnly && key === 'tokenProvider'))) this.askAgain();
    else this.#start();
  }

  /** Connects, and stays so until `disconnect`. */
  connect(): void {
    if (this.#running) return;
    this.#running = true;
    this.#life = new AbortController();
    this.#start();
  }

  /** Ends the socket, all requests and timers. What was not sent waits for the next `connect`. */
  disconnect(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#life.abort();
    this.#flushTimers();
    this.#session.stop();
  }

  /** What was to happen later happens now: rooms are left, drafts kept, nobody types any more. */
  #flushTimers(): void {
    this.#typed.clear();
    for (const [name, { run }] of this.#timers) {
      this.#cancelTimer(name);
      run();
    }
  }

  /** Tries to connect now instead of when the time has come. */
  retryNow(): void {
    this.#session.retryNow();
    if (this.#running && /^[iu]/.test(this.state)) this.#start();
  }

  /** The page may have a token now: asks again, at a bounded rate. */
  askAgain(): void {
    // Without an answer nothing happens; with one, the connection is not idle any more.
    if (this.#running && this.state === 'idle') this.#start();
    else if (this.state === 'unauthorized') this.#session.onNetworkHint();
  }

  /** Whether the page has said that no user is signed in (`user`). */
  get isSignedOut(): boolean {
    return this.#siteUser === '';
  }

  /**
   * Examines the backend from here (docs/DOCTOR.md), and changes nothing in it. The doctor is loaded for it.
   * @param onFinding hears each finding as it comes; what it throws ends the examination.
   * @param signal gives it up.
   * @throws where the doctor cannot be loaded; {@link ChatError} `aborted`.
   */
  diagnose(onFinding?: (finding: Finding) => void, signal?: AbortSignal): Promise<Report> {
    return loadPages().then(({ diagnose }) => diagnose(this.#config, (given) => this.#askForToken(given), onFinding, signal));
  }

  /** Starts the session again, with a token that may belong to another user. */
  #start(token = this.#config.token ?? ''): void {
    if (this.isSignedOut || (token === this.#left?.token && this.#siteUser !== this.#left.person)) token = '';
    if (this.#session.isOther(token)) this.#resetUser();
    const { tokenProvider, user, ...parts } = this.#config;
    // An answer to an earlier question would be stale.
    this.#answer = undefined;
    const mayAsk = !this.isSignedOut && (canAsk(this.#config) || (!token && (this.#answer = this.#askListeners()) !== undefined));
    this.#session.configure({ ...parts, token, canAsk: mayAsk });
  }

  async #askForToken(signal: AbortSignal): Promise<string | undefined> {
    const { tokenProvider, tokenUrl } = this.#config;
    if (tokenProvider) return tokenProvider();
    if (tokenUrl) {
      const { fetchToken, TOKEN_TIMEOUT_MS } = await loadDeferred();
      return fetchToken(tokenUrl, { fetch: this.#fetch, clock: this.#clock, timeoutMs: TOKEN_TIMEOUT_MS, signal });
    }
    const answer = this.#answer ?? this.#askListeners();
    this.#answer = undefined;
    return answer;
  }

  /** @returns nothing where no listener answers. */
  #askListeners(): Promise<string> | string | undefined {
    let answer: Promise<string> | string | undefined;
    this.#events.emit('chat-token-expired', { respondWith: (token) => (answer = token) });
    // The caller handles the rejection, perhaps later.
    void Promise.resolve(answer).catch(() => {});
    return answer;
  }

  /** Nothing of one person is shown to, or sent as, another. */
  #resetUser(): void {
    this.#flushTimers();
    this.#session.forget();
    for (const localId of this.#pendingSends.keys()) this.#reject(localId, new ChatError('disconnected', 'Not sent: its author has signed out.'));
    this.#dispatch({ type: 'reset' });
    for (const { roomId } of this.#openRooms.values()) this.#open(roomId);
  }

  /** Another user has signed in, and the data of the last one is hidden already: what is shown now is the new user's. */
  #rejectOfFormerUser(): void {
    for (const localId of this.#pendingSends.keys()) {
      if (this.#roomOfPending(localId) === undefined) this.#reject(localId, new ChatError('disconnected', 'Not sent: its author has signed out.'));
    }
    this.selectRoom(null);
  }

  /** The new token does not name its user. What was fetched with the old one is shown again when the server says that it is the same user. */
  #hideUntilConfirmed(lost: readonly string[]): void {
    this.#flushTimers();
    for (const localId of lost) {
      const error = new ChatError('disconnected', 'Not sent: the sign-in has changed.');
      const roomId = this.#roomOfPending(localId);
      this.#reject(localId, error);
      if (roomId !== undefined) this.#events.emit('chat-send-failed', { roomId, localId, error });
    }
    const { selected } = this.data;
    this.#dispatch({ type: 'reset' });
    this.#dispatch({ type: 'select', roomId: selected });
    for (const { roomId } of this.#openRooms.values()) this.#session.open(roomId);
  }

  // ————— Rooms

  /** Reads the list of rooms anew. @throws {ChatError} where neither way works. */
  async refreshRoomList(): Promise<{ method: Method; rooms: readonly Room[] }> {
    const method = await this.#session.refreshRooms();
    return { method, rooms: this.rooms };
  }

  /** Chooses the room that threads without a room of their own show. `null`, or an empty string: none. */
  selectRoom(roomId: Id | null | undefined): void {
    const selected = roomId || roomId === 0 ? roomId : null;
    if (selected !== this.data.selected) this.#dispatch({ type: 'select', roomId: selected });
  }

  /** Loads a room and keeps it up to date while somebody shows it. @returns how to leave. */
  openRoom(roomId: Id): () => void {
    const key = idKey(roomId);
    this.#cancelTimer(`close ${key}`);
    const room = this.#openRooms.get(key) ?? { roomId, count: 0 };
    this.#openRooms.set(key, room);
    room.count++;
    this.#open(roomId);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      if (--room.count > 0) return;
      this.#openRooms.delete(key);
      if (this.#running) this.#timer(`close ${key}`, LINGER_MS, () => this.#close(roomId));
      else this.#close(roomId);
    };
  }

  #open(roomId: Id): void {
    this.#dispatch({ type: 'open', roomId });
    this.#session.open(roomId, edgeOf(this.messages(roomId)));
  }

  #close(roomId: Id): void {
    this.#session.close(roomId);
    this.#dispatch({ type: 'close', roomId });
  }

  /**
   * Loads the page of history before the first loaded message. Does nothing when there is none. At most 2,000 messages stay loaded: the
   * newest are released, and `hasNewer` says so.
   * @throws {ChatError}
   */
  async loadOlder(roomId: Id): Promise<void> {
    const { hasOlder, loading } = threadOf(this.data, roomId);
    if (hasOlder && !loading) await this.#load(roomId, 'older');
  }

  /** Loads the page of history after the last loaded message, where the newest were released. Else does nothing. @throws {ChatError} */
  async loadNewer(roomId: Id): Promise<void> {
    const { hasNewer, loading } = threadOf(this.data, roomId);
    if (hasNewer && !loading) await this.#load(roomId, 'newer');
  }

  async #load(roomId: Id, side: 'older' | 'newer'): Promise<void> {
    const edge = (): ChatMessage | undefined => edgeOf(this.messages(roomId), side);
    const from = edge();
    if (from) await this.#session.loadPage(roomId, side, from.id);
    // A backend that answers with the same page again: what is between cannot be had.
    if (side === 'newer' && sameId(edge()?.id, from?.id)) await this.loadNewest(roomId);
  }

  /** Returns to the newest page, where the newest messages were released. Else does nothing. A failure is shown in the thread. */
  async loadNewest(roomId: Id): Promise<void> {
    if (threadOf(this.data, roomId).hasNewer) await this.#session.reload(roomId, true);
  }

  /** Tries again to load a room whose history could not be loaded. */
  reload(roomId: Id): void {
    void this.#session.reload(roomId);
  }

  /** One reader more, or one less, reads a room further up: what they look at stays loaded when messages come in at the end. */
  setAway(roomId: Id, on: boolean): void {
    this.#dispatch({ type: 'away', roomId, on });
  }

  /** Marks everything in a room as read. @throws {ChatError} */
  markRead(roomId: Id): Promise<void> {
    return this.#markRead(roomId);
  }

  async #markRead(roomId: Id, upTo?: Id): Promise<void> {
    const { user } = this;
    const unread = this.messages(roomId).filter((message) => message.delivery === 'sent' && !message.is_read && !isOwn(this.data, message));
    this.#dispatch({ type: 'mark-read', roomId });
    const ids = unread.slice(-50).map(({ id }) => id);
    await this.#session.markRead(roomId, ids, upTo);
    if (user && sameId(user.id, this.user?.id) && ids.length > 0) this.#dispatch({ type: 'frame', frame: { type: 'message_read', room_id: roomId, user_id: user.id, message_ids: ids, up_to: undefined } });
  }

  /** One reader more, or one less, has the end of a room before their eyes: then what comes in is read at once. */
  setViewing(roomId: Id, on: boolean): void {
    this.#dispatch({ type: 'reading', roomId, on });
    if (on && (roomOf(this.data, roomId)?.unread_count ?? 0) > 0) this.#sendReceipt(roomId);
    const name = `read ${idKey(roomId)}`;
    const waiting = this.#timers.get(name);
    if (on || !waiting || waiting.run === NOTHING) return;
    this.#cancelTimer(name);
    waiting.run();
  }

  /**
   * Tells how far a room was read: at once, and then at most once a second; the rest when it is left. Where it fails, the next message
   * or the next list brings it up again.
   */
  #sendReceipt(roomId: Id): void {
    const name = `read ${idKey(roomId)}`;
    const waiting = this.#timers.get(name);
    if (this.#isBeforeSocket) return;
    if (waiting) return void (waiting.run = () => this.#sendReceipt(roomId));
    this.#timer(name, READ_EVERY_MS, NOTHING);
    void this.#markRead(roomId, edgeOf(this.messages(roomId))?.id).catch(NOTHING);
  }

  /** Whether the first socket is still to come. */
  get #isBeforeSocket(): boolean {
    return this.state === 'connecting' && !this.#session.socket;
  }

  /** Marks a notification as read, or all of them. @returns whether it could be told to the backend. */
  markNotificationRead(id?: Id): boolean {
    return this.#session.markNotificationRead(id);
  }

  // ————— Messages

  /**
   * Sends a message; it is shown at once.
   * @returns when the server has stored it, and which way it went.
   * @throws {ChatError} when it was refused for good; it stays in the thread, to `retry` or `discard`.
   */
  sendChatMessage(roomId: Id, content: string, { replyTo }: SendOptions = {}): Promise<SendResult> {
    const text = content.trim();
    const longest = this.data.limits.content;
    if (this.isSignedOut) return Promise.reject(new ChatError('unauthorized', 'You are not signed in.'));
    if (!text) return Promise.reject(new ChatError('empty_message', 'A message needs some text.'));
    if (longest !== undefined && text.length > longest) {
      return Promise.reject(new ChatError('message_too_long', `The message has ${text.length} characters; this server takes ${longest}.`));
    }
    const localId = newLocalId();
    const original: Message | undefined = replyTo == null ? undefined : this.messages(roomId).find(({ id }) => sameId(id, replyTo));
    const at = this.#clock.now();
    const sent = this.#promise(localId);
    void this.#session.outbox.add({ localId, roomId, content: text, replyTo }, () => {
      this.#dispatch({ type: 'send', draft: { localId, roomId, content: text, replyTo: original, at } });
    });
    this.typing(roomId, false);
    return sent;
  }

  /** Sends a refused message again, under the same id. @throws {ChatError} as `sendChatMessage`. */
  retry(localId: string): Promise<SendResult> {
    const roomId = this.#roomOfPending(localId);
    if (roomId === undefined) return Promise.reject(new ChatError('not_found', 'There is no such message to send again.'));
    const waiting = this.#pendingSends.get(localId);
    if (waiting) return waiting.sent;
    this.#dispatch({ type: 'resent', localId });
    const sent = this.#promise(localId);
    if (!this.#session.outbox.retry(localId)) this.#reject(localId, new ChatError('not_found', 'There is no such message to send again.'));
    return sent;
  }

  /** Gives up a message that is not stored. */
  discard(localId: string): void {
    const roomId = this.#roomOfPending(localId);
    if (roomId === undefined) return;
    this.#session.outbox.discard(localId);
    this.#dispatch({ type: 'discard', roomId, localId });
    this.#reject(localId, new ChatError('discarded', 'The message was discarded before it was stored.'));
  }

  /** What was written in a room and not sent, kept on this device; waits until it is known who is there. Empty where there is nothing. */
  draft(roomId: Id): Promise<string> {
    return this.#session.outbox.draft(roomId);
  }

  /** Keeps what is written in a room until it is sent. Call it as often as you like. */
  saveDraft(roomId: Id, text: string): void {
    const timer = `draft ${idKey(roomId)}`;
    const keep = (): void => void this.#session.outbox.saveDraft(roomId, text);
    if (text) return this.#timer(timer, DRAFT_MS, keep);
    // Sent, or taken back: it must not be there when the page is loaded anew.
    this.#cancelTimer(timer);
    keep();
  }

  /**
   * Forgets what this device keeps, of everybody: messages that are not stored, and drafts. For a shared computer.
   * @throws {ChatError} `unreachable` when the browser's storage does not answer: what it holds is still there.
   */
  async clearLocalData(): Promise<void> {
    this.#cancelDrafts();
    await this.#session.purge(() => {
      for (const { timeline } of this.data.threads.values()) {
        for (const { localId, delivery } of timeline) if (localId && delivery !== 'sent') this.discard(localId);
      }
    });
  }

  #cancelDrafts(): void {
    for (const timer of [...this.#timers.keys()]) if (timer.startsWith('draft ')) this.#cancelTimer(timer);
  }

  /** Tells the others that I type, or have stopped. Call it as often as you like. */
  typing(roomId: Id, isTyping: boolean): void {
    const timer = `typing ${idKey(roomId)}`;
    if (isTyping) this.#typed.add(timer);
    if (isTyping === this.#timers.has(timer)) return;
    this.#session.typing(roomId, isTyping);
    this.#cancelTimer(timer);
    this.#typed.delete(timer);
    // Said again as long as keys are pressed; taken back when none was for a while.
    if (isTyping) this.#timer(timer, TYPING_EVERY_MS, () => (this.#typed.has(timer) ? this.typing(roomId, true) : this.#session.typing(roomId, false)));
  }

  #promise(localId: string): Promise<SendResult> {
    let waiting!: Omit<Waiting, 'sent'>;
    const sent = new Promise<SendResult>((resolve, reject) => (waiting = { resolve, reject }));
    this.#pendingSends.set(localId, { sent, ...waiting });
    // Most callers watch the thread instead: for them a refusal is no unhandled rejection.
    sent.catch(() => {});
    return sent;
  }

  #reject(localId: string, error: ChatError): void {
    this.#pendingSends.get(localId)?.reject(error);
    this.#pendingSends.delete(localId);
  }

  #roomOfPending(localId: string): Id | undefined {
    for (const { timeline } of this.data.threads.values()) {
      const entry = timeline.findLast((candidate) => candidate.localId === localId && candidate.delivery !== 'sent');
      if (entry?.room !== undefined) return entry.room;
    }
    return undefined;
  }

  // ————— The way in

  #dispatch(action: Action): void {
    const before = this.data;
    const after = (this.#data = reduce(before, action));
    if (after !== before) for (const tell of this.#subscribers) tell(before);
    if (before.phase.is !== after.phase.is || currentReason(before).code !== currentReason(after).code) {
      this.#events.emit('chat-state-change', { state: after.phase.is, previous: before.phase.is, reason: currentReason(after) });
    }
    if (before.rooms !== after.rooms && totalUnread(before) !== totalUnread(after)) {
      this.#events.emit('chat-unread-change', { total: totalUnread(after) });
    }
  }

  #onSession(event: SessionEvent): void {
    if (event.type === 'user' && event.isOther) {
      if (event.isHidden) this.#rejectOfFormerUser();
      else this.#resetUser();
    }
    if (event.type === 'person-uncertain') return this.#hideUntilConfirmed(event.lost);
    const before = this.data;
    this.#dispatch(event);
    if (this.data.early !== before.early) loadDeferred().then(() => this.#dispatch({ type: 'late' }), NOTHING);
    switch (event.type) {
      case 'rooms':
        // Shown as read already; the server must know it too, also of what is not loaded yet.
        // Not before a socket may be there: REST would be told message by message.
        for (const { id, unread_count } of event.rooms) if (!this.#isBeforeSocket && unread_count > 0 && this.data.reading.includes(idKey(id))) void this.markRead(id).catch(NOTHING);
        return;
      case 'live-message':
        return this.#afterMessage(before, event.roomId, event.message);
      case 'stored':
        return this.#afterStored(event);
      case 'refused':
        this.#reject(event.localId, event.error);
        // Perhaps we cannot even read there any more: then the thread says so.
        if (isNoAccess(event.error)) this.reload(event.roomId);
        return this.#events.emit('chat-send-failed', { roomId: event.roomId, localId: event.localId, error: event.error });
      case 'frame':
        if (event.frame.type === 'typing' && event.frame.is_typing) this.#expireTyping(event.frame.room_id, event.frame.user_id);
        if (event.frame.type === 'room_updated') this.#onUnknownRoom(event.frame.room_id);
        return;
      case 'history':
        if (isNews(event, before)) this.#emitMissedMessages(before, event.roomId, event.messages);
        return;
      case 'problem':
        return this.#problem(event.problem.code, event.problem.detail);
      case 'notifications':
        return this.#events.emit('chat-notification', { notification: event.fresh, unread: event.state.unread });
      case 'purged':
        return this.#cancelDrafts();
      case 'discarded':
        return this.#reject(event.localId, new ChatError('discarded', 'The message was discarded before it was stored.'));
      case 'vault':
        return void loadPages().then(({ STORAGE_PROBLEMS }) => {
          const problem = STORAGE_PROBLEMS[event.state];
          if (problem) this.#problem(...problem);
        }, NOTHING);
      default: // what the reducer alone needs to know
    }
  }

  #afterMessage(before: ChatData, roomId: Id, message: Message): void {
    // Only a message that is new changes `seen`.
    if (before.seen === this.data.seen) return;
    if (!isOwn(this.data, message)) {
      if (this.data.reading.includes(idKey(roomId))) this.#sendReceipt(roomId);
      this.#emitMessage(roomId, message);
    }
    this.#onUnknownRoom(roomId);
  }

  /** What came in while there was no socket is news too. */
  #emitMissedMessages(before: ChatData, roomId: Id, messages: readonly Message[]): void {
    for (const message of messages) if (!isOwn(this.data, message) && !isSeen(before, roomId, message)) this.#emitMessage(roomId, message);
  }

  /** Something happens in a room that I do not know yet: I was just let in. */
  #onUnknownRoom(roomId: Id): void {
    const timer = `meet ${idKey(roomId)}`;
    if (!this.data.roomsLoaded || roomOf(this.data, roomId) || this.#timers.has(timer)) return;
    // Once a minute: a backend may tell of a room that its list never has.
    this.#timer(timer, MEET_MS, NOTHING);
    void this.refreshRoomList().catch(NOTHING);
  }

  #afterStored({ localId, roomId, message, method }: Extract<SessionEvent, { type: 'stored' }>): void {
    const stored = this.#shown(roomId, message);
    this.#pendingSends.get(localId)?.resolve({ method, message: stored });
    this.#pendingSends.delete(localId);
    this.#events.emit('chat-send', { roomId, method, message: stored });
  }

  #emitMessage(roomId: Id, message: Message): void {
    this.#events.emit('chat-message', { roomId, message: this.#shown(roomId, message) });
  }

  /** A stored message as the thread has it, or as it would. */
  #shown(roomId: Id, message: Message): ChatMessage {
    const shown = this.messages(roomId).findLast(({ id }) => sameId(id, message.id));
    return shown ?? { ...message, key: `#${idKey(message.id)}`, delivery: 'sent', localId: message._tempId ?? null, error: null };
  }

  #expireTyping(roomId: Id, userId: Id): void {
    this.#timer(`typist ${idKey(roomId)} ${idKey(userId)}`, TYPING_MS, () => this.#dispatch({ type: 'typing-expired', roomId, userId }));
  }

  /** Says each thing once: a backend that is wrong is wrong in every frame. */
  #problem(code: string, message: string): void {
    // A server, or the page, may repeat the token in its text.
    message = message.replaceAll(this.#session.token || '\0', '…');
    const said = `${code} ${message}`;
    if (this.#reported.has(said) || this.#reported.size > 200) return;
    this.#reported.add(said);
    this.#events.emit('chat-error', { code, message });
  }

  #timer(name: string, ms: number, run: () => void): void {
    this.#cancelTimer(name);
    const cancel = this.#clock.after(ms, () => {
      this.#timers.delete(name);
      timer.run();
    });
    const timer = { cancel, run };
    this.#timers.set(name, timer);
  }

  #cancelTimer(name: string): void {
    this.#timers.get(name)?.cancel();
    this.#timers.delete(name);
  }
}
