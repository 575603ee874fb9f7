/**
 * What is known of one open room, and up to where nothing is missing.
 *
 * While it is being read, what comes in live is held back and let in after it, in its order: so a message never stands
 * there while one before it is still to come. The first page is loaded here; what changed after it: see catch-up.ts.
 */
import type { ChangeFrame, Id, Message } from '../../protocol/index.js';
import { isNoAccess, sleep, throwIfAborted, toChatError, type Clock } from '../../transport/index.js';
import type { Report } from '../events.js';
import { loadDeferred } from '../load-deferred.js';
import { FIRST_PAGE, type RoomCursor, type HistorySource } from './history-source.js';

/** So often a room that was denied is read again, with one socket, because it is listed or something was said of it. */
const MAX_RECHECKS = 5;
/** After so many holes in which nothing was missing, a room's count of changes is not believed any more with this socket. */
const MAX_FALSE_HOLES = 3;
/** So long what was asked before the socket was there may keep waiting what is asked now, in milliseconds: often it is here a moment later. */
const LATE_MS = 800;

export class RoomHistory implements RoomCursor {
  /** The newest message up to which everything is known; undefined before the first page. */
  #cursor: Message | undefined;
  /** The last change up to which everything is known, where the backend counts. */
  #seq: number | undefined;
  #loaded = false;
  /** All that is known is a newest page that was read before any socket was there. */
  #isEarly = false;
  /** The server does not let us read the room (403, 404): so often it is still read again with this socket, where something is said of it. */
  rechecks: number | undefined;
  /** Holes in the count of changes, seen with this socket, in which nothing was missing: the backend may count for all rooms together. */
  falseHoles = 0;
  failures = 0;
  /** The newest message that is shown, whatever may be missing before it. */
  #seen: Message | undefined;
  #running: Promise<void> = Promise.resolve();
  /** Ends what was asked before the present socket was there. */
  #abort = new AbortController();
  #holding = 0;
  #held: ChangeFrame[] = [];
  readonly records = new Set<ChangeFrame[]>();
  readonly #report: Report;
  readonly #apply: (frame: ChangeFrame, wasHeld: boolean) => void;

  /**
   * @param letIn takes what came in live, as soon as its turn has come.
   * @param seen the newest message that is shown already.
   */
  constructor(
    readonly roomId: Id,
    report: Report,
    letIn: (frame: ChangeFrame, wasHeld: boolean) => void,
    seen?: Message,
  ) {
    this.#report = report;
    this.#apply = letIn;
    this.#seen = seen;
  }

  get cursor(): Message | undefined {
    return this.#cursor;
  }

  /** The newest message that is shown: in what is read from now on it is there, or it was deleted. */
  get seen(): Message | undefined {
    return this.#seen;
  }

  /** Whether its newest page was read. */
  get isLoaded(): boolean {
    return this.#loaded;
  }

  get seq(): number | undefined {
    return this.#seq;
  }

  /** A message that came in live, where the socket tells of every message: nothing before it is missing. */
  advance(message: Message): void {
    if (this.#loaded) this.#cursor = message;
  }

  /** From now on what comes in waits, until as many `release` have followed. */
  holdFrames(): void {
    this.#holding++;
  }

  releaseFrames(): void {
    if (--this.#holding > 0) return;
    const held = this.#held.splice(0).sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
    for (const frame of held) {
      if (this.#isKnown(frame)) continue;
      // What still has a hole before it is shown all the same: the session knows of the hole and says so.
      this.#count(frame);
      this.#show(frame, true);
    }
  }

  /** Whether a change has come in live and waits for its turn. */
  isHeld({ seq }: ChangeFrame): boolean {
    return this.#held.some((frame) => frame.seq === seq);
  }

  /** What is held back is not let in: its reader has left. */
  drop(): void {
    this.#held = [];
  }

  /**
   * Something came in live.
   * @returns false when there is a hole before it: it is held back, and the room has to be read.
   */
  accept(frame: ChangeFrame): boolean {
    if (this.#isKnown(frame)) return true;
    if (this.#holding === 0 && this.#count(frame)) {
      this.#show(frame, false);
      return true;
    }
    this.#held.push(frame);
    return this.#holding > 0;
  }

  /** The room's unread count was read: what was said of it before, and is held back, is in it. */
  onUnreadCount(): void {
    this.#held = this.#held.map((frame) => (frame.type === 'messages_marked_read' ? { ...frame, count: 0 } : frame));
  }

  #show(frame: ChangeFrame, wasHeld: boolean): void {
    if (frame.type === 'new_message') this.#seen = frame.message;
    for (const record of this.records) record.push(frame);
    this.#apply(frame, wasHeld);
  }

  #isKnown({ seq }: ChangeFrame): boolean {
    return seq !== undefined && this.#seq !== undefined && seq <= this.#seq;
  }

  /** @returns whether nothing is missing before it, as far as that can be known. */
  #count({ seq }: ChangeFrame): boolean {
    if (seq === undefined || this.#seq === undefined) return true;
    if (seq !== this.#seq + 1 && this.falseHoles < MAX_FALSE_HOLES) return false;
    this.#seq = seq;
    return true;
  }

  /**
   * Loads the newest page, or whatever changed since. One after the other, never together: a read that began before the
   * socket was up says nothing of what came after it.
   * @throws {ChatError} and reports it, when REST fails.
   */
  catchUp(source: HistorySource, signal: AbortSignal, isEarly = false): Promise<void> {
    const either = AbortSignal.any([signal, this.#abort.signal]);
    return (this.#running = this.#running.catch(() => {}).then(() => this.#catchUp(source, either, isEarly)));
  }

  /** There is a new socket, and everything is requested again. Earlier requests are waited for only briefly: they may never be answered. */
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
    this.holdFrames();
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
      this.releaseFrames();
    }
  }

  /** The next `catchUp` loads the newest page, in place of what is known. */
  restart(): void {
    this.#loaded = false;
  }

  /** Other pages are loaded too: the newest one can not take the place of all. */
  grow(): void {
    this.#isEarly = false;
  }

  /** Loads the newest page, in place of what is known. @param skipped whether something between the two is left out. */
  async replace({ rest, prepare }: HistorySource, signal: AbortSignal, skipped: boolean): Promise<void> {
    const { roomId, seen: knownUpTo } = this;
    const { messages, hasMore, seq, leftOut } = await rest.history(roomId, { limit: FIRST_PAGE }, signal);
    throwIfAborted(signal);
    this.know(messages.at(-1), seq);
    this.#report({ type: 'history', roomId, side: 'newest', messages: prepare(messages), hasMore, skipped: skipped && hasMore, knownUpTo, leftOut });
  }

  /** From here on nothing is missing. */
  know(cursor: Message | undefined, seq: number | undefined): void {
    this.#loaded = true;
    this.#cursor = cursor;
    // What is read holds all that was shown before it was asked for; what came in since is let in after it.
    this.#seen = cursor;
    this.#seq = seq;
  }
}
