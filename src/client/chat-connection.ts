/**
 * The public facade of the library: one user's connection to one backend, used by the elements and by pages without
 * elements.
 *
 * An operation updates the local state at once and is then carried out by the session, whose events update the state in
 * turn. Views subscribe to the part of the state that they show.
 */
import type { Finding, Report } from '../doctor/findings.js';
import { noop } from '../internal/noop.js';
import { idKey, type Id, type Room } from '../protocol/index.js';
import type { Reason } from '../locale/state-reasons.js';
import { isNewRoom, type ChatState, type Method } from '../model/index.js';
import { currentReason, threadOf } from '../store/selectors.js';
import type { ChatData, ChatMessage, ChatUser } from '../store/state.js';
import { parseUrl } from '../transport/index.js';
import type { ChatRoom } from './chat-room.js';
import type { ChatUploads } from './chat-uploads.js';
import type { ConnectionConfig } from './config.js';
import { ConnectionCore, withParts } from './connection-core.js';
import { createPeople, createRoom, createUploads } from './method-groups.js';
import type { ConnectionDependencies } from './dependencies.js';
import type { ConnectionEvents, Listener } from './events.js';
import type { ConversationOptions, People } from './people.js';
import { countCharacters, sendableText } from './sendable-text.js';
import { roomOfPending, type SendOptions, type SendResult } from './pending-sends.js';
import { queueMessage } from './queue-message.js';

export type { ConnectionDependencies } from './dependencies.js';
export type { SendOptions, SendResult } from './pending-sends.js';

/** Delay between the last change of a draft and saving it, in milliseconds. */
const DRAFT_MS = 400;

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
  readonly #core: ConnectionCore;

  constructor(config: ConnectionConfig = {}, dependencies: ConnectionDependencies = {}) {
    this.#core = new ConnectionCore(dependencies);
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
    return this.#core.store.data;
  }

  /** Base for relative addresses of attachments and pictures. */
  get url(): string {
    return parseUrl(this.#core.tokens.config.url || '/', globalThis.location?.href)?.href ?? '';
  }

  /**
   * Calls `listener` after every change of the state.
   * @returns a function that unsubscribes.
   */
  subscribe(listener: (data: ChatData, previous: ChatData) => void): () => void {
    return this.#core.store.subscribe(listener);
  }

  /**
   * Listens for an event.
   * @returns a function that removes the listener.
   */
  on<Name extends keyof ConnectionEvents>(name: Name, listener: Listener<Name>): () => void {
    return this.#core.store.events.on(name, listener);
  }

  /** Whether the connection is configured with this `url` and `token`. */
  serves(url: string | undefined, token: string): boolean {
    const { config } = this.#core.tokens;
    return config.token === token && (config.url ?? '') === (url ?? '');
  }

  // ————— Connecting

  /** Changes the given parts of the configuration. A running connection applies them without losing messages. */
  configure(changes: ConnectionConfig): void {
    const change = this.#core.tokens.configure(changes, this.#core.isRunning);
    if (!change) return;
    const { session, tokens } = this.#core;
    if (change.isOtherUser || session.auth.tokens.isOtherUser(tokens.config.token ?? '')) this.#core.resetUser();
    if (!this.#core.isRunning) return;
    if (change.isProviderOnly) this.askAgain();
    else this.#core.start();
  }

  /** Connects, and reconnects whenever necessary until {@link disconnect}. */
  connect(): void {
    if (this.#core.isRunning) return;
    this.#core.isRunning = true;
    this.#core.start();
  }

  /** Closes the socket and stops all requests and timers. Unsent messages are kept for the next {@link connect}. */
  disconnect(): void {
    if (!this.#core.isRunning) return;
    this.#core.isRunning = false;
    this.#core.flushTimers();
    this.#core.session.stop();
  }

  /** Tries to connect now instead of waiting for the next scheduled attempt. */
  retryNow(): void {
    this.#core.session.retryNow();
    // States `idle` and `unauthorized`: there is no scheduled attempt.
    if (this.#core.isRunning && /^[iu]/.test(this.state)) this.#core.start();
  }

  /**
   * Asks the page for a token again, because it may have one now. Rate-limited. Without effect while there is a token.
   */
  askAgain(): void {
    // If the page has no token, the connection stays idle.
    if (this.#core.isRunning && this.state === 'idle') this.#core.start();
    else if (this.state === 'unauthorized') this.#core.session.auth.refresher?.askAgain();
  }

  /** Whether the page has signed the user out, by an empty `user`. */
  get isSignedOut(): boolean {
    return this.#core.tokens.isSignedOut;
  }

  /**
   * Checks the backend from this page, without changing anything: see docs/DOCTOR.md. Loads the doctor's code first.
   * @param onFinding called with each finding as soon as it is known. An exception in it ends the check.
   * @param signal aborts the check.
   * @throws {ChatError} `aborted`, `bad_url`, or `unreachable`.
   * @throws {TypeError} if the doctor's code cannot be loaded.
   */
  diagnose(onFinding?: (finding: Finding) => void, signal?: AbortSignal): Promise<Report> {
    return withParts(({ diagnose }) =>
      diagnose(this.#core.tokens.config, (given) => this.#core.tokens.ask(given), onFinding, signal),
    );
  }

  // ————— Rooms

  /**
   * Loads the room list again: over REST, or over the socket if REST fails.
   * @throws {ChatError} if both fail.
   */
  async refreshRoomList(): Promise<{ method: Method; rooms: readonly Room[] }> {
    const method = await this.#core.session.refreshRooms();
    return { method, rooms: this.rooms };
  }

  /** Selects the room shown by threads whose `room` is not set. `null` or `''`: none. */
  selectRoom(roomId: Id | null | undefined): void {
    const selected = roomId || roomId === 0 ? roomId : null;
    if (selected !== this.data.selected) this.#core.store.dispatch({ type: 'select', roomId: selected });
  }

  /** A room, with everything that the user can do in it. */
  room(roomId: Id): ChatRoom {
    return createRoom(this.#core, roomId);
  }

  /**
   * Opens a conversation with one or more people, and selects it. A new one is created together with its first message,
   * also if that is written without a network: exactly once.
   * @returns the id of the room; of a new one, a local id. `data.createdRooms` has the final one.
   * @throws {ChatError} `invalid`; `not_supported` if the backend cannot create it.
   */
  openConversation(options: ConversationOptions): Promise<Id> {
    return createPeople(this.#core).openConversation(options);
  }

  /** The files of messages. */
  get uploads(): ChatUploads {
    return createUploads(this.#core);
  }

  /** The people whom the user can write to. Its code is loaded when one of its methods is called first. */
  get people(): People {
    return createPeople(this.#core);
  }

  /**
   * Loads the next page of the room list, or of the archived rooms. Without effect if there is none: `data.roomsComplete`.
   * @throws {ChatError} if it cannot be loaded.
   */
  loadMoreRooms(options?: { archived?: boolean }): Promise<void> {
    return createPeople(this.#core).loadMore(options);
  }

  /** Loads a room and keeps it up to date until the returned function is called. May be called by several views. */
  openRoom(roomId: Id): () => void {
    return this.#core.rooms.open(roomId);
  }

  /**
   * Loads the page of history before the first loaded message, if there is one (`hasOlder` of the thread). At most
   * 2,000 messages stay loaded: beyond that, the newest are released and `hasNewer` becomes true.
   * @throws {ChatError} if the page cannot be loaded.
   */
  loadOlder(roomId: Id): Promise<void> {
    return this.#core.loadPage(roomId, 'older');
  }

  /**
   * Loads the page of history after the last loaded message, if newer messages were released (`hasNewer` of the
   * thread).
   * @throws {ChatError} if the page cannot be loaded.
   */
  loadNewer(roomId: Id): Promise<void> {
    return this.#core.loadPage(roomId, 'newer');
  }

  /**
   * Returns to the newest page, if newer messages were released (`hasNewer` of the thread). An error is not thrown, but
   * stored in the thread.
   */
  loadNewest(roomId: Id): Promise<void> {
    return withParts(({ loadNewestPage }) => loadNewestPage(this.#core.store, this.#core.session, roomId));
  }

  /** Loads a room again after an error. */
  reload(roomId: Id): void {
    void this.#core.session.roomSync.read(roomId, this.#core.session.signal);
  }

  /**
   * Registers (`true`) or unregisters (`false`) a view that is scrolled up: while there is one, new messages do not
   * release older ones.
   */
  setAway(roomId: Id, on: boolean): void {
    this.#core.store.dispatch({ type: 'away', roomId, on });
  }

  /**
   * Marks all messages of a room as read.
   * @throws {ChatError} if the server cannot be told.
   */
  markRead(roomId: Id): Promise<void> {
    return this.#core.withReceipts((receipts) => receipts.mark(roomId));
  }

  /**
   * Registers (`true`) or unregisters (`false`) a view that shows the newest message: while there is one, incoming
   * messages are marked as read.
   */
  setViewing(roomId: Id, on: boolean): void {
    this.#core.store.dispatch({ type: 'reading', roomId, on });
    if (on) void this.#core.withReceipts((receipts) => receipts.onViewing(roomId)).catch(noop);
    else this.#core.timers.runNow(`read ${idKey(roomId)}`);
  }

  /**
   * Marks one notification, or all of them, as read.
   * @returns false if the notifications socket is not open.
   */
  markNotificationRead(id?: Id): boolean {
    return this.#core.session.parts.markNotificationRead(id);
  }

  /**
   * Hides (`true`) or shows the user's receipts, on all devices: others do not learn what the user has read and
   * received, and the user does not learn it of others. `data.hideReceipts` is changed at once, and taken back if this
   * fails.
   * @throws {ChatError} `not_supported` without the capability `hide_receipts`, and the errors of a request.
   */
  hideReceipts(on: boolean): Promise<void> {
    return createPeople(this.#core).hideReceipts(on);
  }

  // ————— Messages

  /**
   * Sends a message. It appears in the thread immediately, survives a reload, and is sent as soon as possible.
   * @param content the text. Trailing white space and leading blank lines are removed.
   * @returns resolves once the server has stored the message.
   * @throws {ChatError} if it failed permanently. It stays in the thread, for {@link retry} or {@link discard}; except
   * with `empty_message`, `message_too_long`, `unauthorized` and `not_found` (the room of a local id is not known), where
   * it was never added.
   */
  sendChatMessage(roomId: Id, content: string, { replyTo, attachments }: SendOptions = {}): Promise<SendResult> {
    if (attachments?.length || isNewRoom(roomId))
      return this.uploads.send(roomId, content, { replyTo, attachments: attachments ?? [] });
    const text = sendableText(content);
    const limit = this.data.limits.content;
    const { isSignedOut } = this;
    if (isSignedOut || !text || countCharacters(text) > (limit ?? Infinity)) {
      return withParts(({ sendError }) => {
        throw sendError(text, isSignedOut, limit);
      });
    }
    return queueMessage(this.#core, { roomId, content: text, replyTo });
  }

  /**
   * Sends a failed message again, under the same id.
   * @param localId `localId` of the message.
   * @throws {ChatError} as {@link sendChatMessage}; `not_found` if there is no such unsent message.
   */
  retry(localId: string): Promise<SendResult> {
    return withParts(({ retryMessage }) => retryMessage(this.#core, localId));
  }

  /** Discards an unsent message. A message that is being sent may still be stored. */
  discard(localId: string): void {
    const roomId = roomOfPending(this.data, localId);
    if (roomId === undefined) return;
    this.#core.session.outbox.discard(localId);
    this.#core.store.dispatch({ type: 'discard', roomId, localId });
    this.#core.pending.rejectDiscarded(localId);
  }

  /** The user's stored draft for a room; empty: none. Waits until the user is known. */
  draft(roomId: Id): Promise<string> {
    return this.#core.session.outbox.drafts.get(roomId);
  }

  /** Stores a draft on this device, or deletes it if `text` is empty. Debounced: call it on every input. */
  saveDraft(roomId: Id, text: string): void {
    const timer = `draft ${idKey(roomId)}`;
    const save = (): void => void this.#core.session.outbox.drafts.save(roomId, text);
    if (text) return this.#core.timers.set(timer, DRAFT_MS, save);
    // Delete at once: a sent message must not come back as a draft after a reload.
    this.#core.timers.cancel(timer);
    save();
  }

  /**
   * Deletes the unsent messages and drafts of all users from this device, for example on a shared computer.
   * @throws {ChatError} `unreachable` if the browser's storage does not respond, or the code cannot be loaded. Nothing
   * is deleted then.
   */
  clearLocalData(): Promise<void> {
    return withParts(({ clearLocalData }) => clearLocalData(this, this.#core));
  }

  /** Tells the other participants that the user is typing, or has stopped. Rate-limited: call it on every input. */
  typing(roomId: Id, isTyping: boolean): void {
    this.#core.setTyping(roomId, isTyping);
  }
}
