/**
 * The state of one open room: the known messages, and the point up to which the room is complete.
 *
 * During a read, live events are held and applied after it, in order, so that no message is shown before its
 * predecessor. This file loads the first page, and catch-up.ts the later changes.
 */
import type { Id, Message } from '../../protocol/index.js';
import { isNoAccess, sleep, throwIfAborted, toChatError, type ChangeEvent, type Clock } from '../../transport/index.js';
import type { Report } from '../../model/index.js';
import { loadDeferred } from '../load-deferred.js';
import { FIRST_PAGE, type RoomCursor, type HistorySource } from './history-source.js';

/** How often a denied room is read again per socket, when it is listed or an event mentions it. */
const MAX_RECHECKS = 5;
/** After this many gaps in which nothing was missing, a room's sequence numbers are ignored for this socket. */
const MAX_FALSE_HOLES = 3;
/** How long a request from before the socket was up may delay the requests after it, in milliseconds. */
const LATE_MS = 800;

export class RoomHistory implements RoomCursor {
  /** The newest message up to which the room is complete; undefined before the first page. */
  #cursor: Message | undefined;
  /** The sequence number up to which the room is complete, if the backend has them. */
  #seq: number | undefined;
  #loaded = false;
  /** Whether only the newest page is known, and was read before any socket was up. */
  #isEarly = false;
  /** Set if access was denied (403, 404): how often the room may still be read again with this socket. */
  rechecks: number | undefined;
  /**
   * Gaps in the sequence numbers of this socket in which nothing was missing: the backend may number all rooms
   * together.
   */
  falseHoles = 0;
  failures = 0;
  /** The newest message that is shown. Messages before it may be missing. */
  #seen: Message | undefined;
  #running: Promise<void> = Promise.resolve();
  /** Aborts the requests from before the current socket. */
  #abort = new AbortController();
  #holding = 0;
  #held: ChangeEvent[] = [];
  readonly records = new Set<ChangeEvent[]>();
  readonly #report: Report;
  readonly #apply: (event: ChangeEvent, wasHeld: boolean) => void;

  /**
   * @param letIn applies a live event when its turn has come.
   * @param seen the newest message that is already shown.
   */
  constructor(
    readonly roomId: Id,
    report: Report,
    letIn: (event: ChangeEvent, wasHeld: boolean) => void,
    seen?: Message,
  ) {
    this.#report = report;
    this.#apply = letIn;
    this.#seen = seen;
  }

  get cursor(): Message | undefined {
    return this.#cursor;
  }

  /** The newest message that is shown. A page that is read from now on contains it, or it was deleted. */
  get seen(): Message | undefined {
    return this.#seen;
  }

  /** Whether the newest page was read. */
  get isLoaded(): boolean {
    return this.#loaded;
  }

  get seq(): number | undefined {
    return this.#seq;
  }

  /** Advances the cursor to a live message, on a socket that reports all messages: nothing before it is missing. */
  advance(message: Message): void {
    if (this.#loaded) this.#cursor = message;
  }

  /** Holds live events until `releaseEvents` has been called as often. */
  holdEvents(): void {
    this.#holding++;
  }

  releaseEvents(): void {
    if (--this.#holding <= 0) this.applyHeld();
  }

  /** Applies the held events now. */
  applyHeld(): void {
    const held = this.#held.splice(0).sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
    for (const event of held) {
      if (this.#isKnown(event)) continue;
      // Even with a gap before it: the session knows of the gap.
      this.#count(event);
      this.#show(event, true);
    }
  }

  /** Whether a change was received live, and is held. */
  isHeld({ seq }: ChangeEvent): boolean {
    return this.#held.some((event) => event.seq === seq);
  }

  /** Drops the held events, because the user has changed. */
  drop(): void {
    this.#held = [];
  }

  /**
   * Accepts a live event.
   * @returns false if there is a gap before it: the event is held, and the room must be read.
   */
  accept(event: ChangeEvent): boolean {
    if (this.#isKnown(event)) return true;
    if (this.#holding === 0 && this.#count(event)) {
      this.#show(event, false);
      return true;
    }
    this.#held.push(event);
    return this.#holding > 0;
  }

  /** Adjusts the held read receipts after the room's unread count was read, because the count includes them. */
  onUnreadCount(): void {
    this.#held = this.#held.map((event) => (event.type === 'messages-marked-read' ? { ...event, count: 0 } : event));
  }

  #show(event: ChangeEvent, wasHeld: boolean): void {
    if (event.type === 'new-message') this.#seen = event.message;
    for (const record of this.records) record.push(event);
    this.#apply(event, wasHeld);
  }

  #isKnown({ seq }: ChangeEvent): boolean {
    return seq !== undefined && this.#seq !== undefined && seq <= this.#seq;
  }

  /** @returns whether nothing is missing before it, as far as can be known. */
  #count({ seq }: ChangeEvent): boolean {
    if (seq === undefined || this.#seq === undefined) return true;
    if (seq !== this.#seq + 1 && this.falseHoles < MAX_FALSE_HOLES) return false;
    this.#seq = seq;
    return true;
  }

  /**
   * Loads the newest page, or the changes since the last read. Reads are sequential. A read that began before the
   * socket was up misses the changes after it.
   * @throws {ChatError} if REST fails; also reported.
   */
  catchUp(source: HistorySource, signal: AbortSignal, isEarly = false): Promise<void> {
    const either = AbortSignal.any([signal, this.#abort.signal]);
    return (this.#running = this.#running.catch(() => {}).then(() => this.#catchUp(source, either, isEarly)));
  }

  /**
   * Prepares for a new socket, after which everything is requested again. Earlier requests are aborted after a moment,
   * because they may never be answered.
   */
  onNewSocket(clock: Clock, signal: AbortSignal): void {
    this.rechecks = undefined;
    this.falseHoles = 0;
    const before = this.#abort;
    void sleep(clock, LATE_MS, signal).then(() => before.abort());
    this.#abort = new AbortController();
  }

  async #catchUp(source: HistorySource, signal: AbortSignal, isEarly: boolean): Promise<void> {
    const { roomId } = this;
    throwIfAborted(signal);
    this.holdEvents();
    try {
      if (!this.#loaded || (isEarly && this.#isEarly)) {
        if (!this.#loaded) this.#report({ type: 'history-loading', roomId, side: 'newest' });
        await this.replace(source, signal, false);
        this.#isEarly = isEarly;
      } else {
        const { catchUp } = await loadDeferred();
        throwIfAborted(signal);
        await catchUp(this, source, signal, this.#report);
        this.grow();
      }
      this.rechecks = undefined;
      this.failures = 0;
    } catch (thrown) {
      const error = toChatError(thrown);
      const denied = isNoAccess(error);
      if (denied) this.rechecks ??= MAX_RECHECKS;
      if (error.code !== 'aborted') this.#report({ type: 'history-failed', roomId, error, denied });
      throw error;
    } finally {
      this.releaseEvents();
    }
  }

  /** Makes the next `catchUp` replace the known messages with the newest page. */
  restart(): void {
    this.#loaded = false;
  }

  /** Records that other pages are loaded too: the newest page must not replace them. */
  grow(): void {
    this.#isEarly = false;
  }

  /** Replaces the known messages with the newest page. @param skipped whether messages between the two are left out. */
  async replace({ rest, prepare }: HistorySource, signal: AbortSignal, skipped: boolean): Promise<void> {
    const { roomId, seen: knownUpTo } = this;
    const { messages, hasMore, seq, leftOut } = await rest.history(roomId, { limit: FIRST_PAGE }, signal);
    throwIfAborted(signal);
    this.know(messages.at(-1), seq);
    this.#report({
      type: 'history',
      roomId,
      side: 'newest',
      messages: prepare(messages),
      hasMore,
      skipped: skipped && hasMore,
      knownUpTo,
      leftOut,
    });
  }

  /** Records the point up to which the room is complete. */
  know(cursor: Message | undefined, seq: number | undefined): void {
    this.#loaded = true;
    this.#cursor = cursor;
    // The page contains everything that was shown before it was requested. Later events are applied after it.
    this.#seen = cursor;
    this.#seq = seq;
  }
}
