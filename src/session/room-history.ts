/**
 * What is known of one open room, and up to where nothing is missing.
 *
 * While it is being read, what comes in live is held back and let in after it, in its order: so a message never stands
 * there while one before it is still to come. How it is read depends on what the backend can say:
 * - `sync`: by counting. Each change has the room's next `seq`; a hole is seen at once, and filled from there.
 * - otherwise: by reading the newest page again, over what is known. What it does not hold any more was deleted.
 */
import { compareIds, isOrdered, sameId, type ChangeFrame, type Id, type Message, type RoomChanges } from '../protocol/index.js';
import { ChatError, stillWanted, toChatError, type RestClient } from '../transport/index.js';
import type { Report } from './events.js';

const FIRST_PAGE = 50;
const CATCH_UP_PAGE = 100;
/** So many pages are read to close a hole; one that is larger is left, and said to be there. */
const MAX_PAGES = 10;

/** What a room is read from. */
export interface Source {
  rest: RestClient;
  /** Capability `sync`; undefined without it. */
  sync: ((roomId: Id, seq: number) => Promise<RoomChanges | undefined>) | undefined;
  /** Finds our own among messages from the history. */
  prepare(messages: Message[]): Message[];
  /** Lets in a change that was asked for. */
  apply(frame: ChangeFrame): void;
}

export class RoomHistory {
  /** The newest message up to which everything is known; undefined before the first page. */
  #cursor: Id | undefined;
  /** The last change up to which everything is known, where the backend counts. */
  #seq: number | undefined;
  #loaded = false;
  #running: Promise<void> = Promise.resolve();
  #holding = 0;
  #held: ChangeFrame[] = [];
  readonly #report: Report;
  readonly #letIn: (frame: ChangeFrame) => void;

  /** @param letIn takes what came in live, as soon as its turn has come. */
  constructor(
    readonly roomId: Id,
    report: Report,
    letIn: (frame: ChangeFrame) => void,
  ) {
    this.#report = report;
    this.#letIn = letIn;
  }

  get cursor(): Id | undefined {
    return this.#cursor;
  }

  /** A message that came in live, where the line tells of every message: nothing before it is missing. */
  advance(message: Message): void {
    if (this.#loaded && (this.#cursor === undefined || compareIds(message.id, this.#cursor) > 0)) this.#cursor = message.id;
  }

  /** From now on what comes in waits, until as many `release` have followed. */
  hold(): void {
    this.#holding++;
  }

  release(): void {
    if (--this.#holding > 0) return;
    const held = this.#held.splice(0).sort((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
    for (const frame of held) {
      if (this.#isKnown(frame)) continue;
      // What still has a hole before it is shown all the same: the session knows of the hole and says so.
      this.#count(frame);
      this.#letIn(frame);
    }
  }

  /**
   * Something came in live.
   * @returns false when there is a hole before it: it is held back, and the room has to be read.
   */
  admit(frame: ChangeFrame): boolean {
    if (this.#isKnown(frame)) return true;
    if (this.#holding === 0 && this.#count(frame)) {
      this.#letIn(frame);
      return true;
    }
    this.#held.push(frame);
    return this.#holding > 0;
  }

  #isKnown({ seq }: ChangeFrame): boolean {
    return seq !== undefined && this.#seq !== undefined && seq <= this.#seq;
  }

  /** @returns whether nothing is missing before it, as far as that can be known. */
  #count({ seq }: ChangeFrame): boolean {
    if (seq === undefined || this.#seq === undefined) return true;
    if (seq !== this.#seq + 1) return false;
    this.#seq = seq;
    return true;
  }

  /**
   * Loads the newest page, or whatever changed since. One after the other, never together: a read that began before the
   * socket was up says nothing of what came after it.
   * @throws {ChatError} and reports it, when REST fails.
   */
  catchUp(source: Source, signal: AbortSignal): Promise<void> {
    return (this.#running = this.#running.catch(() => {}).then(() => this.#catchUp(source, signal)));
  }

  async #catchUp(source: Source, signal: AbortSignal): Promise<void> {
    const { roomId } = this;
    stillWanted(signal);
    this.hold();
    try {
      if (!this.#loaded) {
        this.#report({ type: 'history-loading', roomId, side: 'newest' });
        await this.#replace(source, signal, false);
      } else if (source.sync && this.#seq !== undefined) {
        await this.#sync(source.sync, source, signal);
      } else {
        await this.#overlap(source, signal);
      }
    } catch (thrown) {
      const error = toChatError(thrown);
      if (error.code !== 'aborted') this.#report({ type: 'history-failed', roomId, error });
      throw error;
    } finally {
      this.release();
    }
  }

  /** The newest page, in place of what is known. @param skipped whether something between the two is left out. */
  async #replace({ rest, prepare }: Source, signal: AbortSignal, skipped: boolean): Promise<void> {
    const { roomId } = this;
    const { messages, hasMore, seq } = await rest.history(roomId, { limit: FIRST_PAGE }, signal);
    stillWanted(signal);
    this.#know(messages, seq);
    this.#report({ type: 'history', roomId, side: 'newest', messages: prepare(messages), hasMore, skipped: skipped && hasMore });
  }

  #know(messages: readonly Message[], seq: number | undefined): void {
    this.#loaded = true;
    this.#cursor = messages.at(-1)?.id;
    this.#seq = seq;
  }

  async #sync(ask: NonNullable<Source['sync']>, source: Source, signal: AbortSignal): Promise<void> {
    const { roomId } = this;
    for (;;) {
      const from = this.#seq!;
      const changes = await ask(roomId, from);
      stillWanted(signal);
      if (!changes) throw new ChatError('not_found', 'The server does not know this room (any more).');
      // Behind us: the server has lost something, and what it now counts is another story.
      if (changes.expired || changes.seq < from) return this.#replace(source, signal, true);
      this.#report({ type: 'history', roomId, side: 'newer', messages: source.prepare(changes.changes.flatMap((change) => (change.type === 'new_message' ? [change.message] : []))), hasMore: false });
      for (const change of changes.changes) {
        if (change.type === 'new_message') this.advance(change.message);
        else source.apply(change);
      }
      this.#seq = changes.seq;
      if (!changes.has_more || changes.seq === from) return;
    }
  }

  /** Without counting: the newest page again, laid over what is known. */
  async #overlap(source: Source, signal: AbortSignal): Promise<void> {
    const { roomId } = this;
    const known = this.#cursor;
    const { messages, hasMore, seq } = await source.rest.history(roomId, { limit: FIRST_PAGE }, signal);
    stillWanted(signal);
    if (!known || !hasMore || joins(messages, known)) {
      this.#know(messages, seq);
      return this.#report({ type: 'history', roomId, side: 'overlap', messages: source.prepare(messages), hasMore, knownUpTo: known });
    }
    for (let page = 0; page < MAX_PAGES; page++) {
      const after = this.#cursor;
      const next = await source.rest.history(roomId, { after, limit: CATCH_UP_PAGE }, signal);
      stillWanted(signal);
      const last = next.messages.at(-1);
      if (last) this.#cursor = last.id;
      this.#report({ type: 'history', roomId, side: 'newer', messages: source.prepare(next.messages), hasMore: false });
      // A backend that answers `after` with the same page again would keep us here for ever.
      if (!next.hasMore || !last || sameId(last.id, after)) return;
    }
    await this.#replace(source, signal, true);
  }
}

/** Whether a page reaches back to what is known. */
function joins(page: readonly Message[], known: Id): boolean {
  const [first] = page;
  if (first && isOrdered(first.id) && isOrdered(known)) return compareIds(first.id, known) <= 0;
  return page.some(({ id }) => sameId(id, known));
}
