/**
 * One user's connection to one backend: the public facade.
 *
 * Elements, or a page without any, ask it for things. It shows them at once and has the session do them; what comes back changes the state by
 * the same way in. Its identity never changes, so it can be passed on by context; a view subscribes to the part of the state that it shows.
 */
import type { Finding, Report } from '../doctor/findings.js';
import { idKey, sameId, type Id, type Message, type Room } from '../protocol/index.js';
import { KeyedTimers } from '../internal/keyed-timers.js';
import { lazyImport } from '../internal/lazy-import.js';
import { noop } from '../internal/noop.js';
import { loadDeferred, loadWithDeferred, Session, type ChatState, type MessageStorage, type Method, type Reason, type TabApis, type Timing } from '../session/index.js';
import { usePages } from '../store/reduce.js';
import { currentReason, threadOf } from '../store/selectors.js';
import type { ChatData, ChatMessage, ChatUser } from '../store/state.js';
import { ChatError, parseUrl, systemClock, toChatError, type Clock, type Transport } from '../transport/index.js';
import type { ConnectionConfig } from './config.js';
import type { ConnectionEvents, Listener } from './events.js';
import { newLocalId } from './local-id.js';
import { PendingSends, roomOfPending, type SendResult } from './pending-sends.js';
import type { ReadReceipts } from './read-receipts.js';
import { RoomSubscriptions } from './room-subscriptions.js';
import { SessionEventHandler } from './session-event-handler.js';
import { StateStore } from './state-store.js';
import { TokenSource } from './token-source.js';
import type { TypingNotifier } from './typing-notifier.js';

export type { SendResult } from './pending-sends.js';

/** What a connection is built on. Each has a default; tests bring their own. */
export interface ConnectionDependencies {
  clock?: Clock;
  random?: () => number;
  WebSocket?: typeof WebSocket;
  fetch?: typeof fetch;
  /** How the backend is reached. Default: by our own protocol. */
  transport?: Transport;
  timing?: Partial<Timing>;
  /** Where messages wait that are not stored yet. Default: this device. */
  vault?: MessageStorage;
  /** What tabs find each other with. Default: what the browser has. */
  tabs?: TabApis;
}

export interface SendOptions {
  /** The message that this one answers. */
  replyTo?: Id | undefined;
}

/** Milliseconds after the last key until a draft is saved. */
const DRAFT_MS = 400;

const importParts = lazyImport(() => import('./deferred.js'));
/** As soon as they are loaded: together with the deferred parts of the session. */
let parts: Awaited<ReturnType<typeof importParts>> | undefined;
loadWithDeferred(() => importParts().then((loaded) => usePages((parts = loaded))));
/** @throws {ChatError} `unreachable`. */
const loadParts = (): ReturnType<typeof importParts> => loadDeferred().then(() => parts!);

/** What the browser has for tabs to find each other; a page that may store nothing may not even ask. */
function tabApis(): TabApis {
  try {
    return { locks: (globalThis.navigator as Partial<Navigator> | undefined)?.locks, BroadcastChannel: globalThis.BroadcastChannel };
  } catch {
    return {};
  }
}

export class ChatConnection {
  /** Origins besides the page's and the backend's that elements may load pictures from, with spaces between. */
  mediaHosts = '';
  readonly #store = new StateStore();
  readonly #pending = new PendingSends();
  readonly #clock: Clock;
  readonly #timers: KeyedTimers;
  readonly #tokens: TokenSource;
  readonly #session: Session;
  readonly #rooms: RoomSubscriptions;
  readonly #handler: SessionEventHandler;
  #receipts: ReadReceipts | undefined;
  #typing: TypingNotifier | undefined;
  #isRunning = false;

  constructor(config: ConnectionConfig = {}, dependencies: ConnectionDependencies = {}) {
    this.#clock = dependencies.clock ?? systemClock;
    this.#timers = new KeyedTimers(this.#clock);
    this.#tokens = new TokenSource(this.#store.events, this.#clock, dependencies.fetch ?? ((input, init) => globalThis.fetch(input, init)));
    const session = (this.#session = new Session({
      ...dependencies,
      tabs: dependencies.tabs ?? tabApis(),
      clock: this.#clock,
      random: dependencies.random ?? Math.random,
      report: (event) => this.#handler.handle(event),
      askForToken: (signal) => this.#tokens.ask(signal),
      asksByRequest: () => this.#tokens.isRequest,
      onOtherToken: (token) => this.#start(token),
      onSignedOut: () => {
        this.#tokens.signedOut();
        this.#resetUser();
      },
      // Node has a navigator without `onLine`: that is not offline.
      isHidden: () => globalThis.document?.visibilityState === 'hidden',
      isOffline: () => (globalThis.navigator as Partial<Navigator> | undefined)?.onLine === false,
    }));
    this.#rooms = new RoomSubscriptions(this.#store, session, this.#timers);
    this.#handler = new SessionEventHandler({
      store: this.#store,
      session,
      timers: this.#timers,
      pending: this.#pending,
      withReceipts: (run) => this.#withReceipts(run),
      loadParts,
      onUserChange: (isHidden) => this.#onUserChange(isHidden),
      onUncertainUser: (lost) => this.#onUncertainUser(lost),
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
    return this.#store.data;
  }

  /** The base of relative addresses (attachments, pictures). */
  get url(): string {
    return parseUrl(this.#tokens.config.url || '/', globalThis.location?.href)?.href ?? '';
  }

  /** Calls back after every change of the state. @returns how to stop. */
  subscribe(listener: (data: ChatData, previous: ChatData) => void): () => void {
    return this.#store.subscribe(listener);
  }

  /** Listens to an event. @returns how to stop. */
  on<Name extends keyof ConnectionEvents>(name: Name, listener: Listener<Name>): () => void {
    return this.#store.events.on(name, listener);
  }

  /** Whether it is for this `url` and `token`. */
  serves(url: string | undefined, token: string): boolean {
    const { config } = this.#tokens;
    return config.token === token && (config.url ?? '') === (url ?? '');
  }

  // ————— Connecting

  /** Changes the configuration; a running connection changes over to it without losing anything. */
  configure(changes: ConnectionConfig): void {
    const change = this.#tokens.configure(changes, this.#isRunning);
    if (!change) return;
    if (change.isOtherUser || this.#session.auth.tokens.isOtherUser(this.#tokens.config.token ?? '')) this.#resetUser();
    if (!this.#isRunning) return;
    if (change.isProviderOnly) this.askAgain();
    else this.#start();
  }

  /** Connects, and stays connected until `disconnect`. */
  connect(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#start();
  }

  /** Ends the socket, all requests and timers. What was not sent waits for the next `connect`. */
  disconnect(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#flushTimers();
    this.#session.stop();
  }

  /** Runs all timers now: rooms are closed, drafts are saved, typing ends. */
  #flushTimers(): void {
    this.#typing?.clear();
    this.#timers.flush();
  }

  /** Tries to connect now instead of when the time has come. */
  retryNow(): void {
    this.#session.retryNow();
    if (this.#isRunning && /^[iu]/.test(this.state)) this.#start();
  }

  /** The page may have a token now: asks again, at a bounded rate. */
  askAgain(): void {
    // Without an answer nothing happens; with one, the connection is not idle any more.
    if (this.#isRunning && this.state === 'idle') this.#start();
    else if (this.state === 'unauthorized') this.#session.auth.refresher?.askAgain();
  }

  /** Whether the page has said that no user is signed in (`user`). */
  get isSignedOut(): boolean {
    return this.#tokens.isSignedOut;
  }

  /**
   * Examines the backend from here (docs/DOCTOR.md), and changes nothing in it. The doctor is loaded for it.
   * @param onFinding hears each finding as it comes; what it throws ends the examination.
   * @param signal gives it up.
   * @throws where the doctor cannot be loaded; {@link ChatError} `aborted`.
   */
  diagnose(onFinding?: (finding: Finding) => void, signal?: AbortSignal): Promise<Report> {
    return loadParts().then(({ diagnose }) => diagnose(this.#tokens.config, (given) => this.#tokens.ask(given), onFinding, signal));
  }

  /** Starts the session again, with a token that may belong to another user. */
  #start(given?: string): void {
    const token = this.#tokens.usable(given);
    if (this.#session.auth.tokens.isOtherUser(token)) this.#resetUser();
    const { tokenProvider, user, ...config } = this.#tokens.config;
    this.#session.configure({ ...config, token, canAsk: this.#tokens.begin(token) });
  }

  // ————— Users

  /** Nothing of one user is shown to, or sent as, another. */
  #resetUser(): void {
    this.#flushTimers();
    this.#session.forget();
    this.#pending.rejectOfFormerUser();
    this.#store.dispatch({ type: 'reset' });
    this.#rooms.reopen();
  }

  #onUserChange(isHidden: boolean): void {
    if (!isHidden) return this.#resetUser();
    // What is shown now is the new user's.
    this.#pending.rejectOfFormerUser((localId) => roomOfPending(this.data, localId) === undefined);
    this.selectRoom(null);
  }

  /** What was fetched with the old token is shown again when the server says that it is the same user. */
  #onUncertainUser(lost: readonly string[]): void {
    this.#flushTimers();
    for (const localId of lost) {
      const error = new ChatError('disconnected', 'Not sent: the sign-in has changed.');
      const roomId = roomOfPending(this.data, localId);
      if (roomId === undefined) this.#pending.reject(localId, error);
      else this.#handler.failed(roomId, localId, error);
    }
    const { selected } = this.data;
    this.#store.dispatch({ type: 'reset' });
    this.#store.dispatch({ type: 'select', roomId: selected });
    this.#rooms.reload();
  }

  // ————— Rooms

  /** Reads the list of rooms again. @throws {ChatError} where neither way works. */
  async refreshRoomList(): Promise<{ method: Method; rooms: readonly Room[] }> {
    const method = await this.#session.refreshRooms();
    return { method, rooms: this.rooms };
  }

  /** Chooses the room that threads without a room of their own show. `null`, or an empty string: none. */
  selectRoom(roomId: Id | null | undefined): void {
    const selected = roomId || roomId === 0 ? roomId : null;
    if (selected !== this.data.selected) this.#store.dispatch({ type: 'select', roomId: selected });
  }

  /** Loads a room and keeps it up to date while a view shows it. @returns how to leave. */
  openRoom(roomId: Id): () => void {
    return this.#rooms.open(roomId, () => this.#isRunning);
  }

  /**
   * Loads the page of history before the first loaded message. Does nothing when there is none. At most 2,000 messages stay loaded: the
   * newest are released, and `hasNewer` says so.
   * @throws {ChatError}
   */
  loadOlder(roomId: Id): Promise<void> {
    return this.#loadPage(roomId, 'older');
  }

  /** Loads the page of history after the last loaded message, where the newest were released. Else does nothing. @throws {ChatError} */
  loadNewer(roomId: Id): Promise<void> {
    return this.#loadPage(roomId, 'newer');
  }

  async #loadPage(roomId: Id, side: 'older' | 'newer'): Promise<void> {
    const { loadHistoryPage } = await loadParts().catch((thrown: unknown) => {
      const error = toChatError(thrown);
      this.#store.dispatch({ type: 'history-failed', roomId, error });
      throw error;
    });
    await loadHistoryPage(this.#store, this.#session, roomId, side);
  }

  /** Returns to the newest page, where the newest messages were released. Else does nothing. A failure is shown in the thread. */
  async loadNewest(roomId: Id): Promise<void> {
    const { loadNewestPage } = await loadParts();
    await loadNewestPage(this.#store, this.#session, roomId);
  }

  /** Tries again to load a room whose history could not be loaded. */
  reload(roomId: Id): void {
    void this.#session.roomSync.read(roomId, this.#session.signal);
  }

  /** Registers a view that shows older messages, or takes it back: they stay loaded when messages come in at the end. */
  setAway(roomId: Id, on: boolean): void {
    this.#store.dispatch({ type: 'away', roomId, on });
  }

  /** Marks everything in a room as read. @throws {ChatError} */
  markRead(roomId: Id): Promise<void> {
    return parts ? this.#receiptsBy(parts).mark(roomId) : loadParts().then((loaded) => this.#receiptsBy(loaded).mark(roomId));
  }

  /** Registers a view that shows the newest message, or takes it back: incoming messages are then marked as read. */
  setViewing(roomId: Id, on: boolean): void {
    this.#store.dispatch({ type: 'reading', roomId, on });
    if (on) this.#withReceipts((receipts) => receipts.onViewing(roomId));
    else this.#timers.runNow(`read ${idKey(roomId)}`);
  }

  #receiptsBy({ ReadReceipts }: NonNullable<typeof parts>): ReadReceipts {
    return (this.#receipts ??= new ReadReceipts(this.#store, this.#session, this.#timers));
  }

  #withReceipts(run: (receipts: ReadReceipts) => void): void {
    if (parts) run(this.#receiptsBy(parts));
    else void loadParts().then((loaded) => run(this.#receiptsBy(loaded)), noop);
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
    const limit = this.data.limits.content;
    const { isSignedOut } = this;
    if (isSignedOut || !text || text.length > (limit ?? Infinity)) return loadParts().then(({ sendError }) => Promise.reject(sendError(text, isSignedOut, limit)));
    const localId = newLocalId();
    const original: Message | undefined = replyTo == null ? undefined : this.messages(roomId).find(({ id }) => sameId(id, replyTo));
    const at = this.#clock.now();
    const sent = this.#pending.add(localId);
    void this.#session.outbox.add({ localId, roomId, content: text, replyTo }, () => {
      this.#store.dispatch({ type: 'send', draft: { localId, roomId, content: text, replyTo: original, at } });
    });
    this.typing(roomId, false);
    return sent;
  }

  /** Sends a refused message again, under the same id. @throws {ChatError} as `sendChatMessage`. */
  retry(localId: string): Promise<SendResult> {
    if (roomOfPending(this.data, localId) === undefined) return loadParts().then(({ noSuchMessage }) => Promise.reject(noSuchMessage()));
    const pending = this.#pending.get(localId);
    if (pending) return pending;
    this.#store.dispatch({ type: 'resent', localId });
    const sent = this.#pending.add(localId);
    if (!this.#session.outbox.retry(localId)) void loadParts().then(({ noSuchMessage }) => this.#pending.reject(localId, noSuchMessage()), noop);
    return sent;
  }

  /** Gives up a message that is not stored. */
  discard(localId: string): void {
    const roomId = roomOfPending(this.data, localId);
    if (roomId === undefined) return;
    this.#session.outbox.discard(localId);
    this.#store.dispatch({ type: 'discard', roomId, localId });
    this.#pending.rejectDiscarded(localId);
  }

  /** What was written in a room and not sent, kept on this device; waits until the user is known. Empty where there is nothing. */
  draft(roomId: Id): Promise<string> {
    return this.#session.outbox.draft(roomId);
  }

  /** Saves what is written in a room until it is sent. Call it as often as you like. */
  saveDraft(roomId: Id, text: string): void {
    const timer = `draft ${idKey(roomId)}`;
    const save = (): void => void this.#session.outbox.saveDraft(roomId, text);
    if (text) return this.#timers.set(timer, DRAFT_MS, save);
    // Sent, or taken back: it must not be there when the page is loaded again.
    this.#timers.cancel(timer);
    save();
  }

  /**
   * Deletes what this device keeps, of all users: messages that are not stored, and drafts. For a shared computer.
   * @throws {ChatError} `unreachable` when the browser's storage does not answer: what it holds is still there.
   */
  async clearLocalData(): Promise<void> {
    this.#timers.cancelAll('draft ');
    await this.#session.outboxes.purge(() => {
      for (const { timeline } of this.data.threads.values()) {
        for (const { localId, delivery } of timeline) if (localId && delivery !== 'sent') this.discard(localId);
      }
    });
  }

  /** Tells the others that the user types, or has stopped. Call it as often as you like. */
  typing(roomId: Id, isTyping: boolean): void {
    const session = this.#session;
    void loadParts().then(({ TypingNotifier }) => {
      // Lost without a socket, as it should be.
      this.#typing ??= new TypingNotifier(this.#timers, (room, on) => void session.send({ type: on ? 'typing' : 'stop_typing', room_id: room }));
      if (this.#isRunning) this.#typing.set(roomId, isTyping);
    }, noop);
  }
}
