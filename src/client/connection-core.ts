/**
 * The parts of a {@link ChatConnection}: state, session, token source, timers; and the changes of user that concern all
 * of them.
 */
import type { Id } from '../protocol/index.js';
import { KeyedTimers } from '../internal/keyed-timers.js';
import { lazyImport } from '../internal/lazy-import.js';
import { noop } from '../internal/noop.js';
import { loadDeferred, loadWithDeferred, Session } from '../session/index.js';
import { usePages } from '../store/reduce.js';
import { ChatError, systemClock, toChatError, type Clock } from '../transport/index.js';
import type * as deferred from './deferred.js';
import { browserTabApis, type ConnectionDependencies } from './dependencies.js';
import { PendingSends, roomOfPending } from './pending-sends.js';
import type { ReadReceipts } from './read-receipts.js';
import { RoomSubscriptions } from './room-subscriptions.js';
import { SessionEventHandler, type EventHandlerHost } from './session-event-handler.js';
import { StateStore } from './state-store.js';
import { TokenSource } from './token-source.js';
import type { TypingNotifier } from './typing-notifier.js';

const importParts = lazyImport(() => import('./deferred.js'));
/** The deferred parts, once loaded. They are loaded together with those of the session. */
let parts: typeof deferred | undefined;
loadWithDeferred(() => importParts().then((loaded) => usePages((parts = loaded))));
/** @throws {ChatError} `unreachable` if they cannot be loaded. */
export const loadParts = (): Promise<typeof deferred> => loadDeferred().then(() => parts!);

/**
 * Runs a function with the deferred parts: at once if they are loaded, because the page may be about to close.
 * @throws {ChatError} `unreachable` if they cannot be loaded.
 */
export const withParts = async <Result>(run: (loaded: typeof deferred) => Result): Promise<Awaited<Result>> =>
  await run(parts ?? (await loadParts()));

export class ConnectionCore implements EventHandlerHost {
  readonly store = new StateStore();
  readonly pending = new PendingSends();
  readonly clock: Clock;
  readonly timers: KeyedTimers;
  readonly tokens: TokenSource;
  readonly session: Session;
  readonly rooms = new RoomSubscriptions(this);
  readonly loadParts = loadParts;
  /** Between `connect` and `disconnect`. */
  isRunning = false;
  readonly #handler: SessionEventHandler;
  #receipts: ReadReceipts | undefined;
  #typing: TypingNotifier | undefined;

  constructor(dependencies: ConnectionDependencies) {
    const clock = (this.clock = dependencies.clock ?? systemClock);
    this.timers = new KeyedTimers(clock);
    this.tokens = new TokenSource(
      this.store.events,
      clock,
      dependencies.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    );
    this.session = new Session({
      ...dependencies,
      tabs: dependencies.tabs ?? browserTabApis(),
      clock,
      random: dependencies.random ?? Math.random,
      report: (event) => this.#handler.handle(event),
      onHide: () => this.timers.flush('draft '),
      onAttach: (attach) => this.store.events.emit('chat-before-attach', attach),
      askForToken: (signal) => this.tokens.ask(signal),
      asksByRequest: () => this.tokens.isRequest,
      onOtherToken: (token) => this.start(token),
      onSignedOut: () => {
        this.tokens.signedOut();
        this.resetUser();
      },
      isHidden: () => globalThis.document?.visibilityState === 'hidden',
      // Compared with false, because `navigator.onLine` is undefined in Node.
      isOffline: () => (globalThis.navigator as Partial<Navigator> | undefined)?.onLine === false,
    });
    this.#handler = new SessionEventHandler(this);
  }

  /** (Re)starts the session, with a token that may belong to another user. */
  start(newToken?: string): void {
    const token = this.tokens.usable(newToken);
    if (this.session.auth.tokens.isOtherUser(token)) this.resetUser();
    const { tokenProvider, user, ...config } = this.tokens.config;
    this.session.configure({ ...config, token, canAsk: this.tokens.begin(token) });
  }

  /** Runs all pending timers: closes rooms, saves drafts, ends typing. */
  flushTimers(): void {
    this.#typing?.clear();
    this.timers.flush();
  }

  /** Discards the user's data: nothing of one user may be shown to, or sent as, another. */
  resetUser(): void {
    this.flushTimers();
    this.session.forget();
    this.pending.rejectOfFormerUser();
    this.store.dispatch({ type: 'reset' });
    this.rooms.reopen();
  }

  onUserChange(isHidden: boolean): void {
    if (!isHidden) return this.resetUser();
    // The messages in the state are already those of the new user.
    this.pending.rejectOfFormerUser((localId) => roomOfPending(this.store.data, localId) === undefined);
    this.store.dispatch({ type: 'select', roomId: null });
  }

  /** Hides all data until the server has named the user of the new token. */
  onUncertainUser(lost: readonly string[]): void {
    this.flushTimers();
    for (const localId of lost) {
      const error = new ChatError('disconnected', 'The sign-in has changed.');
      const roomId = roomOfPending(this.store.data, localId);
      if (roomId === undefined) this.pending.reject(localId, error);
      else this.#handler.failed(roomId, localId, error);
    }
    const { selected } = this.store.data;
    this.store.dispatch({ type: 'reset' });
    this.store.dispatch({ type: 'select', roomId: selected });
    this.rooms.reload();
  }

  /** Runs a function with the code for read receipts. */
  withReceipts(run: (receipts: ReadReceipts) => Promise<void> | void): Promise<void> {
    return withParts(({ ReadReceipts: Receipts }) =>
      run((this.#receipts ??= new Receipts(this.store, this.session, this.timers))),
    );
  }

  /** Loads a page of history. @throws {ChatError} if that fails. The thread shows the error, too. */
  async loadPage(roomId: Id, side: 'older' | 'newer'): Promise<void> {
    const { loadHistoryPage } = await loadParts().catch((thrown: unknown) => {
      const error = toChatError(thrown);
      this.store.dispatch({ type: 'history-failed', roomId, error });
      throw error;
    });
    await loadHistoryPage(this.store, this.session, roomId, side);
  }

  setTyping(roomId: Id, isTyping: boolean): void {
    void loadParts().then(({ TypingNotifier: Notifier }) => {
      // Without a socket the command is dropped: by the time there is one, it would be out of date.
      this.#typing ??= new Notifier(
        this.timers,
        (roomId, on) => void this.session.send({ type: on ? 'typing' : 'stop-typing', roomId }),
      );
      if (this.isRunning) this.#typing.set(roomId, isTyping);
    }, noop);
  }
}
