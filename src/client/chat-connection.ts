/**
 * The public facade of the library: one user's connection to one backend, used by the elements and by pages without
 * elements.
 *
 * An operation updates the local state at once and is then carried out by the session, whose events update the state in
 * turn. Views subscribe to the part of the state that they show.
 */
import type { Finding, Report } from '../doctor/findings.js';
import { idKey, sameId, type Id, type Message, type Room } from '../protocol/index.js';
import { KeyedTimers } from '../internal/keyed-timers.js';
import { lazyImport } from '../internal/lazy-import.js';
import { noop } from '../internal/noop.js';
import { loadDeferred, loadWithDeferred, Session, type ChatState, type Method, type Reason } from '../session/index.js';
import { usePages } from '../store/reduce.js';
import { currentReason, threadOf } from '../store/selectors.js';
import type { ChatData, ChatMessage, ChatUser } from '../store/state.js';
import { ChatError, parseUrl, systemClock, toChatError, type Clock } from '../transport/index.js';
import type { ConnectionConfig } from './config.js';
import { browserTabApis, type ConnectionDependencies } from './dependencies.js';
import type { ConnectionEvents, Listener } from './events.js';
import { newLocalId } from './local-id.js';
import { PendingSends, roomOfPending, type SendOptions, type SendResult } from './pending-sends.js';
import type { ReadReceipts } from './read-receipts.js';
import { RoomSubscriptions } from './room-subscriptions.js';
import { SessionEventHandler } from './session-event-handler.js';
import { StateStore } from './state-store.js';
import { TokenSource } from './token-source.js';
import type { TypingNotifier } from './typing-notifier.js';

export type { ConnectionDependencies } from './dependencies.js';
export type { SendOptions, SendResult } from './pending-sends.js';

/** Delay between the last change of a draft and saving it, in milliseconds. */
const DRAFT_MS = 400;

const importParts = lazyImport(() => import('./deferred.js'));
/** The deferred parts, once loaded. They are loaded together with those of the session. */
let parts: Awaited<ReturnType<typeof importParts>> | undefined;
loadWithDeferred(() => importParts().then((loaded) => usePages((parts = loaded))));
/** @throws {ChatError} `unreachable` if they cannot be loaded. */
const loadParts = (): ReturnType<typeof importParts> => loadDeferred().then(() => parts!);

/**
 * One user's connection to one backend. Its identity never changes: another token, user or backend is applied with
 * `configure`.
 *
 * @example
 * const chat = new ChatConnection({ url: 'https://api.example.com', token });
 * const stop = chat.on('chat-message', ({ roomId, message }) => console.log(roomId, message.content));
 * chat.connect();
 * await chat.sendChatMessage(7, 'Hello');
 */
export class ChatConnection {
  /**
   * Additional origins from which elements may load pictures, separated by spaces. The page's and the backend's origins
   * are always allowed.
   */
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
    this.#tokens = new TokenSource(
      this.#store.events,
      this.#clock,
      dependencies.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    );
    const session = (this.#session = new Session({
      ...dependencies,
      tabs: dependencies.tabs ?? browserTabApis(),
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
      isHidden: () => globalThis.document?.visibilityState === 'hidden',
      // Compared with false, because `navigator.onLine` is undefined in Node.
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

  /** The state of the connection: see {@link ChatState}. */
  get state(): ChatState {
    return this.data.phase.is;
  }

  /** Why the connection is in its state: a stable code and an English sentence. */
  get reason(): Reason {
    return currentReason(this.data);
  }

  /** The signed-in user; null: not known, or signed out. */
  get user(): ChatUser | null {
    return this.data.user;
  }

  /** The user's rooms, most recent activity first. */
  get rooms(): readonly Room[] {
    return this.data.rooms;
  }

  /**
   * The loaded messages of a room, oldest first, followed by own messages that are being sent. At most 2,000 stored
   * messages of an open room are loaded: see {@link loadOlder} and {@link loadNewer}.
   */
  messages(roomId: Id): readonly ChatMessage[] {
    return threadOf(this.data, roomId).timeline;
  }

  /** The whole state, as an immutable value. */
  get data(): ChatData {
    return this.#store.data;
  }

  /** Base for relative addresses of attachments and pictures. */
  get url(): string {
    return parseUrl(this.#tokens.config.url || '/', globalThis.location?.href)?.href ?? '';
  }

  /**
   * Calls `listener` after every change of the state.
   * @returns a function that unsubscribes.
   */
  subscribe(listener: (data: ChatData, previous: ChatData) => void): () => void {
    return this.#store.subscribe(listener);
  }

  /**
   * Listens for an event.
   * @returns a function that removes the listener.
   */
  on<Name extends keyof ConnectionEvents>(name: Name, listener: Listener<Name>): () => void {
    return this.#store.events.on(name, listener);
  }

  /** Whether the connection is configured with this `url` and `token`. */
  serves(url: string | undefined, token: string): boolean {
    const { config } = this.#tokens;
    return config.token === token && (config.url ?? '') === (url ?? '');
  }

  // ————— Connecting

  /** Changes the given parts of the configuration. A running connection applies them without losing messages. */
  configure(changes: ConnectionConfig): void {
    const change = this.#tokens.configure(changes, this.#isRunning);
    if (!change) return;
    if (change.isOtherUser || this.#session.auth.tokens.isOtherUser(this.#tokens.config.token ?? '')) this.#resetUser();
    if (!this.#isRunning) return;
    if (change.isProviderOnly) this.askAgain();
    else this.#start();
  }

  /** Connects, and reconnects whenever necessary until {@link disconnect}. */
  connect(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#start();
  }

  /** Closes the socket and stops all requests and timers. Unsent messages are kept for the next {@link connect}. */
  disconnect(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#flushTimers();
    this.#session.stop();
  }

  /** Runs all pending timers: closes rooms, saves drafts, ends typing. */
  #flushTimers(): void {
    this.#typing?.clear();
    this.#timers.flush();
  }

  /** Tries to connect now instead of waiting for the next scheduled attempt. */
  retryNow(): void {
    this.#session.retryNow();
    // States `idle` and `unauthorized`: there is no scheduled attempt.
    if (this.#isRunning && /^[iu]/.test(this.state)) this.#start();
  }

  /**
   * Asks the page for a token again, because it may have one now. Rate-limited. Without effect while there is a token.
   */
  askAgain(): void {
    // If the page has no token, the connection stays idle.
    if (this.#isRunning && this.state === 'idle') this.#start();
    else if (this.state === 'unauthorized') this.#session.auth.refresher?.askAgain();
  }

  /** Whether the page has signed the user out, by an empty `user`. */
  get isSignedOut(): boolean {
    return this.#tokens.isSignedOut;
  }

  /**
   * Checks the backend from this page, without changing anything: see docs/DOCTOR.md. Loads the doctor's code first.
   * @param onFinding called with each finding as soon as it is known. An exception in it ends the check.
   * @param signal aborts the check.
   * @throws {ChatError} `aborted`, `bad_url`, or `unreachable`.
   * @throws {TypeError} if the doctor's code cannot be loaded.
   */
  diagnose(onFinding?: (finding: Finding) => void, signal?: AbortSignal): Promise<Report> {
    return loadParts().then(({ diagnose }) =>
      diagnose(this.#tokens.config, (given) => this.#tokens.ask(given), onFinding, signal),
    );
  }

  /** (Re)starts the session, with a token that may belong to another user. */
  #start(newToken?: string): void {
    const token = this.#tokens.usable(newToken);
    if (this.#session.auth.tokens.isOtherUser(token)) this.#resetUser();
    const { tokenProvider, user, ...config } = this.#tokens.config;
    this.#session.configure({ ...config, token, canAsk: this.#tokens.begin(token) });
  }

  // ————— Users

  /** Discards the user's data: nothing of one user may be shown to, or sent as, another. */
  #resetUser(): void {
    this.#flushTimers();
    this.#session.forget();
    this.#pending.rejectOfFormerUser();
    this.#store.dispatch({ type: 'reset' });
    this.#rooms.reopen();
  }

  #onUserChange(isHidden: boolean): void {
    if (!isHidden) return this.#resetUser();
    // The messages in the state are already those of the new user.
    this.#pending.rejectOfFormerUser((localId) => roomOfPending(this.data, localId) === undefined);
    this.selectRoom(null);
  }

  /** Hides all data until the server has named the user of the new token. */
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

  /**
   * Loads the room list again: over REST, or over the socket if REST fails.
   * @throws {ChatError} if both fail.
   */
  async refreshRoomList(): Promise<{ method: Method; rooms: readonly Room[] }> {
    const method = await this.#session.refreshRooms();
    return { method, rooms: this.rooms };
  }

  /** Selects the room shown by threads whose `room` is not set. `null` or `''`: none. */
  selectRoom(roomId: Id | null | undefined): void {
    const selected = roomId || roomId === 0 ? roomId : null;
    if (selected !== this.data.selected) this.#store.dispatch({ type: 'select', roomId: selected });
  }

  /** Loads a room and keeps it up to date until the returned function is called. May be called by several views. */
  openRoom(roomId: Id): () => void {
    return this.#rooms.open(roomId, () => this.#isRunning);
  }

  /**
   * Loads the page of history before the first loaded message, if there is one (`hasOlder` of the thread). At most
   * 2,000 messages stay loaded: beyond that, the newest are released and `hasNewer` becomes true.
   * @throws {ChatError} if the page cannot be loaded.
   */
  loadOlder(roomId: Id): Promise<void> {
    return this.#loadPage(roomId, 'older');
  }

  /**
   * Loads the page of history after the last loaded message, if newer messages were released (`hasNewer` of the
   * thread).
   * @throws {ChatError} if the page cannot be loaded.
   */
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

  /**
   * Returns to the newest page, if newer messages were released (`hasNewer` of the thread). An error is not thrown, but
   * stored in the thread.
   */
  async loadNewest(roomId: Id): Promise<void> {
    const { loadNewestPage } = await loadParts();
    await loadNewestPage(this.#store, this.#session, roomId);
  }

  /** Loads a room again after an error. */
  reload(roomId: Id): void {
    void this.#session.roomSync.read(roomId, this.#session.signal);
  }

  /**
   * Registers (`true`) or unregisters (`false`) a view that is scrolled up: while there is one, new messages do not
   * release older ones.
   */
  setAway(roomId: Id, on: boolean): void {
    this.#store.dispatch({ type: 'away', roomId, on });
  }

  /**
   * Marks all messages of a room as read.
   * @throws {ChatError} if the server cannot be told.
   */
  markRead(roomId: Id): Promise<void> {
    return parts
      ? this.#receiptsBy(parts).mark(roomId)
      : loadParts().then((loaded) => this.#receiptsBy(loaded).mark(roomId));
  }

  /**
   * Registers (`true`) or unregisters (`false`) a view that shows the newest message: while there is one, incoming
   * messages are marked as read.
   */
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

  /**
   * Marks one notification, or all of them, as read.
   * @returns false if the notifications socket is not open.
   */
  markNotificationRead(id?: Id): boolean {
    return this.#session.parts.markNotificationRead(id);
  }

  // ————— Messages

  /**
   * Sends a message. It appears in the thread immediately, survives a reload, and is sent as soon as possible.
   * @param content the text. Leading and trailing white space is removed.
   * @returns resolves once the server has stored the message.
   * @throws {ChatError} if it failed permanently. It stays in the thread, for {@link retry} or {@link discard}; except
   * with `empty_message`, `message_too_long` and `unauthorized`, where it was never added.
   */
  sendChatMessage(roomId: Id, content: string, { replyTo }: SendOptions = {}): Promise<SendResult> {
    const text = content.trim();
    const limit = this.data.limits.content;
    const { isSignedOut } = this;
    if (isSignedOut || !text || text.length > (limit ?? Infinity)) {
      return loadParts().then(({ sendError }) => Promise.reject(sendError(text, isSignedOut, limit)));
    }
    const localId = newLocalId();
    const original: Message | undefined =
      replyTo == null ? undefined : this.messages(roomId).find(({ id }) => sameId(id, replyTo));
    const at = this.#clock.now();
    const sent = this.#pending.add(localId);
    void this.#session.outbox.add({ localId, roomId, content: text, replyTo }, () => {
      this.#store.dispatch({ type: 'send', draft: { localId, roomId, content: text, replyTo: original, at } });
    });
    this.typing(roomId, false);
    return sent;
  }

  /**
   * Sends a failed message again, under the same id.
   * @param localId `localId` of the message.
   * @throws {ChatError} as {@link sendChatMessage}; `not_found` if there is no such unsent message.
   */
  retry(localId: string): Promise<SendResult> {
    if (roomOfPending(this.data, localId) === undefined) {
      return loadParts().then(({ noSuchMessage }) => Promise.reject(noSuchMessage()));
    }
    const pending = this.#pending.get(localId);
    if (pending) return pending;
    this.#store.dispatch({ type: 'resent', localId });
    const sent = this.#pending.add(localId);
    if (!this.#session.outbox.retry(localId)) {
      void loadParts().then(({ noSuchMessage }) => this.#pending.reject(localId, noSuchMessage()), noop);
    }
    return sent;
  }

  /** Discards an unsent message. A message that is being sent may still be stored. */
  discard(localId: string): void {
    const roomId = roomOfPending(this.data, localId);
    if (roomId === undefined) return;
    this.#session.outbox.discard(localId);
    this.#store.dispatch({ type: 'discard', roomId, localId });
    this.#pending.rejectDiscarded(localId);
  }

  /** The user's stored draft for a room; empty: none. Waits until the user is known. */
  draft(roomId: Id): Promise<string> {
    return this.#session.outbox.drafts.get(roomId);
  }

  /** Stores a draft on this device, or deletes it if `text` is empty. Debounced: call it on every input. */
  saveDraft(roomId: Id, text: string): void {
    const timer = `draft ${idKey(roomId)}`;
    const save = (): void => void this.#session.outbox.drafts.save(roomId, text);
    if (text) return this.#timers.set(timer, DRAFT_MS, save);
    // Delete at once: a sent message must not come back as a draft after a reload.
    this.#timers.cancel(timer);
    save();
  }

  /**
   * Deletes the unsent messages and drafts of all users from this device, for example on a shared computer.
   * @throws {ChatError} `unreachable` if the browser's storage does not respond. Its content is then not deleted.
   */
  async clearLocalData(): Promise<void> {
    this.#timers.cancelAll('draft ');
    await this.#session.outboxes.purge(() => {
      for (const { timeline } of this.data.threads.values()) {
        for (const { localId, delivery } of timeline) if (localId && delivery !== 'sent') this.discard(localId);
      }
    });
  }

  /** Tells the other participants that the user is typing, or has stopped. Rate-limited: call it on every input. */
  typing(roomId: Id, isTyping: boolean): void {
    const session = this.#session;
    void loadParts().then(({ TypingNotifier }) => {
      // Without a socket the frame is dropped: by the time there is one, it would be out of date.
      this.#typing ??= new TypingNotifier(
        this.#timers,
        (room, on) => void session.send({ type: on ? 'typing' : 'stop_typing', room_id: room }),
      );
      if (this.#isRunning) this.#typing.set(roomId, isTyping);
    }, noop);
  }
}
